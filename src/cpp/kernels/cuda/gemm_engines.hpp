// How a block multiplies two slices that lie in shared memory, M x DEPTH and N x DEPTH, onto its sums. Its threads are
// SLICES teams of as many, each of which takes its part of the depth.
//   add(team's thread, a, b, begin)    the depths from `begin` on, DEPTH / SLICES of them
//   each(team's thread, f)             f(row, column, sum)
//   side                               sums side by side, of which each_side gives so many at once
#pragma once

#include <mma.hpp>
#include "kernels/cuda/gemm_operand.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Each thread for itself: THREAD_M x THREAD_N sums.
template <class T_, int M, int N, int DEPTH, int THREAD_M, int THREAD_N, int SLICES, int STAGES>
struct Simt {
  using T = T_;
  static constexpr int m = M, n = N, depth = DEPTH, slices = SLICES, stages = STAGES, pad = 4, side = 1, blocks = 1;
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

// What tensor cores multiply: four neighbours in depth as registers, two to an instruction.
struct Tf32 {
  static constexpr int values = 1, registers = 4 / values;  // values of a register
  // The instruction drops the low 13 bits, on average 3.5e-4 of a value. This leaves values of 10 bits as they are, and
  // costs one instruction, which brings the value to its register too; cvt.rna is three.
  static constexpr float unbiased = 1.00035f;
  static __device__ void pack(const float (&v)[4], unsigned (&to)[4]) {
    for (int i = 0; i < 4; i++) to[i] = __float_as_uint(v[i] * unbiased);
  }
  static __device__ void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) { mma_tf32(d, a, b); }
};
struct Bf16 {
  static constexpr int values = 2, registers = 4 / values;
  static __device__ void pack(const float (&v)[4], unsigned (&to)[2]) {
    for (int i = 0; i < 2; i++) to[i] = to_bf16x2(v[2 * i], v[2 * i + 1]);
  }
  static __device__ void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) { mma_bf16(d, a, b); }
};

// Warps of tensor cores: each WARP_M x WARP_N sums. BLOCKS: that a multiprocessor has room for, at least.
template <class Format, int M, int N, int DEPTH, int WARP_M, int WARP_N, int SLICES, int STAGES, int BLOCKS = 1>
struct Mma {
  using T = float;
  static constexpr int m = M, n = N, depth = DEPTH, slices = SLICES, stages = STAGES, pad = 0, blocks = BLOCKS;
  static constexpr int right = N / WARP_N, team = M / WARP_M * right * 32, threads = team * slices;
  static constexpr int at_once = 16, registers = Format::registers;
  static constexpr int side = WARP_N % 32 ? 2 : 4;  // columns of a lane's sums that lie side by side
  static_assert(DEPTH / SLICES % at_once == 0 && WARP_M % 32 == 0 && WARP_N % 16 == 0);
  float sum[WARP_M / 16][WARP_N / 8][4] = {};

  // Depths k to k+3 of SIDE rows (or columns) from row + further on, four values at a time. k is a multiple of 4, and
  // `further` (of 32, or 16) and what is added here leave a slice's order as it is.
  template <class Slice, int SIDE>
  static __device__ void read(const float* from, int row, int further, int k, unsigned (&to)[SIDE][registers]) {
    float v[SIDE][4];
    if constexpr (Slice::by_depth) {
      constexpr int alike = Slice::pitch % 32 ? 1 : 2;  // rows
      for (int j = 0; j < SIDE; j++)
        read4(from + Slice::index(row + j / alike * alike, k) + (further + j % alike) * Slice::pitch, v[j]);
    } else {
      for (int i = 0; i < 4; i++) {
        float u[SIDE];
        read_side(from + Slice::index(row, k) + further + i * Slice::pitch, u);
        for (int j = 0; j < SIDE; j++) v[j][i] = u[j];
      }
    }
    for (int j = 0; j < SIDE; j++) Format::pack(v[j], to[j]);
  }

  // Rows, columns and depths may come to the instructions in any order, if results and both factors agree on it. So a
  // lane takes neighbours: depths 4t to 4t+3, of rows and columns 4g to 4g+3 of 32 (2g and 2g+1 of 16).
  template <class SliceA, class SliceB>
  __device__ void add(int thread, const float* a, const float* b, int begin) {
    const int warp = thread / 32, g = thread % 32 / 4, t = thread % 4;
    const int row = warp / right * WARP_M + 4 * g, column = warp % right * WARP_N + side * g;
    UNROLL_NONE
    for (int step = 0; step < depth / slices; step += at_once) {
      const int k = begin + step + 4 * t;
      unsigned y[WARP_N / 8 / side][side][registers];
      UNROLL
      for (int c = 0; c < WARP_N / 8 / side; c++) read<SliceB, side>(b, column, c * 8 * side, k, y[c]);
      UNROLL
      for (int r = 0; r < WARP_M / 16; r += 2) {
        unsigned x[4][registers];
        read<SliceA, 4>(a, row, r * 16, k, x);
        UNROLL
        for (int at = 0; at < registers; at++) {  // two tiles of rows, times the instructions of these depths
          const int i = at / 2 * 2, upper = at % 2 * 2, lower = upper + 1;
          multiply_row(sum[r + upper / 2], {x[upper][i], x[lower][i], x[upper][i + 1], x[lower][i + 1]}, y, i);
        }
      }
    }
  }
  static __device__ void multiply_row(float (&sums)[WARP_N / 8][4], const unsigned (&x)[4],
                                      const unsigned (&y)[WARP_N / 8 / side][side][registers], int i) {
    UNROLL
    for (int c = 0; c < WARP_N / 8; c++) {
      const auto& of = y[c / side][c % side];
      Format::multiply(sums[c], x, {of[i], of[i + 1]});
    }
  }

  // f(row, column, the sums of `side` columns from this one on)
  template <class F>
  __device__ void each_side(int thread, F f) const {
    const int warp = thread / 32, g = thread % 32 / 4, t = thread % 4;
    const int row = warp / right * WARP_M + 4 * g, column = warp % right * WARP_N + 2 * t * side;
    UNROLL
    for (int r = 0; r < WARP_M / 16; r++) {
      UNROLL
      for (int at = 0; at < WARP_N / 2 / side; at++) {
        const int c = at / 4 * side, i = at % 4;
        float v[side];
        for (int j = 0; j < side; j++) v[j] = sum[r][c + j][i];
        f(row + r / 2 * 32 + r % 2 * 2 + i / 2, column + c * 8 + i % 2 * side, v);
      }
    }
  }
  template <class SliceA, class SliceB, class F>
  __device__ void each(int thread, F f) const {
    each_side(thread, [&](int row, int column, const float (&v)[side]) {
      for (int j = 0; j < side; j++) f(row, column + j, v[j]);
    });
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
