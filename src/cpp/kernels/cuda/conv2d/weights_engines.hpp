// How a warp multiplies what outputs see by their gradients, by WeightsPlan.
#pragma once

#include <mma.hpp>
#include "kernels/cuda/elementary.hpp"
#include "kernels/cuda/gemm_engines.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// A warp adds `depth` outputs to its sums. Where x[place + row] is what the output there sees; lane 4 g + t has rows g
// and g + 8 of each tile of sums, columns 2 t and 2 t + 1. Outputs may come in any order that both factors share.
struct WeightsFloat32 {
  static constexpr int depth = 1;
  template <int TALL, int WIDE>
  static __device__ void add(float (&sum)[TALL][WIDE][4], const float* x, const int (&row)[2 * TALL], const float* dy,
                             int dy_pitch, const int* place, int lane) {
    (void)dy_pitch;
    const float *const from = x + place[0], *const by = dy + 2 * (lane % 4);
    float y[WIDE][2];
    for (int c = 0; c < WIDE; c++)
      for (int j = 0; j < 2; j++) y[c][j] = by[c * 8 + j];
    for (int r = 0; r < TALL; r++)
      for (int i = 0; i < 2; i++) {
        const float seen = from[row[2 * r + i]];
        for (int c = 0; c < WIDE; c++)
          for (int j = 0; j < 2; j++) sum[r][c][2 * i + j] += seen * y[c][j];
      }
  }
};

struct WeightsTf32 {
  static constexpr int depth = 8;
  using Values = float[2];
  static __device__ unsigned first(const Values& v) { return __float_as_uint(v[0] * Tf32::unbiased); }
  static __device__ unsigned second(const Values& v) { return __float_as_uint(v[1] * Tf32::unbiased); }
  static __device__ void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) { mma_tf32(d, a, b); }
};
struct WeightsBf16 {
  static constexpr int depth = 16;
  using Values = float[4];
  static __device__ unsigned first(const Values& v) { return to_bf16x2(v[0], v[1]); }
  static __device__ unsigned second(const Values& v) { return to_bf16x2(v[2], v[3]); }
  static __device__ void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) { mma_bf16(d, a, b); }
};
template <class Format>
struct WeightsMma {
  static constexpr int depth = Format::depth;
  template <int TALL, int WIDE>
  static __device__ void add(float (&sum)[TALL][WIDE][4], const float* x, const int (&row)[2 * TALL], const float* dy,
                             int dy_pitch, const int* place, int lane) {
    constexpr int mine = depth / 4;  // outputs of a lane: every fourth
    const int g = lane / 4, t = lane % 4;
    const float* from[mine];
    for (int k = 0; k < mine; k++) from[k] = x + place[4 * k + t];
    const float* const by = dy + t * dy_pitch + g;
    unsigned b[WIDE][2];
    for (int c = 0; c < WIDE; c++) {
      typename Format::Values v;
      for (int k = 0; k < mine; k++) v[k] = by[4 * k * dy_pitch + c * 8];
      b[c][0] = Format::first(v), b[c][1] = Format::second(v);
    }
    for (int r = 0; r < TALL; r++) {
      typename Format::Values upper, lower;
      for (int k = 0; k < mine; k++) upper[k] = from[k][row[2 * r]], lower[k] = from[k][row[2 * r + 1]];
      const unsigned a[4] = {Format::first(upper), Format::first(lower), Format::second(upper), Format::second(lower)};
      for (int c = 0; c < WIDE; c++) Format::multiply(sum[r][c], a, b[c]);
    }
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
