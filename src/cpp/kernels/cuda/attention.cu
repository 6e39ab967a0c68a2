// Attention, and the ends of sequences. What a decoder needs besides is absent.
#include "kernels/cuda/attention.hpp"
#include "kernels/cuda/ends.hpp"
#include "kernels/cuda/tables.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr AttentionKernels<T> attention_rows() {
  return {
      .attention_forward = attention_forward<T>,
      .attention_backward = attention_backward<T>,
      .ends_forward = ends_forward<T>,
      .ends_backward = ends_backward<T>,
  };
}

}  // namespace

FASTDL_ROWS(AttentionKernels, attention)

}  // namespace fastdl::FASTDL_ISA
