// upsample2d: images (blocks, c, h, w, lanes) to (blocks, c, h*fh, w*fw, lanes); a thread takes whole planes
#pragma once

#include "kernels/cpu/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// One axis: an output lies `part` of the way from input `first` to input `second`.
template <class T>
struct Between {
  int first, second;
  T part;
};
template <class T>
FASTDL_INLINE Between<T> between(Interpolation kind, int i, int factor, int size) {
  if (kind == Interpolation::nearest) return {i / factor, i / factor, T(0)};
  const int halves = most(2 * i + 1 - factor, 0), step = 2 * factor;  // centre to centre, in halves of an output
  const int first = halves / step;
  if (first == size - 1) return {first, first, T(0)};
  return {first, first + 1, T(halves % step) / T(step)};
}

template <class T>
FASTDL_INLINE Vec<T> blend_row(const T* row, const Between<T>& across) {
  const Vec<T> x = load(row + across.first * lanes<T>);
  if (across.part == 0) return x;  // nothing times infinity would be NaN
  return x * (1 - across.part) + load(row + across.second * lanes<T>) * across.part;
}

template <class T>
void upsample2d_forward(const Team& team, const Upsample2DShape& s, const T* x, T* y) {
  constexpr int L = lanes<T>;
  const int oh = s.h * s.fh, ow = s.w * s.fw;
  const Range part = plane_share<T>(team, s.n, s.c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    const T* xp = x + p * s.h * s.w * L;
    T* yp = y + p * oh * ow * L;
    for (int i = 0; i < oh; i++) {
      const Between<T> down = between<T>(s.kind, i, s.fh, s.h);
      const T *above = xp + down.first * s.w * L, *below = xp + down.second * s.w * L;
      for (int j = 0; j < ow; j++, yp += L) {
        const Between<T> across = between<T>(s.kind, j, s.fw, s.w);
        const Vec<T> v = blend_row(above, across);
        store(yp, down.part == 0 ? v : v * (1 - down.part) + blend_row(below, across) * down.part);
      }
    }
  }
  team.sync();
}

template <class T>
FASTDL_INLINE void spread_row(T* drow, const Between<T>& across, Vec<T> d) {
  T *left = drow + across.first * lanes<T>, *right = drow + across.second * lanes<T>;
  store(left, load(left) + d * (1 - across.part));
  if (across.part != 0) store(right, load(right) + d * across.part);
}

template <class T>
void upsample2d_backward(const Team& team, const Upsample2DShape& s, const T* dy, T* dx) {
  constexpr int L = lanes<T>;
  const int oh = s.h * s.fh, ow = s.w * s.fw;
  const Range part = plane_share<T>(team, s.n, s.c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    T* dxp = dx + p * s.h * s.w * L;
    const T* dyp = dy + p * oh * ow * L;
    for (int i = 0; i < s.h * s.w; i++) store(dxp + i * L, Vec<T>{});
    for (int i = 0; i < oh; i++) {
      const Between<T> down = between<T>(s.kind, i, s.fh, s.h);
      T *above = dxp + down.first * s.w * L, *below = dxp + down.second * s.w * L;
      for (int j = 0; j < ow; j++, dyp += L) {
        const Between<T> across = between<T>(s.kind, j, s.fw, s.w);
        const Vec<T> d = load(dyp);
        spread_row(above, across, d * (1 - down.part));
        if (down.part != 0) spread_row(below, across, d * down.part);
      }
    }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
