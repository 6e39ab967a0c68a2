// stochastic_pool2d: a value of each window, drawn in proportion to itself; in use the mean weighted so (Zeiler and
// Fergus 2013). Negative values count as 0.
#pragma once

#include "kernels/cuda/pool2d.hpp"
#include "math/philox.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T, int N>
FASTDL_INLINE Pack<T, N> weights_of(const Pack<T, N>& x) {  // a NaN stays one
  return packed<T, N>([&](int k) { return x[k] <= 0 ? T(0) : x[k]; });
}

// The sum of the weights under a window.
template <int N, class T>
FASTDL_INLINE Pack<T, N> sum_of_weights_under(const Pool2DShape& s, const T* from, const Cut& cut) {
  Pack<T, N> sum{};
  each_pixel(cut, s.w, [&](int pixel) { sum = sum + weights_of(load<N>(from + std::int64_t(pixel) * s.c)); });
  return sum;
}

template <class T, int N>
struct StochasticPool2DForward {
  Pool2DShape s;
  RandomKey key;
  const T* x;
  T* y;
  Place<T>* where;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, s.oh, s.ow, s.c);
    const T* from = x + start_of(at, s.c, s.h * s.w);
    const Cut cut = window_at(s, at.h, at.w);
    const Pack<T, N> sum = sum_of_weights_under<N>(s, from, cut);
    const auto share = packed<T, N>([&](int k) {  // of the sum, to be reached
      return T(u01(philox_word(key, key.sample[at.sample], (at.c + k) * s.oh * s.ow + at.h * s.ow + at.w))) * sum[k];
    });
    Top<T, N> taken;
    taken.begin(packed<T, N>([&](int k) { return sum[k] != sum[k] ? sum[k] : T(0); }), -1);
    Pack<T, N> reached{};
    each_pixel(cut, s.w, [&](int pixel) {
      const Pack<T, N> v = weights_of(load<N>(from + std::int64_t(pixel) * s.c));
      reached = reached + v;
      for (int k = 0; k < N; k++)
        if (taken.place[k] < 0 && reached[k] > share[k]) taken.value[k] = v[k], taken.place[k] = pixel;
    });
    store(y + i * N, taken.value), store(where + i * N, taken.place);
  }
};
template <class T>
void stochastic_pool2d_forward(const Team& team, const Pool2DShape& s, const RandomKey& key, const T* x, T* y,
                               T* where) {
  for_each_pack<StochasticPool2DForward, T>(team, out_values(s), s.c, s, key, x, y, places(where));
}

template <class T, int N>
struct WeightedPool2DForward {
  Pool2DShape s;
  const T* x;
  T* y;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, s.oh, s.ow, s.c);
    const T* from = x + start_of(at, s.c, s.h * s.w);
    const Cut cut = window_at(s, at.h, at.w);
    const Pack<T, N> sum = sum_of_weights_under<N>(s, from, cut);
    Pack<T, N> mean{};
    each_pixel(cut, s.w, [&](int pixel) {
      const Pack<T, N> v = weights_of(load<N>(from + std::int64_t(pixel) * s.c));
      mean = packed<T, N>([&](int k) { return mean[k] + v[k] * (v[k] / (sum[k] == 0 ? T(1) : sum[k])); });
    });
    store(y + i * N, mean);
  }
};
template <class T>
void weighted_pool2d_forward(const Team& team, const Pool2DShape& s, const T* x, T* y) {
  for_each_pack<WeightedPool2DForward, T>(team, out_values(s), s.c, s, x, y);
}

// dx = dy (2 x - y) / sum, where x is positive
template <class T, int N>
struct WeightedPool2DBackward {
  Pool2DShape s;
  const T *x, *y, *dy;
  T* dx;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, s.h, s.w, s.c);
    const T* from = x + start_of(at, s.c, s.h * s.w);
    const std::int64_t start = start_of(at, s.c, s.oh * s.ow);
    const Cut over = windows_over(s, at.h, at.w);
    const Pack<T, N> v = load<N>(x + i * N);
    Pack<T, N> all{};
    for (int k = over.h0; k < over.h1; k++)
      for (int l = over.w0; l < over.w1; l++) {
        const std::int64_t o = start + (std::int64_t(k) * s.ow + l) * s.c;
        const Pack<T, N> sum = sum_of_weights_under<N>(s, from, window_at(s, k, l)), mean = load<N>(y + o);
        const Pack<T, N> d = load<N>(dy + o);
        all = packed<T, N>([&](int m) {
          return all[m] + (v[m] > 0 ? d[m] / (sum[m] == 0 ? T(1) : sum[m]) * (2 * v[m] - mean[m]) : T(0));
        });
      }
    store(dx + i * N, all);
  }
};
template <class T>
void weighted_pool2d_backward(const Team& team, const Pool2DShape& s, const T* x, const T* y, const T* dy, T* dx) {
  for_each_pack<WeightedPool2DBackward, T>(team, in_values(s), s.c, s, x, y, dy, dx);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
