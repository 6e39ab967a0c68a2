// Norms: statistics over samples and pixels, over channels, over groups of them, over weights.
#include "kernels/cuda/group_norm.hpp"
#include "kernels/cuda/layer_norm.hpp"
#include "kernels/cuda/norm.hpp"
#include "kernels/cuda/tables.hpp"
#include "kernels/cuda/weight_norm.hpp"
#include "kernels/norm.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
NormKernels<T> norm_rows() {
  return {
      .batch_norm_forward = batch_norm_forward<T>,
      .batch_norm_inference = batch_norm_inference<T>,
      .batch_norm_backward = batch_norm_backward<T>,
      .batch_norm_inference_backward = batch_norm_inference_backward<T>,
      .layer_norm_forward = layer_norm_forward<T>,
      .layer_norm_backward = layer_norm_backward<T>,
      .group_norm_forward = group_norm_forward<T>,
      .group_norm_backward = group_norm_backward<T>,
      .local_response_norm_forward = local_response_norm_forward<T>,
      .local_response_norm_backward = local_response_norm_backward<T>,
      .unit_norm_forward = unit_norm_forward<T>,
      .unit_norm_backward = unit_norm_backward<T>,
      .weight_norm_forward = weight_norm_forward<T>,
      .weight_norm_backward = weight_norm_backward<T>,
      .channel_sums = channel_sums<T>,
  };
}

}  // namespace

FASTDL_ROWS(NormKernels, norm)

}  // namespace fastdl::FASTDL_ISA
