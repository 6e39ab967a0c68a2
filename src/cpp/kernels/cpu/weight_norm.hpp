// weight_norm: w = g v / ||v||, for each output (Salimans and Kingma 2016, equations 2 and 3)
#pragma once

#include "kernels/cpu/views.hpp"
#include "kernels/norm.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// The weights of one output among (outer, units, groups, inner).
template <class T>
struct OutputWeights {
  const WeightNormShape& s;
  std::int64_t unit, group;
  FASTDL_INLINE Vec<T> get(const T* p) const { return splat(p[group * s.units + unit]); }
  FASTDL_INLINE void put(T* p, Vec<T> x) const { p[group * s.units + unit] = x[0]; }
  template <class F>
  FASTDL_INLINE void each(F f) const {
    for (std::int64_t o = 0; o < s.outer; o++) {
      const std::int64_t first = ((o * s.units + unit) * s.groups + group) * s.inner;
      for_slices<T>(first, first + s.inner, f);
    }
  }
  template <class F>
  FASTDL_INLINE Vec<T> sum(F f) const {
    PairwiseSum<Vec<T>> sum;
    each([&](const Slice<T>& at) { sum.add(f(at)); });  // lanes past the end read zero
    return spread_sum(sum.total());
  }
};

// f(weights) for each output, or for some side by side where they are the last axis.
template <class T, class F>
FASTDL_INLINE void each_output(const Team& team, const WeightNormShape& s, F f) {
  if (s.groups * s.inner == 1) return each_channel<T>(team, {s.outer, s.units, 1, false}, f);
  const Range part = team.share(std::int64_t(s.units) * s.groups);
  for (std::int64_t i = part.begin; i < part.end; i++) f(OutputWeights<T>{s, i % s.units, i / s.units});
  team.sync();
}

// Weights that are all 0 stay 0, and have no gradient.
template <class T>
FASTDL_INLINE Vec<T> over_norm(Vec<T> x, Vec<T> norm) {
  return norm == 0 ? Vec<T>{} : x / norm;
}

template <class T>
void weight_norm_forward(const Team& team, const WeightNormShape& s, const T* v, const T* g, T* norm, T* w) {
  each_output<T>(team, s, [&](const auto& output) {
    const Vec<T> squares = output.sum([&](const auto& at) {
      const Vec<T> x = at.read(v);
      return x * x;
    });
    const Vec<T> length = vsqrt(squares), scale = over_norm<T>(output.get(g), length);
    output.put(norm, length);
    output.each([&](const auto& at) { at.write(w, at.read(v) * scale); });
  });
}

// dg = dw v / norm, dv = g / norm (dw - v dg / norm)
template <class T>
void weight_norm_backward(const Team& team, const WeightNormShape& s, const T* v, const T* g, const T* norm,
                          const T* dw, T* dv, T* dg) {
  each_output<T>(team, s, [&](const auto& output) {
    const Vec<T> length = output.get(norm), scale = over_norm<T>(output.get(g), length);
    const Vec<T> along = over_norm<T>(output.sum([&](const auto& at) { return at.read(dw) * at.read(v); }), length);
    const Vec<T> part = over_norm<T>(along, length);
    output.put(dg, along);
    output.each([&](const auto& at) { at.write(dv, scale * (at.read(dw) - at.read(v) * part)); });
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
