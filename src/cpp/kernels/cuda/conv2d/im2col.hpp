// im2col: the patches of x (n, h, w, c) as rows (n*oh*ow, kh*kw*c); col2im adds them back, each x from those that hold
// it
#pragma once

#include "kernels/cuda/conv2d/window.hpp"
#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

inline Shape2D ungrouped(const Conv2DShape& shape) {
  Shape2D s = shape_of(shape);
  return s.groups = 1, s;
}

template <class T>
void im2col(const Team& team, const Conv2DShape& shape, const T* x, T* cols) {
  const Shape2D s = ungrouped(shape);
  const std::int64_t rows = std::int64_t(s.n) * s.oh * s.ow;
  for_each(team, rows * s.kh * s.kw * s.c, [=] __device__(std::int64_t number) {
    const Images<T> images = images_of(s, x, 0);
    const int depth = images.depth();
    const Tap tap = tap_of(int(number % depth), s.kw, s.c);
    const T* from = images.seen(images.row(output_of(number / depth, s.oh, s.ow)), tap.a, tap.b);
    cols[number] = from ? from[tap.c] : T(0);
  });
}

template <class T>
void col2im(const Team& team, const Conv2DShape& shape, const T* cols, T* x) {
  const Shape2D s = ungrouped(shape);
  for_each(team, std::int64_t(s.n) * s.h * s.w * s.c, [=] __device__(std::int64_t number) {
    const Output at = output_of(number / s.c, s.h, s.w);
    const std::int64_t depth = std::int64_t(s.kh) * s.kw * s.c;
    T sum = 0;
    // Taps from the last to the first: their outputs follow each other.
    for (int i = s.kh - 1; i >= 0; i--) {
      const int down = at.i + s.top - i * s.dh, row = down / s.sh;
      if (down < 0 || row * s.sh != down || row >= s.oh) continue;
      for (int j = s.kw - 1; j >= 0; j--) {
        const int across = at.j + s.left - j * s.dw, column = across / s.sw;
        if (across < 0 || column * s.sw != across || column >= s.ow) continue;
        const std::int64_t patch = (std::int64_t(at.n) * s.oh + row) * s.ow + column;
        sum += cols[patch * depth + (std::int64_t(i) * s.kw + j) * s.c + number % s.c];
      }
    }
    x[number] = sum;
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
