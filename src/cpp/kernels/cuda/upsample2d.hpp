// upsample2d: images (n, h, w, c) to (n, h*fh, w*fw, c), a thread some channels of a pixel
#pragma once

#include "kernels/cuda/pack.hpp"
#include "kernels/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// One axis: an output lies `part` of the way from input `first` to input `second`.
template <class T>
struct Between {
  int first, second;
  T part;
  // of input i in the output
  FASTDL_INLINE T share(int i) const { return (i == first ? 1 - part : T(0)) + (i == second ? part : T(0)); }
};
template <class T>
FASTDL_INLINE Between<T> between(Interpolation kind, int i, int factor, int size) {
  if (kind == Interpolation::nearest) return {i / factor, i / factor, T(0)};
  const int halves = most(2 * i + 1 - factor, 0), step = 2 * factor;  // centre to centre, in halves of an output
  const int first = halves / step;
  if (first == size - 1) return {first, first, T(0)};
  return {first, first + 1, T(halves % step) / T(step)};
}
// The outputs that an input has a share of: those less than an input away from it.
struct Outputs {
  int begin, end;
};
FASTDL_INLINE Outputs outputs_of(Interpolation kind, int i, int factor, int size) {
  if (kind == Interpolation::nearest) return {i * factor, (i + 1) * factor};
  return {most((i - 1) * factor + (factor + 1) / 2, 0), least((i + 1) * factor + factor / 2, size * factor)};
}

// read(i): the i-th input
template <class T, class Read>
FASTDL_INLINE auto blend(const Between<T>& at, Read read) {
  const auto x = read(at.first);
  if (at.part == 0) return x;  // nothing times infinity would be NaN
  return x * (1 - at.part) + read(at.second) * at.part;
}

template <class T, int N>
struct Upsample2DForward {
  Upsample2DShape s;
  const T* x;
  T* y;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, s.h * s.fh, s.w * s.fw, s.c);
    const T* from = x + at.sample * s.h * s.w * s.c + at.c;
    const Between<T> down = between<T>(s.kind, at.h, s.fh, s.h), across = between<T>(s.kind, at.w, s.fw, s.w);
    store(y + i * N, blend<T>(down, [&](int row) {
            return blend<T>(across,
                            [&](int column) { return load<N>(from + (std::int64_t(row) * s.w + column) * s.c); });
          }));
  }
};
template <class T>
void upsample2d_forward(const Team& team, const Upsample2DShape& s, const T* x, T* y) {
  for_each_pack<Upsample2DForward, T>(team, std::int64_t(s.n) * s.h * s.fh * s.w * s.fw * s.c, s.c, s, x, y);
}

template <class T, int N>
struct Upsample2DBackward {
  Upsample2DShape s;
  const T* dy;
  T* dx;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, s.h, s.w, s.c);
    const int oh = s.h * s.fh, ow = s.w * s.fw;
    const T* from = dy + at.sample * oh * ow * s.c + at.c;
    const Outputs down = outputs_of(s.kind, at.h, s.fh, s.h), across = outputs_of(s.kind, at.w, s.fw, s.w);
    Pack<T, N> sum{};
    for (int k = down.begin; k < down.end; k++) {
      const T share = between<T>(s.kind, k, s.fh, s.h).share(at.h);
      for (int l = across.begin; l < across.end; l++)
        sum = sum +
              load<N>(from + (std::int64_t(k) * ow + l) * s.c) * (share * between<T>(s.kind, l, s.fw, s.w).share(at.w));
    }
    store(dx + i * N, sum);
  }
};
template <class T>
void upsample2d_backward(const Team& team, const Upsample2DShape& s, const T* dy, T* dx) {
  for_each_pack<Upsample2DBackward, T>(team, std::int64_t(s.n) * s.h * s.w * s.c, s.c, s, dy, dx);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
