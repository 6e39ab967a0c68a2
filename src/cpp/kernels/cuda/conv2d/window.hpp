// Where the taps of a kernel meet the pixels of images (n, h, w, channels), of which a group sees some.
#pragma once

#include "kernels/conv2d.hpp"
#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int nowhere = -(1 << 30);  // a row or step that lies outside whatever the tap

// Image n, row i, column j of outputs. Walks of constant stride carry, as digits do, instead of dividing.
struct Output {
  int n, i, j;
};
FASTDL_INLINE Output output_of(std::int64_t number, int rows, int columns) {
  const std::int64_t row = number / columns;
  return {int(row / rows), int(row % rows), int(number % columns)};
}
FASTDL_INLINE void go_on(Output& at, const Output& step, int rows, int columns) {
  at.j += step.j, at.i += step.i, at.n += step.n;
  if (at.j >= columns) at.j -= columns, at.i++;
  if (at.i >= rows) at.i -= rows, at.n++;
}

// A tap (a, b) and a channel c of the depth. Past the last tap a is the number of rows, or more.
struct Tap {
  int a, b, c;
};
FASTDL_INLINE Tap tap_of(int depth, int columns, int channels) {
  const int tap = depth / channels;
  return {tap / columns, tap % columns, depth % channels};
}
FASTDL_INLINE void go_on(Tap& at, const Tap& step, int columns, int channels) {
  at.c += step.c, at.b += step.b, at.a += step.a;
  if (at.c >= channels) at.c -= channels, at.b++;
  if (at.b >= columns) at.b -= columns, at.a++;
}

// Windows over images: output (i, j) sees through tap (a, b) pixel (i*sh + a*dh - top, j*sw + b*dw - left).
template <class T>
struct Images {
  const T* x;  // of the group's first channel
  int h, w, pitch, channels;
  int n, oh, ow;
  int kh, kw, sh, sw, dh, dw, top, left;

  struct Row {       // of the matrix of what is seen
    const T* first;  // what tap (0, 0) sees, inside or not
    int y, x;
  };
  FASTDL_INLINE std::int64_t rows() const { return std::int64_t(n) * oh * ow; }
  FASTDL_INLINE int depth() const { return kh * kw * channels; }
  FASTDL_INLINE Row row(const Output& at) const {
    const int i = at.i * sh - top, j = at.j * sw - left;
    return {x + ((std::int64_t(at.n) * h + i) * w + j) * pitch, i, j};
  }
  FASTDL_INLINE bool sees(const Row& row, int a, int b) const {
    return (unsigned(row.y + a * dh) < unsigned(h)) & (unsigned(row.x + b * dw) < unsigned(w));
  }
  FASTDL_INLINE const T* place(const Row& row, int a, int b) const {  // an image has less than 2^31 values
    return row.first + (a * dh * w + b * dw) * pitch;
  }
  FASTDL_INLINE const T* seen(const Row& row, int a, int b) const {  // or null
    return sees(row, a, b) ? place(row, a, b) : nullptr;
  }
};

// The part of Conv2DShape that kernels are given: numbers alone, without padding between them.
struct Shape2D {
  int n, h, w, c, oh, ow, f, kh, kw, sh, sw, dh, dw, top, left, groups;
};
inline Shape2D shape_of(const Conv2DShape& s) {
  return {s.n, s.h, s.w, s.c, s.oh, s.ow, s.f, s.kh, s.kw, s.sh, s.sw, s.dh, s.dw, s.top, s.left, s.groups};
}
template <class T>
FASTDL_INLINE Images<T> images_of(const Shape2D& s, const T* x, int group) {
  const int channels = s.c / s.groups;
  return {x + group * channels,
          s.h,
          s.w,
          s.c,
          channels,
          s.n,
          s.oh,
          s.ow,
          s.kh,
          s.kw,
          s.sh,
          s.sw,
          s.dh,
          s.dw,
          s.top,
          s.left};
}

// One axis of backward_data. dx[p] = sum over a of dy[(p + pad - a*dilation) / stride] * w[a] where the division is
// exact. All p = phase + t*stride meet the same taps a = first + u*step, and see dy by a window of stride 1.
struct Phase {
  int outputs;            // values of t
  int first, step, taps;  // which a
  int dilation, pad;      // of that window, whose taps come in the opposite order
};
FASTDL_INLINE Phase phase_of(int phase, int size, int kernel, int stride, int dilation, int pad) {
  int step = 1;  // the first multiple of dilation that is one of stride
  while (step * dilation % stride != 0) step++;
  Phase r{phase < size ? ceil_div(size - phase, stride) : 0, 0, step, 0, 1, 0};
  while (r.first < kernel && (phase + pad - r.first * dilation) % stride != 0) r.first++;
  if (r.first >= kernel) return r;  // no tap meets these: their gradient is zero
  r.taps = ceil_div(kernel - r.first, r.step);
  r.dilation = dilation * step / stride;
  r.pad = (r.taps - 1) * r.dilation - (phase + pad - r.first * dilation) / stride;
  return r;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
