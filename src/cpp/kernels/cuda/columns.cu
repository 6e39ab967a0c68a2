// Numbers and categories, embedded column by column.
#include "kernels/cuda/embed_categories.hpp"
#include "kernels/cuda/numeric_embedding.hpp"
#include "kernels/cuda/tables.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr ColumnKernels<T> columns_rows() {
  return {
      .numeric_embedding_scratch = numeric_embedding_scratch<T>,
      .numeric_embedding_forward = numeric_embedding_forward<T>,
      .numeric_embedding_backward = numeric_embedding_backward<T>,
      .embed_categories_forward = embed_categories_forward<T>,
      .embed_categories_backward = embed_categories_backward<T>,
  };
}

}  // namespace

FASTDL_ROWS(ColumnKernels, columns)

}  // namespace fastdl::FASTDL_ISA
