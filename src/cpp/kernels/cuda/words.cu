// Word vectors: none, for gradient descent goes from pair to pair of words, of which few are free to go together.
#include "kernels/cuda/tables.hpp"
#include "kernels/words.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
WordKernels<T> words_rows() {
  return {};
}

}  // namespace

FASTDL_ROWS(WordKernels, words)

}  // namespace fastdl::FASTDL_ISA
