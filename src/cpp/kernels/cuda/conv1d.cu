// Windows over the steps of sequences.
#include "kernels/conv1d.hpp"
#include "kernels/cuda/conv1d.hpp"
#include "kernels/cuda/pool1d.hpp"
#include "kernels/cuda/tables.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr Conv1DKernels<T> conv1d_rows() {
  return {
      .conv1d_scratch = no_scratch,
      .conv1d_forward = conv1d_forward<T>,
      .conv1d_backward_data = conv1d_backward_data<T>,
      .conv1d_backward_weights = conv1d_backward_weights<T>,
      .max_pool1d_forward = max_pool1d_forward<T>,
      .max_pool1d_backward = max_pool1d_backward<T>,
      .avg_pool1d_forward = avg_pool1d_forward<T>,
      .avg_pool1d_backward = avg_pool1d_backward<T>,
  };
}

}  // namespace

FASTDL_ROWS(Conv1DKernels, conv1d)

}  // namespace fastdl::FASTDL_ISA
