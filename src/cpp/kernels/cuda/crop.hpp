// The middle of images, for use.
#pragma once

#include "kernels/augment.hpp"
#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void crop_forward(const Team& team, const CropShape& shape, const T* x, T* y) {
  const CropShape s = shape;
  const std::int64_t run = std::int64_t(s.ow) * s.run;
  for_each(team, s.planes * s.oh * run, [=] __device__(std::int64_t e) {
    const std::int64_t u = e / run, row = u / s.oh * s.h + s.top + u % s.oh;
    y[e] = x[(row * s.w + s.left) * s.run + e - u * run];
  });
}

// dx: dy in the middle, zeros around it
template <class T>
void crop_backward(const Team& team, const CropShape& shape, const T* dy, T* dx) {
  const CropShape s = shape;
  const std::int64_t run = std::int64_t(s.ow) * s.run, whole = std::int64_t(s.w) * s.run;
  for_each(team, s.planes * s.h * whole, [=] __device__(std::int64_t e) {
    const std::int64_t u = e / whole, row = u % s.h - s.top, at = e - u * whole - std::int64_t(s.left) * s.run;
    const bool inside = row >= 0 && row < s.oh && at >= 0 && at < run;
    dx[e] = inside ? dy[(u / s.h * s.oh + row) * run + at] : T(0);
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
