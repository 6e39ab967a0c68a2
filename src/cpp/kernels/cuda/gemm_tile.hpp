// A product by tiles: a block computes TILE::m x TILE::n of c, a thread fours of its rows and columns. The next slice
// of both factors is on its way to registers while this one is multiplied out of shared memory.
#pragma once

#include "kernels/cuda/gemm_operand.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <int M, int N, int DEPTH, int THREAD_M, int THREAD_N>
struct Tile {
  static constexpr int m = M, n = N, depth = DEPTH;
  static constexpr int thread_m = THREAD_M, thread_n = THREAD_N;
  static constexpr int threads = m / thread_m * (n / thread_n);
};

// A slice of one factor: ROWS x DEPTH values, by THREADS threads.
template <class T, int ROWS, int DEPTH, int THREADS, class Operand>
struct Slice {
  static constexpr int pitch = ROWS + 4;
  static constexpr int count = ROWS * DEPTH / 4 / THREADS;  // fours of a thread
  static_assert(count * THREADS * 4 == ROWS * DEPTH);
  T v[count][4];

  static __device__ int row(int four) { return Operand::by_depth ? four / (DEPTH / 4) : four % (ROWS / 4) * 4; }
  static __device__ int depth(int four) { return Operand::by_depth ? four % (DEPTH / 4) * 4 : four / (ROWS / 4); }

  __device__ void read(const Operand& from, int first_row, int first_depth) {
    for (int i = 0; i < count; i++) {
      const int four = i * THREADS + int(threadIdx.x);
      from.read(first_row + row(four), first_depth + depth(four), v[i]);
    }
  }
  __device__ void write(T (&to)[DEPTH][pitch]) const {
    for (int i = 0; i < count; i++) {
      const int four = i * THREADS + int(threadIdx.x);
      const int r = row(four), k = depth(four);
      if constexpr (Operand::by_depth) {
        for (int j = 0; j < 4; j++) to[k + j][r] = v[i][j];
      } else {
        write4(&to[k][r], v[i]);
      }
    }
  }
};

// out(split, row, column, sum) takes the results. Split z sums over depths z*split_depth and following, as many.
template <class T, class TILE, class A, class B, class Out>
__global__ void __launch_bounds__(TILE::threads)
    tile_product(int m, int n, int depth, int split_depth, A a, B b, Out out) {
  using SliceA = Slice<T, TILE::m, TILE::depth, TILE::threads, A>;
  using SliceB = Slice<T, TILE::n, TILE::depth, TILE::threads, B>;
  SHARED(T, shared_a, [2][TILE::depth][SliceA::pitch]);
  SHARED(T, shared_b, [2][TILE::depth][SliceB::pitch]);
  const int tiles_n = ceil_div(n, TILE::n);
  const int row = int(blockIdx.x / tiles_n) * TILE::m, column = int(blockIdx.x % tiles_n) * TILE::n;
  const int begin = int(blockIdx.z) * split_depth, end = least(depth, begin + split_depth);
  constexpr int across = TILE::n / TILE::thread_n;
  const int down = threadIdx.x / across * 4, right = threadIdx.x % across * 4;
  constexpr int step_m = TILE::m / (TILE::thread_m / 4), step_n = TILE::n / (TILE::thread_n / 4);

  T sum[TILE::thread_m][TILE::thread_n] = {};
  SliceA next_a;
  SliceB next_b;
  next_a.read(a, row, begin), next_b.read(b, column, begin);
  next_a.write(shared_a[0]), next_b.write(shared_b[0]);
  __syncthreads();
  for (int k = begin, now = 0; k < end; k += TILE::depth, now ^= 1) {
    const bool more = k + TILE::depth < end;
    if (more) next_a.read(a, row, k + TILE::depth), next_b.read(b, column, k + TILE::depth);
    for (int i = 0; i < TILE::depth; i++) {
      T x[TILE::thread_m / 4][4], y[TILE::thread_n / 4][4];
      for (int r = 0; r < TILE::thread_m / 4; r++) read4(&shared_a[now][i][r * step_m + down], x[r]);
      for (int c = 0; c < TILE::thread_n / 4; c++) read4(&shared_b[now][i][c * step_n + right], y[c]);
      for (int r = 0; r < TILE::thread_m; r++)
        for (int c = 0; c < TILE::thread_n; c++) sum[r][c] += x[r / 4][r % 4] * y[c / 4][c % 4];
    }
    if (more) next_a.write(shared_a[now ^ 1]), next_b.write(shared_b[now ^ 1]);
    __syncthreads();
  }
  for (int r = 0; r < TILE::thread_m; r++)
    for (int c = 0; c < TILE::thread_n; c++) {
      const int i = row + r / 4 * step_m + down + r % 4, j = column + c / 4 * step_n + right + c % 4;
      if (i < m && j < n) out(int(blockIdx.z), i, j, sum[r][c]);
    }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
