// What adds over the channels of each pixel, for a lone sample: channels in the lanes would be added in another order.
#pragma once

#include "kernels/layout.hpp"
#include "layers/layer.hpp"
#include "layers/plan.hpp"

namespace fastdl {

template <class T>
index by_pixels_scratch(const Plan<T>& plan, const Shape& s) {
  const index lanes = plan.kernels.lanes;
  return s.is_image() ? (times(s.h(), s.w()) + lanes - 1) / lanes * lanes * s.c() : 0;
}

// body(shape, x, y) is forward; the pixels of a lone sample take the lanes that samples have elsewhere.
template <class T, class Body>
void forward_by_pixels(const Frame<T>& f, const Shape& s, const T* x, T* y, Body body) {
  if (!f.lone || !s.is_image()) return body(norm_shape(f, s), x, y);
  const int pixels = s.h() * s.w(), c = s.c();
  f.kernels.layout.rows_to_image(f.team, pixels, 1, c, x, f.scratch);
  body(NormShape{pixels, c, 1, true}, f.scratch, f.scratch);
  f.kernels.layout.image_to_rows(f.team, pixels, 1, c, f.scratch, y);
}

}  // namespace fastdl
