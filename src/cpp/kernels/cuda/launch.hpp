// How kernels are launched, and the words of CUDA that need a form which a plain C++ compiler can take too: tests/cuda
// has a file of the same name that runs these sources on the host. Sources include it by its name alone.
//   SHARED(float, tile, [16][17]);          static shared memory
//   DYNAMIC_SHARED(float, rows);            float* rows, of the launch's bytes
//   launch({grid, block, bytes, stream}, kernel<T>, a, b, c);     .cooperative = true: grid_sync() may be called
#pragma once

#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include <cstddef>

#define SHARED(T, name, dims) __shared__ T name dims
#define DYNAMIC_SHARED(T, name)                                 \
  extern __shared__ __align__(16) unsigned char name##_bytes[]; \
  T* const name = reinterpret_cast<T*>(name##_bytes)

struct Launch {
  dim3 grid, block;
  std::size_t shared = 0;
  cudaStream_t stream = nullptr;
  bool cooperative = false;
};

template <class... P, class... A>
void launch(const Launch& l, void (*kernel)(P...), A... args) {
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeCooperative, attribute.val.cooperative = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = l.grid, config.blockDim = l.block, config.dynamicSmemBytes = l.shared, config.stream = l.stream;
  config.attrs = &attribute, config.numAttrs = l.cooperative ? 1u : 0u;
  cudaLaunchKernelEx(&config, kernel, static_cast<P>(args)...);
}

inline __device__ void grid_sync() { cooperative_groups::this_grid().sync(); }
