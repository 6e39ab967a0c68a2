// taps: values as sums of others along one axis: pads, crops, resizes and turns images, forward and backward.
#pragma once

#include "kernels/cuda/pack.hpp"
#include "kernels/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T, int N>
struct TapsOp {
  TapsShape s;
  Taps<T> t;
  const T* x;
  T* y;
  __device__ void operator()(std::int64_t i) const {
    const std::int64_t packs = s.inner / N, u = i / packs;
    const int j = int(u % s.to), begin = t.start[j], end = t.start[j + 1];
    const T* from = x + u / s.to * s.from * s.inner + (i - u * packs) * N;
    if (end - begin == 1 && t.weight[begin] == 1) return store(y + i * N, load<N>(from + t.index[begin] * s.inner));
    const T value = t.value ? t.value[j] : T(0);
    Pack<T, N> sum = packed<T, N>([&](int) { return value; });
    for (int k = begin; k < end; k++) sum = sum + load<N>(from + t.index[k] * s.inner) * t.weight[k];
    store(y + i * N, sum);
  }
};
template <class T>
void taps(const Team& team, const TapsShape& s, const Taps<T>& t, const T* x, T* y) {
  for_each_pack<TapsOp, T>(team, s.outer * s.to * s.inner, s.inner, s, t, x, y);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
