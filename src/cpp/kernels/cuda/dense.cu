// Dense layers: products of rows and weights.
#include "kernels/cuda/dense.hpp"

#include "kernels/cuda/pointwise.hpp"
#include "kernels/cuda/tables.hpp"
#include "kernels/dense.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void dense_then_relu(const Team& team, int n, int in, int out, const T* x, const T* w, const T* b, bool relu, T* y,
                     T* scratch) {
  dense_forward(team, n, in, out, x, w, b, y, scratch);
  if (relu) activation_forward(team, ActivationKind::relu, T(1), std::int64_t(n) * out, y, y);
}

template <class T>
constexpr DenseKernels<T> dense_rows() {
  return {
      .dense_scratch = dense_scratch,
      .dense_forward = dense_then_relu<T>,
      .dense_backward_data = dense_backward_data<T>,
      .dense_backward_weights = dense_backward_weights<T>,
      .tied_dense_forward = tied_dense_forward<T>,
      .tied_dense_backward_weights = tied_dense_backward_weights<T>,
  };
}

}  // namespace

FASTDL_ROWS(DenseKernels, dense)

}  // namespace fastdl::FASTDL_ISA
