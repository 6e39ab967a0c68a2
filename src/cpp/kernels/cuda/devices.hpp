// What a machine has for CUDA kernels to run on.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fastdl::FASTDL_ISA {

struct Gpu {
  std::string name;  // "NVIDIA H100"
  int major, minor;  // compute capability
  std::size_t total_bytes, free_bytes;
  std::string problem;  // why this build cannot use it; "" where it can
};

std::vector<Gpu> devices();
// The device whose memory it points to, -1: none's.
int device_of(const void* p);
std::string reason();          // why there are none; "" where there are
std::string driver_version();  // of CUDA that the driver knows, "13.0"; "" without one
std::string runtime_version();

}  // namespace fastdl::FASTDL_ISA
