// Sequences and recurrent layers.
#include "kernels/cpu/sequence.hpp"
#include "kernels/cpu/recurrent/recurrent.hpp"
#include "kernels/cpu/tables.hpp"
#include "kernels/sequence.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr SequenceKernels<T> sequence_rows() {
  return {
      .gather_sequence = gather_sequence<T>,
      .sequence_to_rows = sequence_to_rows<T>,
      .rows_to_sequence = rows_to_sequence<T>,
      .reverse_steps = reverse_steps<T>,
      .step_pool_forward = step_pool_forward<T>,
      .step_pool_backward = step_pool_backward<T>,
      .embedding_forward = embedding_forward<T>,
      .embedding_backward = embedding_backward<T>,
      .recurrent_scratch = recurrent_scratch<T>,
      .recurrent_forward = recurrent_forward<T>,
      .recurrent_kept = recurrent_kept<T>,
      .recurrent_keep = recurrent_keep<T>,
      .recurrent_backward = recurrent_backward<T>,
  };
}

}  // namespace

FASTDL_ROWS(SequenceKernels, sequence)

}  // namespace fastdl::FASTDL_ISA
