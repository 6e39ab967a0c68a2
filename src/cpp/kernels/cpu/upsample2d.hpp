// upsample2d: images (blocks, c, h, w, lanes) to (blocks, c, h*fh, w*fw, lanes); a thread takes whole planes
#pragma once

#include "kernels/cpu/pool2d.hpp"
#include "kernels/cpu/views.hpp"

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

// read(i): a vector of the i-th input
template <class T, class Read>
FASTDL_INLINE Vec<T> blend(const Between<T>& at, Read read) {
  const Vec<T> x = read(at.first);
  if (at.part == 0) return x;  // nothing times infinity would be NaN
  Vec<T> beside = read(at.second) * at.part;
  FASTDL_IN_REGISTER(beside);  // the same bits of a sample alone
  return x * (1 - at.part) + beside;
}

// A sample alone: a pixel's channels side by side. A thread takes some rows of outputs.
template <class T>
void upsample2d_lone(const Team& team, const Upsample2DShape& s, const T* x, T* y) {
  const int oh = s.h * s.fh, ow = s.w * s.fw;
  const Range part = team.share(oh);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    const Between<T> down = between<T>(s.kind, int(i), s.fh, s.h);
    for (int j = 0; j < ow; j++) {
      const Between<T> across = between<T>(s.kind, j, s.fw, s.w);
      T* to = y + (i * ow + j) * s.c;
      for_slices<T>(0, s.c, [&](Slice<T> channels) {
        channels.write(to, blend<T>(down, [&](int row) {
                         const T* from = x + std::int64_t(row) * s.w * s.c;
                         return blend<T>(across,
                                         [&](int column) { return channels.read(from + std::int64_t(column) * s.c); });
                       }));
      });
    }
  }
  team.sync();
}

template <class T>
void upsample2d_forward(const Team& team, const Upsample2DShape& s, const T* x, T* y) {
  if (s.lone) return upsample2d_lone(team, s, x, y);
  constexpr int L = lanes<T>;
  const int oh = s.h * s.fh, ow = s.w * s.fw;
  const Range part = plane_share<T>(team, s.n, s.c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    const T* xp = x + p * s.h * s.w * L;
    T* yp = y + p * oh * ow * L;
    for (int i = 0; i < oh; i++) {
      const Between<T> down = between<T>(s.kind, i, s.fh, s.h);
      for (int j = 0; j < ow; j++, yp += L) {
        const Between<T> across = between<T>(s.kind, j, s.fw, s.w);
        store(yp, blend<T>(down, [&](int row) {
                return blend<T>(across, [&](int column) { return load(xp + (row * s.w + column) * L); });
              }));
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
