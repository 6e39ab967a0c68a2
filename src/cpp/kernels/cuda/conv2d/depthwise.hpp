// Convolutions of one channel a group: an output a thread, which reads its window where it lies.
#pragma once

#include "kernels/cuda/conv2d/operands.hpp"
#include "kernels/cuda/pack.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// V: filters side by side that a thread computes; more than one where each channel has one filter.
template <class T, int V>
struct DepthwiseForward {
  Shape2D s;
  const T *x, *w, *b;
  T* y;
  __device__ void operator()(std::int64_t number) const {
    const int fours = s.f / V, f = int(number % fours) * V, c = f / (s.f / s.c);
    const Output at = output_of(number / fours, s.oh, s.ow);
    const Images<T> images = images_of(s, x, 0);
    const auto row = images.row(at);
    Pack<T, V> sum{};
    for (int i = 0; i < s.kh; i++)
      for (int j = 0; j < s.kw; j++) {
        const T* from = images.seen(row, i, j);
        if (!from) continue;
        const auto value = load<V>(from + c), weight = load<V>(w + std::int64_t(i * s.kw + j) * s.f + f);
        for (int v = 0; v < V; v++) sum.v[v] += value.v[v] * weight.v[v];
      }
    if (b)
      for (int v = 0; v < V; v++) sum.v[v] += b[f + v];
    store(y + number / fours * s.f + f, sum);
  }
};

template <class T>
void depthwise_forward(const Team& team, const Conv2DShape& s, const T* x, const T* w, const T* b, T* y) {
  const std::int64_t count = std::int64_t(s.n) * s.oh * s.ow * s.f;
  if (s.f == s.c && in_packs<T>(s.f, s.f, x, w) && takes_packs(y))
    for_each(team, count / pack<T>, DepthwiseForward<T, pack<T>>{shape_of(s), x, w, b, y});
  else
    for_each(team, count, DepthwiseForward<T, 1>{shape_of(s), x, w, b, y});
}

// dx of V channels of a pixel, from the outputs that saw it.
template <class T, int V>
struct DepthwiseData {
  Shape2D s;
  const T *dy, *w, *b;
  T* dx;
  __device__ void operator()(std::int64_t number) const {
    const int fours = s.c / V, c = int(number % fours) * V, filters = s.f / s.c;
    const Output at = output_of(number / fours, s.h, s.w);
    Pack<T, V> sum{};
    for (int i = 0; i < s.kh; i++) {
      const int down = at.i + s.top - i * s.dh, row = down / s.sh;
      if (down < 0 || row * s.sh != down || row >= s.oh) continue;
      for (int j = 0; j < s.kw; j++) {
        const int across = at.j + s.left - j * s.dw, column = across / s.sw;
        if (across < 0 || column * s.sw != across || column >= s.ow) continue;
        const T *from = dy + ((std::int64_t(at.n) * s.oh + row) * s.ow + column) * s.f + c * filters,
                *weights = w + std::int64_t(i * s.kw + j) * s.f + c * filters;
        for (int k = 0; k < filters; k++) {
          const auto slope = load<V>(from + k), weight = load<V>(weights + k);
          for (int v = 0; v < V; v++) sum.v[v] += slope.v[v] * weight.v[v];
        }
      }
    }
    if (b)
      for (int v = 0; v < V; v++) sum.v[v] += b[c + v];
    store(dx + number / fours * s.c + c, sum);
  }
};

template <class T>
void depthwise_backward_data(const Team& team, const Conv2DShape& s, const T* dy, const T* w, const T* b, T* dx) {
  const std::int64_t count = std::int64_t(s.n) * s.h * s.w * s.c;
  if (s.f == s.c && in_packs<T>(s.c, s.c, dy, w) && takes_packs(dx))
    for_each(team, count / pack<T>, DepthwiseData<T, pack<T>>{shape_of(s), dy, w, b, dx});
  else
    for_each(team, count, DepthwiseData<T, 1>{shape_of(s), dy, w, b, dx});
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
