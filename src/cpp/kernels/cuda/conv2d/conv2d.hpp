// conv2d: x (n, h, w, c), w (kh, kw, c/groups, f), b (f,), y (n, oh, ow, f), by products whose rows are pixels.
#pragma once

#include "kernels/cuda/conv2d/depthwise.hpp"
#include "kernels/cuda/conv2d/direct.hpp"
#include "kernels/cuda/conv2d/product.hpp"
#include "kernels/cuda/conv2d/rows.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T, int V>
struct Conv2DForward {
  using Value = T;
  static constexpr bool packs = V > 1;
  Shape2D s;
  const T *x, *w, *b;
  T* y;

  __device__ Part<Seen<T, Images<T>, V>, Columns<T, V, false>, Rows<T>> part(int group) const {
    const int f = s.f / s.groups, first = group * f;
    const Images<T> images = images_of(s, x, group);
    return {.a = {images},
            .b = {w + first, 0, images.depth(), s.f, f},
            .out = {y + first, b ? b + first : nullptr, images.rows(), f, s.f},
            .depth = images.depth()};
  }
};

template <class T>
void conv2d_forward(const Team& team, const Conv2DShape& s, const T* x, const T* w, const T* b, T* y, T*) {
  const std::int64_t rows = std::int64_t(s.n) * s.oh * s.ow;
  const int c = s.c / s.groups, f = s.f / s.groups;
  if (c == 1 && s.groups > 1) return depthwise_forward(team, s, x, w, b, y);
  if (direct_forward(team, s, x, w, b, y)) return;
  if (in_packs<T>(c, f, x, w))
    multiply(team, Conv2DForward<T, pack<T>>{shape_of(s), x, w, b, y}, rows, f, s.groups);
  else
    multiply(team, Conv2DForward<T, 1>{shape_of(s), x, w, b, y}, rows, f, s.groups);
}

// A part is a phase of the pixels of a group: those whose rows and columns leave the same rest by the strides.
template <class T, int V>
struct Conv2DData {
  using Value = T;
  static constexpr bool packs = V > 1;
  Shape2D s;
  const T *dy, *w, *b;
  T* dx;

  __device__ Part<Seen<T, Images<T>, V>, Turned<T, V>, Pixels<T>> part(int number) const {
    const int phase = number / s.groups, group = number % s.groups, i = phase / s.sw, j = phase % s.sw;
    const int c = s.c / s.groups, f = s.f / s.groups, pixel = c * s.f;
    const Phase down = phase_of(i, s.h, s.kh, s.sh, s.dh, s.top), across = phase_of(j, s.w, s.kw, s.sw, s.dw, s.left);
    const bool met = down.taps && across.taps;
    const int kh = met ? down.taps : 0, kw = met ? across.taps : 1;
    const Images<T> images{dy + group * f, s.oh,      s.ow, s.f, f, s.n,           down.outputs,
                           across.outputs, kh,        kw,   1,   1, down.dilation, across.dilation,
                           down.pad,       across.pad};
    const int last = (down.first + (kh - 1) * down.step) * s.kw + across.first + (kw - 1) * across.step;
    const T* to_last = met ? w + std::int64_t(last) * pixel + group * f : w;
    return {.a = {images},
            .b = {to_last, kh, kw, -down.step * s.kw * pixel, -across.step * pixel, f, c, s.f},
            .out = {dx + (std::int64_t(i) * s.w + j) * s.c + group * c, b ? b + group * c : nullptr, images.rows(), c,
                    s.c, down.outputs, across.outputs, s.h, s.w, s.sh, s.sw},
            .depth = images.depth()};
  }
};

template <class T>
void conv2d_backward_data(const Team& team, const Conv2DShape& s, const T* dy, const T* w, const T* b, T* dx, T*) {
  const std::int64_t rows = std::int64_t(s.n) * ceil_div(s.h, s.sh) * ceil_div(s.w, s.sw);
  const int c = s.c / s.groups, f = s.f / s.groups, parts = s.groups * s.sh * s.sw;
  if (c == 1 && s.groups > 1) return depthwise_backward_data(team, s, dy, w, b, dx);
  if (direct_backward_data(team, s, dy, w, b, dx)) return;
  if (in_packs<T>(c, f, dy, w))
    multiply(team, Conv2DData<T, pack<T>>{shape_of(s), dy, w, b, dx}, rows, c, parts);
  else
    multiply(team, Conv2DData<T, 1>{shape_of(s), dy, w, b, dx}, rows, c, parts);
}

inline std::size_t no_scratch(const Conv2DShape&, int) { return 0; }

}  // namespace
}  // namespace fastdl::FASTDL_ISA
