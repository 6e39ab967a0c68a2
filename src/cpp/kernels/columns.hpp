// Columns of rows that have parameters of their own: numbers and categories, embedded one by one.
#pragma once

#include <cstddef>

#include "core/team.hpp"

namespace fastdl {

// Of x (n, features) the first `columns` become `units` numbers each; the others follow as they are.
struct NumericEmbeddingShape {
  int n, features, columns, frequencies, units;
  std::int64_t room;  // samples of a line of cosine and sine: at least n, whole vectors
};

template <class T>
struct NumericEmbeddingArrays {
  const T* x;
  const T *frequency, *phase;  // (columns, frequencies)
  const T *weight, *bias;      // (columns, frequencies, units-1), (columns, units-1)
  T *cosine, *sine;            // (columns, frequencies, room), kept for backward
  T* scratch;
};

template <class T>
struct NumericEmbeddingGradients {
  const T* dy;
  T* dx;                                     // or null
  T *dfrequency, *dphase, *dweight, *dbias;  // null: none of them
};

// Of x (n, features) the last `columns` hold codes, which become rows of tables that stand one below the other; the
// others come first, as they are.
struct CategoryShape {
  int n, features, columns, units;
  const int *first, *size;  // (columns,): row where the table of each begins, its rows
};

template <class T>
struct ColumnKernels {
  std::size_t (*numeric_embedding_scratch)(const NumericEmbeddingShape&, int threads);
  void (*numeric_embedding_forward)(const Team&, const NumericEmbeddingShape&, const NumericEmbeddingArrays<T>&, T* y);
  void (*numeric_embedding_backward)(const Team&, const NumericEmbeddingShape&, const NumericEmbeddingArrays<T>&,
                                     const NumericEmbeddingGradients<T>&);
  void (*embed_categories_forward)(const Team&, const CategoryShape&, const T* x, const T* table, T* y);
  void (*embed_categories_backward)(const Team&, const CategoryShape&, const T* x, const T* dy, T* dx, T* dtable);
};

}  // namespace fastdl
