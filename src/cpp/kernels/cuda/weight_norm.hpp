// weight_norm: w = g v / ||v||, for each output (Salimans and Kingma 2016, equations 2 and 3)
#pragma once

#include "kernels/cuda/channels.hpp"
#include "kernels/cuda/rows.hpp"
#include "kernels/norm.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Weights that are all 0 stay 0, and have no gradient.
template <class T>
__device__ inline T over_norm(T x, T norm) {
  return norm == 0 ? T(0) : x / norm;
}

// --- what one output's sum makes of each of its weights
template <class T>
struct WeightNormForward {
  static constexpr int sums = 1;
  static constexpr bool applies = true;
  using In = T;
  using Before = None;
  using After = T;
  const T *v, *g;
  T *norm, *w;
  __device__ In load(std::int64_t i, std::int64_t) const { return v[i]; }
  __device__ Before begin(std::int64_t, int) const { return {}; }
  __device__ void add(double* sum, Before, In in, std::int64_t, std::int64_t) const { sum[0] += double(in) * in; }
  __device__ After finish(std::int64_t, int output, Before, const double* sum, bool writes) const {
    const T length = T(vsqrt(sum[0]));
    if (writes) norm[output] = length;
    return over_norm(g[output], length);
  }
  __device__ void apply(After scale, In in, std::int64_t i, std::int64_t) const { w[i] = in * scale; }
};

// dg = dw v / norm, dv = g / norm (dw - v dg / norm)
template <class T>
struct WeightNormBackward {
  static constexpr int sums = 1;
  static constexpr bool applies = true;
  struct In {
    T v, dw;
  };
  using Before = None;
  struct After {
    T scale, part;
  };
  const T *v, *g, *norm, *dw;
  T *dv, *dg;
  __device__ In load(std::int64_t i, std::int64_t) const { return {v[i], dw[i]}; }
  __device__ Before begin(std::int64_t, int) const { return {}; }
  __device__ void add(double* sum, Before, In in, std::int64_t, std::int64_t) const { sum[0] += double(in.dw) * in.v; }
  __device__ After finish(std::int64_t, int output, Before, const double* sum, bool writes) const {
    const T length = norm[output], along = over_norm(T(sum[0]), length);
    if (writes) dg[output] = along;
    return {over_norm(g[output], length), over_norm(along, length)};
  }
  __device__ void apply(const After& a, In in, std::int64_t i, std::int64_t) const {
    dv[i] = a.scale * (in.dw - in.v * a.part);
  }
};

// Outputs that are the last axis are channels; of others each is a row, in pieces of `inner`.
template <class Op>
void for_each_output(const Team& team, const WeightNormShape& s, const Op& op) {
  if (s.groups * s.inner == 1) return for_channels(team, 1, s.outer, s.units, op);
  const std::int64_t count = std::int64_t(s.outer) * s.inner;
  for_each_row_of(
      team, std::int64_t(s.groups) * s.units, count, [=] __device__(std::int64_t output, const RowThreads& threads) {
        const std::int64_t unit = output % s.units, group = output / s.units;
        auto each = [&](auto f) {
          for (std::int64_t k = threads.lane; k < count; k += threads.size) {
            const std::int64_t i = ((k / s.inner * s.units + unit) * s.groups + group) * s.inner + k % s.inner;
            f(op.load(i, 0), i);
          }
        };
        double sum = 0;
        each([&](const auto& in, std::int64_t i) { op.add(&sum, None{}, in, i, 0); });
        sum = threads.sum(sum);
        const auto after = op.finish(0, int(output), None{}, &sum, threads.lane == 0);
        each([&](const auto& in, std::int64_t i) { op.apply(after, in, i, 0); });
      });
}

template <class T>
void weight_norm_forward(const Team& team, const WeightNormShape& s, const T* v, const T* g, T* norm, T* w) {
  for_each_output(team, s, WeightNormForward<T>{v, g, norm, w});
}
template <class T>
void weight_norm_backward(const Team& team, const WeightNormShape& s, const T* v, const T* g, const T* norm,
                          const T* dw, T* dv, T* dg) {
  for_each_output(team, s, WeightNormBackward<T>{v, g, norm, dw, dv, dg});
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
