// The gradient of a convolution's weights.
#include "kernels/conv2d.hpp"
#include "kernels/cuda/conv2d/weights.hpp"
#include "kernels/cuda/tables.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr Conv2DWeightsKernels<T> conv2d_weights_rows() {
  return {
      .conv2d_weights_scratch = no_weights_scratch,
      .conv2d_backward_weights = conv2d_backward_weights<T>,
  };
}

}  // namespace

FASTDL_ROWS(Conv2DWeightsKernels, conv2d_weights)

}  // namespace fastdl::FASTDL_ISA
