// Norms, penalties, losses, updates: sums over many elements.
#include "kernels/training.hpp"
#include "kernels/cpu/group_norm.hpp"
#include "kernels/cpu/loss.hpp"
#include "kernels/cpu/norm.hpp"
#include "kernels/cpu/penalty.hpp"
#include "kernels/cpu/step.hpp"
#include "kernels/cpu/tables.hpp"
#include "kernels/cpu/update.hpp"
#include "kernels/cpu/weight_norm.hpp"
#include "kernels/norm.hpp"
#include "kernels/penalty.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr NormKernels<T> norm_rows() {
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

template <class T>
constexpr PenaltyKernels<T> penalty_rows() {
  return {
      .kl_sparsity_forward = kl_sparsity_forward<T>,
      .kl_sparsity_backward = kl_sparsity_backward<T>,
      .activity_l1_forward = activity_l1_forward<T>,
      .activity_l1_backward = activity_l1_backward<T>,
      .contractive_forward = contractive_forward<T>,
      .contractive_backward_data = contractive_backward_data<T>,
      .contractive_backward_weights = contractive_backward_weights<T>,
  };
}

template <class T>
constexpr TrainingKernels<T> training_rows() {
  return {
      .loss = loss<T>,
      .update = update<T>,
      .max_norm = max_norm<T>,
      .sum_squares = sum_squares<T>,
      .sum_absolutes = sum_absolutes<T>,
      .add_penalty_gradient = add_penalty_gradient<T>,
      .sum_of_weights = sum_of_weights<T>,
      .end_step = end_step,
  };
}

}  // namespace

FASTDL_ROWS(NormKernels, norm)
FASTDL_ROWS(PenaltyKernels, penalty)
FASTDL_ROWS(TrainingKernels, training)

}  // namespace fastdl::FASTDL_ISA
