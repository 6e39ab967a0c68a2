// gate: products of two tensors, of which the second may be the same for all pixels, or all channels, of an image.
#pragma once

#include "kernels/cuda/channels.hpp"
#include "kernels/cuda/map.hpp"
#include "kernels/cuda/rows.hpp"
#include "kernels/pointwise.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void gate_same(const Team& team, std::int64_t count, bool adds, const T* x, const T* g, T* y) {
  if (adds)
    map(team, count, [=] __device__(T x, T g, T y) { return y + x * g; }, y, x, g, static_cast<const T*>(y));
  else
    map(team, count, [=] __device__(T x, T g) { return x * g; }, y, x, g);
}

template <class T>
void gate(const Team& team, const GateShape& s, bool adds, const T* x, const T* g, T* y) {
  if (s.same) return gate_same(team, s.count, adds, x, g, y);
  for_each(team, std::int64_t(s.n) * s.h * s.w * s.c, [=] __device__(std::int64_t i) {
    const std::int64_t c = i % s.c, site = i / s.c, column = site % s.w, line = site / s.w % s.h, n = site / s.w / s.h;
    const std::int64_t at = (n * s.gh + (s.gh == 1 ? 0 : line)) * s.gw + (s.gw == 1 ? 0 : column);
    const T product = x[i] * g[at * s.gc + (s.gc == 1 ? 0 : c)];
    y[i] = adds ? y[i] + product : product;
  });
}

// Over the pixels of each sample: dg (n, channels).
template <class T>
struct GateSum {
  static constexpr int sums = 1;
  static constexpr bool applies = false;
  struct In {
    T dy, x;
  };
  using Before = None;
  bool adds;
  int channels;
  const T *dy, *x;
  T* dg;
  __device__ In load(std::int64_t i, std::int64_t) const { return {dy[i], x[i]}; }
  __device__ Before begin(std::int64_t, int) const { return {}; }
  __device__ void add(double* sum, Before, In in, std::int64_t, std::int64_t) const { sum[0] += in.dy * in.x; }
  __device__ None finish(std::int64_t sample, int c, Before, const double* sum, bool writes) const {
    T* const to = dg + sample * channels + c;
    if (writes) *to = T(adds ? *to + sum[0] : sum[0]);
    return {};
  }
};

template <class T>
void gate_sum(const Team& team, const GateShape& s, bool adds, const T* dy, const T* x, T* dg) {
  if (s.same) return gate_same(team, s.count, adds, dy, x, dg);
  if (s.gh == 1 && s.gw == 1 && s.gc == s.c)
    return for_channels(team, s.n, std::int64_t(s.h) * s.w, s.c, GateSum<T>{adds, s.c, dy, x, dg});
  const int channels = s.gc == 1 ? s.c : 1, high = s.gh == 1 ? s.h : 1, wide = s.gw == 1 ? s.w : 1;
  auto row = [=] __device__(std::int64_t u, const RowThreads& threads) {  // one value of g for each sample
    const std::int64_t site = u / s.gc, column = site % s.gw, line = site / s.gw % s.gh, n = site / s.gw / s.gh;
    const std::int64_t first = ((n * s.h + line) * s.w + column) * s.c + (s.gc == 1 ? 0 : u % s.gc);
    double sum = 0;
    for (int k = threads.lane; k < channels * high * wide; k += threads.size) {
      const int pixel = k / channels;
      const std::int64_t i = first + (std::int64_t(pixel / wide) * s.w + pixel % wide) * s.c + k % channels;
      sum += dy[i] * x[i];
    }
    sum = threads.sum(sum);
    if (threads.lane == 0) dg[u] = T(adds ? dg[u] + sum : sum);
  };
  for_each_row_of(team, std::int64_t(s.n) * s.gh * s.gw * s.gc, std::int64_t(channels) * high * wide, row);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
