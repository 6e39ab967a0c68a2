// Boltzmann machines.
#include "kernels/cuda/dense.hpp"
#include "kernels/cuda/rbm.hpp"
#include "kernels/cuda/tables.hpp"
#include "kernels/rbm.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
RbmKernels<T> rbm_rows() {
  return {
      .bernoulli_units = bernoulli_units<T>,
      .gaussian_units = gaussian_units<T>,
      .dense_reconstruct = dense_reconstruct<T>,
      .dense_accumulate = dense_accumulate<T>,
      .phase_difference = phase_difference<T>,
      .pull_to_target = pull_to_target<T>,
      .free_energy = free_energy<T>,
      .blend = blend<T>,
  };
}

}  // namespace

FASTDL_ROWS(RbmKernels, rbm)

}  // namespace fastdl::FASTDL_ISA
