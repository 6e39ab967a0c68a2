// gemm, innermost: one tile of C in registers, rows x columns vectors, over all k of a slice
//
// Rows are exact (a kernel for every count). Of the columns only the last vector can be ragged; it then starts early
// enough to end with the row and overlaps its neighbour, and both compute and store the same bits there.
#pragma once

#include "kernels/cpu/gemm_tiles.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T, int columns>
FASTDL_INLINE Vec<T> load_columns(const Tile<T>& t, const T* p, int j) {
  if (columns == 1 && t.width < lanes<T>) return load_part(p, t.width);
  return load(p + (j == columns - 1 ? t.c_last : j * lanes<T>));
}
template <class T, int columns>
FASTDL_INLINE void store_columns(const Tile<T>& t, T* p, int j, Vec<T> x) {
  if (columns == 1 && t.width < lanes<T>) return store_part(p, x, t.width);
  store(p + (j == columns - 1 ? t.c_last : j * lanes<T>), x);
}

template <class T, int rows, int columns>
void multiply_tile(const Tile<T>& tile) {
  const Tile<T> t = tile;  // in registers: the stores cannot reach it
  Vec<T> c[rows][columns];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
    for (int j = 0; j < columns; j++) c[i][j] = t.resume ? load_columns<T, columns>(t, t.c + i * t.c_row, j) : Vec<T>{};

  const T *a = t.a, *b = t.b;
  T* copy = t.copy;
  for (int k = 0; k < t.depth; k++, a += t.a_col, b += t.b_row) {
    Vec<T> bk[columns];
#pragma GCC unroll 4
    for (int j = 0; j < columns; j++) bk[j] = load(b + (j == columns - 1 ? t.b_last : j * lanes<T>));
    if (copy) {
#pragma GCC unroll 4
      for (int j = 0; j < columns; j++) store(copy + j * lanes<T>, bk[j]);
      copy += columns * lanes<T>;
    }
#pragma GCC unroll 4
    for (int j = 0; j < columns; j++)  // of the next panel: its rows lie too far apart for the machine to foresee
      __builtin_prefetch(b + (columns + j) * lanes<T>);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
      const Vec<T> aik = splat(a[i * t.a_row]);
#pragma GCC unroll 4
      for (int j = 0; j < columns; j++) c[i][j] += aik * bk[j];
    }
  }
  if (t.rate != 0)
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
      for (int j = 0; j < columns; j++) c[i][j] = load_columns<T, columns>(t, t.c + i * t.c_row, j) + t.rate * c[i][j];

#pragma GCC unroll 4
  for (int j = 0; j < columns; j++) {
    const Vec<T> bias = t.bias ? load_columns<T, columns>(t, t.bias, j) : Vec<T>{};
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
      store_columns<T, columns>(t, t.c + i * t.c_row, j, t.bias ? c[i][j] + bias : c[i][j]);
  }
}

template <class T, int columns, int rows>
constexpr void list_kernels(TileKernels<T>& kernels) {
  if constexpr (rows > 0) {
    kernels.at[columns - 1][rows - 1] = multiply_tile<T, rows, columns>;
    list_kernels<T, columns, rows - 1>(kernels);
  } else if constexpr (columns > 1) {
    list_kernels<T, columns - 1, tile_rows(columns - 1)>(kernels);
  }
}
template <class T>
constexpr TileKernels<T> all_kernels() {
  TileKernels<T> kernels{};
  list_kernels<T, max_columns, tile_rows(max_columns)>(kernels);
  return kernels;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
