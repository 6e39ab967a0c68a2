#include "kernels/cuda/devices.hpp"

#include <launch.hpp>

namespace fastdl::FASTDL_ISA {
namespace {

__global__ void nothing() {}

std::string version(int number) {  // 13020: 13.2
  return number ? std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10) : "";
}

std::string reason_of(cudaError_t error) {
  if (error == cudaSuccess) return "";
  cudaGetLastError();  // forgotten
  switch (error) {
    case cudaErrorInsufficientDriver:
      if (driver_version().empty()) return "no NVIDIA driver is installed";
      return "the NVIDIA driver knows CUDA " + driver_version() + ", and this build needs " + runtime_version() +
             ": update the driver, or build with an older toolkit";
    case cudaErrorNoDevice: return "the NVIDIA driver finds no GPU (CUDA_VISIBLE_DEVICES may hide it)";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
      return "this build has no kernels for its architecture: build with `make cuda ARCHS=native`";
    default: return cudaGetErrorString(error);
  }
}

Gpu describe(int number) {
  Gpu gpu{};
  cudaDeviceProp properties;
  cudaError_t error = cudaGetDeviceProperties(&properties, number);
  if (error == cudaSuccess) {
    gpu.name = properties.name, gpu.major = properties.major, gpu.minor = properties.minor;
    gpu.total_bytes = properties.totalGlobalMem;
    error = cudaSetDevice(number);
  }
  if (error == cudaSuccess) error = cudaMemGetInfo(&gpu.free_bytes, &gpu.total_bytes);
  cudaFuncAttributes attributes;
  if (error == cudaSuccess) error = cudaFuncGetAttributes(&attributes, nothing);
  gpu.problem = reason_of(error);
  return gpu;
}

}  // namespace

std::vector<Gpu> devices() {
  int count = 0, current = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) count = 0, cudaGetLastError();
  if (count) cudaGetDevice(&current);
  std::vector<Gpu> gpus;
  for (int number = 0; number < count; number++) gpus.push_back(describe(number));
  if (count) cudaSetDevice(current);
  return gpus;
}

int device_of(const void* p) {
  cudaPointerAttributes found;
  if (cudaPointerGetAttributes(&found, p) != cudaSuccess) return cudaGetLastError(), -1;
  return found.type == cudaMemoryTypeDevice || found.type == cudaMemoryTypeManaged ? found.device : -1;
}

std::string reason() {
  int count = 0;
  return reason_of(cudaGetDeviceCount(&count));
}

std::string driver_version() {
  int number = 0;
  cudaDriverGetVersion(&number);
  return version(number);
}
std::string runtime_version() {
  int number = 0;
  cudaRuntimeGetVersion(&number);
  return version(number);
}

}  // namespace fastdl::FASTDL_ISA
