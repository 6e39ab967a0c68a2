// Convolutions, forward and back to the data.
#include "kernels/conv2d.hpp"
#include "kernels/cuda/conv2d/conv2d.hpp"
#include "kernels/cuda/conv2d/im2col.hpp"
#include "kernels/cuda/tables.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr Conv2DKernels<T> conv2d_rows() {
  return {
      .conv2d_scratch = no_scratch,
      .conv2d_forward = conv2d_forward<T>,
      .conv2d_backward_data = conv2d_backward_data<T>,
      .conv2d_lone_scratch = no_scratch,
      .conv2d_lone_forward = conv2d_forward<T>,
      .im2col = im2col<T>,
      .col2im = col2im<T>,
  };
}

}  // namespace

FASTDL_ROWS(Conv2DKernels, conv2d)

}  // namespace fastdl::FASTDL_ISA
