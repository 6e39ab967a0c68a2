// The usual shapes of a kernel: a thread an element, a warp a row, and sums whose order nothing but the shape decides.
#pragma once

#include <cstdint>

#include <launch.hpp>
#include "elementary.hpp"
#include "kernels/cuda/queue.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int block_threads = 256;
constexpr std::int64_t most_blocks = 1 << 16;

// --- f(i) for all i below count
template <class F>
__global__ void each_element(std::int64_t count, F f) {
  const std::int64_t step = std::int64_t(gridDim.x) * blockDim.x;
  for (std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) f(i);
}
template <class F>
void for_each(const Team& team, std::int64_t count, F f) {
  if (count <= 0) return;
  const auto blocks = unsigned(least(ceil_div<std::int64_t>(count, block_threads), most_blocks));
  launch({blocks, block_threads, 0, stream_of(team)}, each_element<F>, count, f);
}

// --- sums of a warp, of a block: every thread gets them
template <class T>
__device__ inline T warp_sum(T x) {
  for (int far = 16; far; far /= 2) x += __shfl_xor_sync(~0u, x, far);
  return x;
}
template <class T>
__device__ inline T warp_max(T x) {
  for (int far = 16; far; far /= 2) {
    const T other = __shfl_xor_sync(~0u, x, far);
    x = vmax(x, other);
  }
  return x;
}
// room: shared, 32 of T. The block is whole warps; all its threads call this.
template <class T>
__device__ inline T block_sum(T x, T* room) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  x = warp_sum(x);
  __syncthreads();  // others may still read the room of a sum before
  if (lane == 0) room[warp] = x;
  __syncthreads();
  T sum = room[0];
  for (int w = 1; w < warps; w++) sum += room[w];
  return sum;
}

// --- f(row, lane) for all rows, by the 32 threads of a warp
constexpr int rows_of_block = block_threads / 32;
template <class F>
__global__ void each_row(std::int64_t rows, F f) {
  const std::int64_t step = std::int64_t(gridDim.x) * rows_of_block;
  for (std::int64_t row = std::int64_t(blockIdx.x) * rows_of_block + threadIdx.x / 32; row < rows; row += step)
    f(row, int(threadIdx.x % 32));
}
template <class F>
void for_each_row(const Team& team, std::int64_t rows, F f) {
  if (rows <= 0) return;
  const auto blocks = unsigned(least(ceil_div<std::int64_t>(rows, rows_of_block), most_blocks));
  launch({blocks, block_threads, 0, stream_of(team)}, each_row<F>, rows, f);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
