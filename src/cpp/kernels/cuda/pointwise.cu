// What is done to each element, or to each row of some.
#include "kernels/cuda/channel_functions.hpp"
#include "kernels/cuda/gate.hpp"
#include "kernels/cuda/noise.hpp"
#include "kernels/cuda/pointwise.hpp"
#include "kernels/cuda/tables.hpp"
#include "kernels/pointwise.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
PointwiseKernels<T> pointwise_rows() {
  return {
      .activation_forward = activation_forward<T>,
      .activation_backward = activation_backward<T>,
      .softmax_forward = softmax_forward<T>,
      .softmax_backward = softmax_backward<T>,
      .prelu_forward = prelu_forward<T>,
      .prelu_backward = prelu_backward<T>,
      .parametric_activation_forward = parametric_activation_forward<T>,
      .parametric_activation_backward = parametric_activation_backward<T>,
      .scale_forward = scale_forward<T>,
      .scale_backward = scale_backward<T>,
      .rrelu = rrelu<T>,
      .dropout_forward = dropout_forward<T>,
      .dropout_backward = dropout_backward<T>,
      .corrupt_forward = corrupt_forward<T>,
      .corrupt_backward = corrupt_backward<T>,
      .maxout_forward = maxout_forward<T>,
      .maxout_backward = maxout_backward<T>,
      .add = add<T>,
      .gate = gate<T>,
      .gate_sum = gate_sum<T>,
  };
}

}  // namespace

FASTDL_ROWS(PointwiseKernels, pointwise)

}  // namespace fastdl::FASTDL_ISA
