// pixel_shuffle: the channels of a pixel as a square of pixels (Shi et al. 2016), and back.
#pragma once

#include "kernels/cuda/pack.hpp"
#include "kernels/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

FASTDL_INLINE std::int64_t values_of(const PixelShuffleShape& s) {
  return std::int64_t(s.n) * s.h * s.w * s.c * s.factor * s.factor;
}
// Where value i of the large image is in the small one.
FASTDL_INLINE std::int64_t in_small(const PixelShuffleShape& s, std::int64_t i) {
  const Site at = site_of<1>(i, s.h * s.factor, s.w * s.factor, s.c);
  const std::int64_t pixel = (at.sample * s.h + at.h / s.factor) * s.w + at.w / s.factor;
  return ((pixel * s.c + at.c) * s.factor + at.h % s.factor) * s.factor + at.w % s.factor;
}

template <class T>
void pixel_shuffle_forward(const Team& team, const PixelShuffleShape& s, const T* x, T* y) {
  const PixelShuffleShape shape = s;
  for_each(team, values_of(s), [=] __device__(std::int64_t i) { y[i] = x[in_small(shape, i)]; });
}

template <class T>
void pixel_shuffle_backward(const Team& team, const PixelShuffleShape& s, const T* dy, T* dx) {
  const PixelShuffleShape shape = s;
  for_each(team, values_of(s), [=] __device__(std::int64_t i) { dx[in_small(shape, i)] = dy[i]; });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
