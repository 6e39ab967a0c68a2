// Faults that a sanitizer alone sees: of small kernels (planted.cpp), and planted in what `make sanitize-cuda` runs.
#pragma once

#include <launch.hpp>

namespace faults {
namespace {

__global__ void add_to_first(float* y) { y[0] += 1; }  // of one block; of several, updates are lost
__global__ void past_a_tile(float* y) {
  SHARED(float, tile, [32]);
  tile[threadIdx.x + 1] = 1;
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];
}

}  // namespace
}  // namespace faults
