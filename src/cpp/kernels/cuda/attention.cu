// Attention, the ends of sequences, and the decoder.
#include "kernels/cuda/attention.hpp"
#include "kernels/cuda/ends.hpp"
#include "kernels/cuda/recurrent/decoder.hpp"
#include "kernels/cuda/recurrent/decoder_backward.hpp"
#include "kernels/cuda/recurrent/decoder_step.hpp"
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
      .decoder_scratch = decoder_scratch<T>,
      .decoder_forward = decoder_forward<T>,
      .decoder_backward = decoder_backward<T>,
      .decoder_packed = decoder_packed,
      .decoder_pack = decoder_pack<T>,
      .decoder_step_scratch = decoder_step_scratch<T>,
      .decoder_step = decoder_step<T>,
  };
}

}  // namespace

FASTDL_ROWS(AttentionKernels, attention)

}  // namespace fastdl::FASTDL_ISA
