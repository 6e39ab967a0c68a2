// Convolutions, forward and back to the data.
#include "kernels/conv2d.hpp"
#include "kernels/cpu/conv2d/conv2d.hpp"
#include "kernels/cpu/conv2d/im2col.hpp"
#include "kernels/cpu/conv2d/lone.hpp"
#include "kernels/cpu/conv2d/lone_data.hpp"
#include "kernels/cpu/tables.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr Conv2DKernels<T> conv2d_rows() {
  return {
      .conv2d_scratch = conv2d_scratch<T>,
      .conv2d_forward = conv2d_forward<T>,
      .conv2d_backward_data = conv2d_backward_data<T>,
      .conv2d_lone_scratch = conv2d_lone_scratch<T>,
      .conv2d_lone_forward = conv2d_lone_forward<T>,
      .conv2d_lone_kept = conv2d_lone_kept<T>,
      .conv2d_lone_keep = conv2d_lone_keep<T>,
      .conv2d_lone_data_scratch = conv2d_lone_data_scratch<T>,
      .conv2d_lone_data = conv2d_lone_data<T>,
      .conv2d_lone_data_kept = conv2d_lone_data_kept<T>,
      .conv2d_lone_data_keep = conv2d_lone_data_keep<T>,
      .im2col = im2col<T>,
      .col2im = col2im<T>,
  };
}

}  // namespace

FASTDL_ROWS(Conv2DKernels, conv2d)

}  // namespace fastdl::FASTDL_ISA
