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

// No other form is of use: nobody calls the other two.
inline std::size_t dense_kept(int, int) { return 0; }
template <class T>
void dense_keep(const Team&, int, int, const T*, T*) {}
template <class T>
void dense_kept_forward(const Team&, int, int, int, const T*, const T*, const T*, bool, T*) {}

template <class T>
constexpr DenseKernels<T> dense_rows() {
  return {
      .dense_scratch = dense_scratch,
      .dense_forward = dense_then_relu<T>,
      .dense_kept = dense_kept,
      .dense_keep = dense_keep<T>,
      .dense_kept_forward = dense_kept_forward<T>,
      .dense_backward_data = dense_backward_data<T>,
      .dense_backward_weights = dense_backward_weights<T>,
      .tied_dense_forward = tied_dense_forward<T>,
      .tied_dense_backward_weights = tied_dense_backward_weights<T>,
  };
}

}  // namespace

FASTDL_ROWS(DenseKernels, dense)

}  // namespace fastdl::FASTDL_ISA
