// A row for some threads: f(row, threads) is called by all of them, a part of a warp for short rows, a block for rows
// that are long and few. Its sums are made in an order that nothing but the length of the rows and their number
// decides.
#pragma once

#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

struct RowThreads {
  int lane, size;  // this thread among them
  unsigned mask;   // those of its warp
  double* room;    // of a block: shared, 32

  // Over all of them, given to each.
  template <class V, class F>
  __device__ V fold(V x, F f) const {
    for (int far = least(size, 32) / 2; far; far /= 2) x = f(x, __shfl_xor_sync(mask, x, far));
    if (size <= 32) return x;
    V* of_warp = reinterpret_cast<V*>(room);
    __syncthreads();  // others may still read the room of a fold before
    if (lane % 32 == 0) of_warp[lane / 32] = x;
    __syncthreads();
    x = of_warp[0];
    for (int w = 1; w < size / 32; w++) x = f(x, of_warp[w]);
    return x;
  }
  template <class V>
  __device__ V sum(V x) const {
    return fold(x, [](V a, V b) { return a + b; });
  }
  template <class V>
  __device__ V max(V x) const {
    return fold(x, [](V a, V b) { return vmax(a, b); });
  }
};

template <class F>
__global__ void rows_of_threads(std::int64_t rows, int size, F f) {
  SHARED(double, room, [32]);
  const int at_once = blockDim.x / size, lane = threadIdx.x % size, first = threadIdx.x % 32 / size * size;
  const unsigned mask = size < 32 ? ((1u << size) - 1) << first : ~0u;
  const std::int64_t step = std::int64_t(gridDim.x) * at_once;
  for (std::int64_t row = std::int64_t(blockIdx.x) * at_once + threadIdx.x / size; row < rows; row += step)
    f(row, RowThreads{lane, size, mask, room});
}

// Rows of so many elements each.
template <class F>
void for_each_row_of(const Team& team, std::int64_t rows, std::int64_t length, F f) {
  if (rows <= 0) return;
  const bool few = rows < 4096 && length > 256;
  const int size = length <= 8 ? 8 : length <= 16 ? 16 : few ? block_threads : 32;
  const auto blocks = unsigned(least(ceil_div<std::int64_t>(rows, block_threads / size), most_blocks));
  launch({blocks, block_threads, 0, stream_of(team)}, rows_of_threads<F>, rows, size, f);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
