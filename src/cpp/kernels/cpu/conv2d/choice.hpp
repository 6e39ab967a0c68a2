// Which way a convolution goes. Most 3x3 layers of float32 go by Winograd (winograd.hpp, winograd_weights.hpp), unless
// they are to be direct: a matter of shape, not of the batch.
#pragma once

#include "kernels/conv2d.hpp"
#include "kernels/cpu/conv2d/winograd.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// 3x3 convolutions of stride 1 may go by Winograd, in float32: its error would be too large for float64's users.
template <class T>
constexpr bool winograd_type = sizeof(T) == sizeof(float);

FASTDL_INLINE bool winograd_fits(const Conv2DShape& s) {
  return !s.direct && s.kh == 3 && s.kw == 3 && s.sh == 1 && s.sw == 1 && s.dh == 1 && s.dw == 1 && s.groups == 1;
}
// Of a batch; a sample alone has channels in its lanes, and no tiles together.
template <class T>
Winograd winograd_forward(const Conv2DShape& s, int together = 1) {
  return {{ceil_div(s.n, lanes<T>), s.h, s.w, s.oh, s.ow, s.top, s.left, together}, s.c, s.f, false};
}
template <class T>
Winograd winograd_data(const Conv2DShape& s, int together = 1) {
  return {{ceil_div(s.n, lanes<T>), s.oh, s.ow, s.h, s.w, 2 - s.top, 2 - s.left, together}, s.f, s.c, true};
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
