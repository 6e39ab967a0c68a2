// conv2d: the weights' gradient.
#pragma once

#include "kernels/cpu/conv2d/choice.hpp"
#include "kernels/cpu/conv2d/pointwise_weights.hpp"
#include "kernels/cpu/conv2d/weights.hpp"
#include "kernels/cpu/conv2d/winograd_weights.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void conv2d_backward_weights(const Team& team, const Conv2DShape& s, const T* x, const T* dy, T* dw, T* db,
                             T* scratch) {
  if constexpr (winograd_type<T>)
    if (const Winograd r = winograd_forward<T>(s, tiles_together<T>(s.n));
        winograd_fits(s) && winograd_pays(r, winograd_stored<T>(r)))
      return winograd_gradient(team, r, x, dy, dw, db, scratch);
  if (pointwise_weights_pay(s)) return pointwise_weights(team, s, x, dy, dw, db, scratch);
  correlate_weights(team, s, x, dy, dw, db, scratch);
}

template <class T>
std::size_t conv2d_weights_scratch(const Conv2DShape& s, int threads) {
  if (pointwise_weights_pay(s)) return threads * pointwise_weights_space<T>(s);
  const std::int64_t count = threads * gradient_space<T>(s);
  if constexpr (winograd_type<T>)
    if (const Winograd r = winograd_forward<T>(s, tiles_together<T>(s.n));
        winograd_fits(s) && winograd_pays(r, winograd_stored<T>(r)))
      return most(count, winograd_gradient_scratch<T>(r));
  return count;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
