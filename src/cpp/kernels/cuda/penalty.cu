// Penalties of what a layer gives.
#include "kernels/cuda/penalty.hpp"
#include "kernels/cuda/tables.hpp"
#include "kernels/penalty.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
PenaltyKernels<T> penalty_rows() {
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

}  // namespace

FASTDL_ROWS(PenaltyKernels, penalty)

}  // namespace fastdl::FASTDL_ISA
