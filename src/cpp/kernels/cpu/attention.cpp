// Attention, and the decoder.
#include "kernels/attention.hpp"
#include "kernels/cpu/recurrent/attention.hpp"
#include "kernels/cpu/recurrent/decoder.hpp"
#include "kernels/cpu/recurrent/decoder_step.hpp"
#include "kernels/cpu/tables.hpp"

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
      .decoder_packed = decoder_packed<T>,
      .decoder_pack = decoder_pack<T>,
      .decoder_step_scratch = decoder_step_scratch<T>,
      .decoder_step = decoder_step<T>,
  };
}

}  // namespace

FASTDL_ROWS(AttentionKernels, attention)

}  // namespace fastdl::FASTDL_ISA
