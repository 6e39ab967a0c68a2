// How a block multiplies two slices that lie in shared memory, M x DEPTH and N x DEPTH, onto its sums. Its threads are
// SLICES teams of as many, each of which takes its part of the depth.
//   add(team's thread, a, b, begin)    the depths from `begin` on, DEPTH / SLICES of them
//   each(team's thread, f)             f(row, column, sum)
#pragma once

#include <mma.hpp>
#include "kernels/cuda/gemm_operand.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Each thread for itself: THREAD_M x THREAD_N sums.
template <class T_, int M, int N, int DEPTH, int THREAD_M, int THREAD_N, int SLICES, int STAGES>
struct Simt {
  using T = T_;
  static constexpr int m = M, n = N, depth = DEPTH, slices = SLICES, stages = STAGES, pad = 4;
  static constexpr int down = M / THREAD_M, right = N / THREAD_N, team = down * right;
  static constexpr int threads = team * slices;
  static_assert(right % 8 == 0 && down % 4 == 0);
  T sum[THREAD_M][THREAD_N] = {};

  // A warp is 4 x 8 threads.
  static __device__ int thread_down(int t) { return t / 32 / (right / 8) * 4 + t % 32 / 8; }
  static __device__ int thread_right(int t) { return t / 32 % (right / 8) * 8 + t % 8; }
  // Rows (or columns) of a thread: fours where fours of them are side by side, else every COUNT-th.
  template <int COUNT, bool BY_DEPTH>
  static __device__ int place(int t, int i) {
    return BY_DEPTH ? i * COUNT + t : i / 4 * COUNT * 4 + t * 4 + i % 4;
  }
  template <int COUNT, int OF_THREAD, class Slice>
  static __device__ void read(const T* from, int t, int k, T (&to)[4][OF_THREAD]) {
    if constexpr (Slice::by_depth) {
      for (int i = 0; i < OF_THREAD; i++) {
        T v[4];
        read4(from + Slice::index(place<COUNT, true>(t, i), k), v);
        for (int j = 0; j < 4; j++) to[j][i] = v[j];
      }
    } else {
      for (int j = 0; j < 4; j++)
        for (int i = 0; i < OF_THREAD; i += 4) {
          T v[4];
          read4(from + Slice::index(place<COUNT, false>(t, i), k + j), v);
          for (int r = 0; r < 4; r++) to[j][i + r] = v[r];
        }
    }
  }

  template <class SliceA, class SliceB>
  __device__ void add(int t, const T* a, const T* b, int begin) {
    for (int k = begin; k < begin + depth / slices; k += 4) {
      T x[4][THREAD_M], y[4][THREAD_N];
      read<down, THREAD_M, SliceA>(a, thread_down(t), k, x);
      read<right, THREAD_N, SliceB>(b, thread_right(t), k, y);
      for (int j = 0; j < 4; j++)
        for (int r = 0; r < THREAD_M; r++)
          for (int c = 0; c < THREAD_N; c++) sum[r][c] += x[j][r] * y[j][c];
    }
  }
  template <class SliceA, class SliceB, class F>
  __device__ void each(int t, F f) const {
    UNROLL
    for (int r = 0; r < THREAD_M; r++) {
      UNROLL
      for (int c = 0; c < THREAD_N; c++)
        f(place<down, SliceA::by_depth>(thread_down(t), r), place<right, SliceB::by_depth>(thread_right(t), c),
          sum[r][c]);
    }
  }
};

// What tensor cores multiply: registers of one or two values that follow each other in depth.
struct Tf32 {
  static constexpr int values = 1;
  template <class Slice>
  static __device__ unsigned pack(const float* from, int row, int k) {
    return to_tf32(from[Slice::index(row, k)]);
  }
  static __device__ void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) { mma_tf32(d, a, b); }
};
struct Bf16 {
  static constexpr int values = 2;
  template <class Slice>
  static __device__ unsigned pack(const float* from, int row, int k) {
    return to_bf16x2(from[Slice::index(row, k)], from[Slice::index(row, k + 1)]);
  }
  static __device__ void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) { mma_bf16(d, a, b); }
};

// Warps of tensor cores: each WARP_M x WARP_N sums.
template <class Format, int M, int N, int DEPTH, int WARP_M, int WARP_N, int SLICES, int STAGES>
struct Mma {
  using T = float;
  static constexpr int m = M, n = N, depth = DEPTH, slices = SLICES, stages = STAGES, pad = 8;
  static constexpr int right = N / WARP_N, team = M / WARP_M * right * 32, threads = team * slices;
  static constexpr int at_once = 8 * Format::values;  // depths of one instruction
  static_assert(DEPTH / SLICES % at_once == 0);
  float sum[WARP_M / 16][WARP_N / 8][4] = {};

  // The depths of an instruction may come in any order, if it is the same in both factors: a lane's two registers of a
  // row are neighbours here, (t, t+4) stand for 2t and 2t + 1.
  template <class SliceA, class SliceB>
  __device__ void add(int thread, const float* a, const float* b, int begin) {
    const int warp = thread / 32, g = thread % 32 / 4, t = thread % 4;
    const int row = warp / right * WARP_M, column = warp % right * WARP_N;
    for (int k = begin; k < begin + depth / slices; k += at_once) {
      const int first = k + 2 * t * Format::values, second = first + Format::values;
      unsigned y[WARP_N / 8][2];
      for (int c = 0; c < WARP_N / 8; c++) {
        y[c][0] = Format::template pack<SliceB>(b, column + c * 8 + g, first);
        y[c][1] = Format::template pack<SliceB>(b, column + c * 8 + g, second);
      }
      for (int r = 0; r < WARP_M / 16; r++) {
        const int upper = row + r * 16 + g, lower = upper + 8;
        const unsigned x[4] = {
            Format::template pack<SliceA>(a, upper, first), Format::template pack<SliceA>(a, lower, first),
            Format::template pack<SliceA>(a, upper, second), Format::template pack<SliceA>(a, lower, second)};
        for (int c = 0; c < WARP_N / 8; c++) Format::multiply(sum[r][c], x, y[c]);
      }
    }
  }
  template <class SliceA, class SliceB, class F>
  __device__ void each(int thread, F f) const {
    const int warp = thread / 32, g = thread % 32 / 4, t = thread % 4;
    const int row = warp / right * WARP_M + g, column = warp % right * WARP_N + 2 * t;
    UNROLL
    for (int r = 0; r < WARP_M / 16; r++) {
      UNROLL
      for (int at = 0; at < WARP_N / 2; at++) {
        const int c = at / 4, i = at % 4;
        f(row + r * 16 + i / 2 * 8, column + c * 8 + i % 2, sum[r][c][i]);
      }
    }
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
