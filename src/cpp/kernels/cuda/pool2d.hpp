// pool2d: windows over images (n, h, w, c), a thread some channels of a pixel. Gradients are gathered: each dx from the
// windows that saw it, in their order.
#pragma once

#include "kernels/cuda/places.hpp"
#include "kernels/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// The part of a window that lies in the map.
FASTDL_INLINE Cut window_at(const Pool2DShape& s, int i, int j) {
  const int h = i * s.sh - s.top, w = j * s.sw - s.left;
  return {most(h, 0), least(h + s.kh, s.h), most(w, 0), least(w + s.kw, s.w)};
}
// The windows that see a pixel.
FASTDL_INLINE int first_over(int at, int size, int stride) { return at < size ? 0 : (at - size) / stride + 1; }
FASTDL_INLINE Cut windows_over(const Pool2DShape& s, int h, int w) {
  const int i = h + s.top, j = w + s.left;
  return {first_over(i, s.kh, s.sh), least(i / s.sh + 1, s.oh), first_over(j, s.kw, s.sw), least(j / s.sw + 1, s.ow)};
}

// body(pixel of the map) for each in a cut, row after row; w: of the map
template <class Body>
FASTDL_INLINE void each_pixel(const Cut& cut, int w, Body body) {
  for (int i = cut.h0; i < cut.h1; i++)
    for (int j = cut.w0; j < cut.w1; j++) body(i * w + j);
}

FASTDL_INLINE std::int64_t in_values(const Pool2DShape& s) { return std::int64_t(s.n) * s.h * s.w * s.c; }
FASTDL_INLINE std::int64_t out_values(const Pool2DShape& s) { return std::int64_t(s.n) * s.oh * s.ow * s.c; }
// Where the channels of a site begin in its sample, which has maps of so many pixels.
FASTDL_INLINE std::int64_t start_of(const Site& at, int c, int pixels) { return at.sample * pixels * c + at.c; }

// --- max_pool2d
template <class T, int N>
struct MaxPool2DForward {
  Pool2DShape s;
  const T* x;
  T* y;
  Place<T>* where;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, s.oh, s.ow, s.c);
    const T* from = x + start_of(at, s.c, s.h * s.w);
    const Cut cut = window_at(s, at.h, at.w);
    Top<T, N> top;
    const int first = cut.h0 * s.w + cut.w0;
    top.begin(load<N>(from + std::int64_t(first) * s.c), first);
    each_pixel(cut, s.w, [&](int pixel) { top.take(load<N>(from + std::int64_t(pixel) * s.c), pixel); });
    store(y + i * N, top.value), store(where + i * N, top.place);
  }
};
template <class T>
void max_pool2d_forward(const Team& team, const Pool2DShape& s, const T* x, T* y, T* where) {
  for_each_pack<MaxPool2DForward, T>(team, out_values(s), s.c, s, x, y, places(where));
}

template <class T, int N>
struct MaxPool2DBackward {
  Pool2DShape s;
  const T* dy;
  const Place<T>* where;
  T* dx;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, s.h, s.w, s.c);
    const std::int64_t start = start_of(at, s.c, s.oh * s.ow);
    const Place<T> here = at.h * s.w + at.w;
    Pack<T, N> sum{};
    each_pixel(windows_over(s, at.h, at.w), s.ow, [&](int window) {
      const std::int64_t k = start + std::int64_t(window) * s.c;
      const Pack<Place<T>, N> taken = load<N>(where + k);
      const Pack<T, N> d = load<N>(dy + k);
      sum = packed<T, N>([&](int l) { return sum[l] + (taken[l] == here ? d[l] : T(0)); });
    });
    store(dx + i * N, sum);
  }
};
template <class T>
void max_pool2d_backward(const Team& team, const Pool2DShape& s, const T* dy, const T* where, T* dx) {
  for_each_pack<MaxPool2DBackward, T>(team, in_values(s), s.c, s, dy, places(where), dx);
}

// --- avg_pool2d
template <class T>
FASTDL_INLINE T window_share(const Pool2DShape& s, const Cut& cut) {
  return T(1) / T(s.count_include_pad ? s.kh * s.kw : (cut.h1 - cut.h0) * (cut.w1 - cut.w0));
}

template <class T, int N>
struct AvgPool2DForward {
  Pool2DShape s;
  const T* x;
  T* y;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, s.oh, s.ow, s.c);
    const T* from = x + start_of(at, s.c, s.h * s.w);
    const Cut cut = window_at(s, at.h, at.w);
    Pack<T, N> sum{};
    each_pixel(cut, s.w, [&](int pixel) { sum = sum + load<N>(from + std::int64_t(pixel) * s.c); });
    store(y + i * N, sum * window_share<T>(s, cut));
  }
};
template <class T>
void avg_pool2d_forward(const Team& team, const Pool2DShape& s, const T* x, T* y) {
  for_each_pack<AvgPool2DForward, T>(team, out_values(s), s.c, s, x, y);
}

template <class T, int N>
struct AvgPool2DBackward {
  Pool2DShape s;
  const T* dy;
  T* dx;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, s.h, s.w, s.c);
    const T* from = dy + start_of(at, s.c, s.oh * s.ow);
    const Cut over = windows_over(s, at.h, at.w);
    Pack<T, N> sum{};
    for (int k = over.h0; k < over.h1; k++)
      for (int l = over.w0; l < over.w1; l++)
        sum = sum + load<N>(from + (std::int64_t(k) * s.ow + l) * s.c) * window_share<T>(s, window_at(s, k, l));
    store(dx + i * N, sum);
  }
};
template <class T>
void avg_pool2d_backward(const Team& team, const Pool2DShape& s, const T* dy, T* dx) {
  for_each_pack<AvgPool2DBackward, T>(team, in_values(s), s.c, s, dy, dx);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
