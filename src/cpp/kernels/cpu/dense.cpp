// Products of rows: GEMM, dense layers, Boltzmann machines, word vectors.
#include "kernels/cpu/dense.hpp"
#include "kernels/cpu/gemm_tile.hpp"
#include "kernels/cpu/rbm.hpp"
#include "kernels/cpu/skip_gram.hpp"
#include "kernels/cpu/tables.hpp"
#include "kernels/dense.hpp"
#include "kernels/rbm.hpp"
#include "kernels/words.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr DenseKernels<T> dense_rows() {
  return {
      .dense_scratch = dense_scratch<T>,
      .dense_forward = dense_forward<T>,
      .dense_kept = dense_kept<T>,
      .dense_keep = dense_keep<T>,
      .dense_kept_forward = dense_kept_forward<T>,
      .dense_backward_data = dense_backward_data<T>,
      .dense_backward_weights = dense_backward_weights<T>,
      .tied_dense_forward = tied_dense_forward<T>,
      .tied_dense_backward_weights = tied_dense_backward_weights<T>,
  };
}

template <class T>
constexpr RbmKernels<T> rbm_rows() {
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

template <class T>
constexpr WordKernels<T> words_rows() {
  return {
      .skip_gram = skip_gram<T>,
  };
}

}  // namespace

FASTDL_ROWS(DenseKernels, dense)
FASTDL_ROWS(RbmKernels, rbm)
FASTDL_ROWS(WordKernels, words)

const TileKernels<float> tiles_f32 = all_kernels<float>();
const TileKernels<double> tiles_f64 = all_kernels<double>();

}  // namespace fastdl::FASTDL_ISA
