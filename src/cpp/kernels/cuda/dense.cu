// Dense layers: products of rows and weights.
#include "kernels/cuda/dense.hpp"

#include "kernels/cuda/tables.hpp"
#include "kernels/dense.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr DenseKernels<T> dense_rows() {
  return {
      .dense_scratch = dense_scratch,
      .dense_forward = dense_forward<T>,
      .dense_backward_data = dense_backward_data<T>,
      .dense_backward_weights = dense_backward_weights<T>,
      .tied_dense_forward = tied_dense_forward<T>,
      .tied_dense_backward_weights = tied_dense_backward_weights<T>,
  };
}

}  // namespace

FASTDL_ROWS(DenseKernels, dense)

}  // namespace fastdl::FASTDL_ISA
