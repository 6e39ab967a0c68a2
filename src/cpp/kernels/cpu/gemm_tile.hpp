// gemm, innermost: one tile of C in registers, rows x columns vectors, over all k of a slice
//
// Rows are exact (a kernel for every count). Of the columns only the last vector can be ragged; it then starts early
// enough to end with the row and overlaps its neighbour, and both compute and store the same bits there.
#pragma once

#include "kernels/cpu/gemm_tiles.hpp"
#include "math/activations.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// What becomes of a sum at its end.
template <class T, class V>
FASTDL_INLINE V finished(const Tile<T>& t, V sum, V bias) {
  if (t.bias) sum = sum + bias;
  return t.relu ? vmax(V{}, sum) : sum;
}

template <int count>
struct Number {
  static constexpr int n = count;
  constexpr operator int() const { return count; }
};

// The last columns of a tile: half a vector, the upper one of the vector that would end with the row.
template <class T>
struct HalfVec {
  typedef T V __attribute__((vector_size(FASTDL_VECTOR_BYTES / 2)));
  typedef T U __attribute__((vector_size(FASTDL_VECTOR_BYTES / 2), aligned(sizeof(T)), may_alias));
  static FASTDL_INLINE V load(const T* last) { return *reinterpret_cast<const U*>(last + lanes<T> / 2); }
  static FASTDL_INLINE void store(T* last, V x) { *reinterpret_cast<U*>(last + lanes<T> / 2) = x; }
};

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

template <class T, int rows, int columns, bool half>
void multiply_tile(const Tile<T>& tile) {
  using Last = HalfVec<T>;
  constexpr int full = columns - half;
  const Tile<T> t = tile;  // in registers: the stores cannot reach it
  Vec<T> c[rows][full];
  typename Last::V e[half ? rows : 1];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < full; j++) c[i][j] = t.resume ? load_columns<T, columns>(t, t.c + i * t.c_row, j) : Vec<T>{};
    if constexpr (half) e[i] = t.resume ? Last::load(t.c + i * t.c_row + t.c_last) : typename Last::V{};
  }

  const T *a = t.a, *b = t.b;
  T* copy = t.copy;
  int left = t.run;
  for (int k = 0; k < t.depth; k++, a += t.a_col, b += t.b_row) {
    Vec<T> bk[full];
    typename Last::V last{};
#pragma GCC unroll 4
    for (int j = 0; j < full; j++) bk[j] = load(b + (j == columns - 1 ? t.b_last : j * lanes<T>));
    if constexpr (half) last = Last::load(b + t.b_last);
    if (copy) {
#pragma GCC unroll 4
      for (int j = 0; j < full; j++) store(copy + j * lanes<T>, bk[j]);
      if constexpr (half) Last::store(copy + full * lanes<T>, last);
      copy += columns * lanes<T>;
    }
#pragma GCC unroll 4
    for (int j = 0; j < columns; j++)  // of the next panel: its rows lie too far apart for the machine to foresee
      __builtin_prefetch(b + (columns + j) * lanes<T>);
#pragma GCC unroll 4
    for (int j = 0; j < full; j++) FASTDL_IN_REGISTER(bk[j]);  // GCC would leave one in memory
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
      const Vec<T> aik = splat(a[i * t.a_row]);
#pragma GCC unroll 4
      for (int j = 0; j < full; j++) c[i][j] += aik * bk[j];
      if constexpr (half) e[i] += a[i * t.a_row] * last;
    }
    if (--left == 0) left = tile.run, a += tile.a_jump;  // seldom: no registers for these
  }
  if (t.rate != 0)
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < full; j++) c[i][j] = load_columns<T, columns>(t, t.c + i * t.c_row, j) + t.rate * c[i][j];
      if constexpr (half) e[i] = Last::load(t.c + i * t.c_row + t.c_last) + t.rate * e[i];
    }

#pragma GCC unroll 4
  for (int j = 0; j < full; j++) {
    const Vec<T> bias = t.bias ? load_columns<T, columns>(t, t.bias, j) : Vec<T>{};
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) store_columns<T, columns>(t, t.c + i * t.c_row, j, finished(t, c[i][j], bias));
  }
  if constexpr (half) {
    const typename Last::V bias = t.bias ? Last::load(t.bias + t.c_last) : typename Last::V{};
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) Last::store(t.c + i * t.c_row + t.c_last, finished(t, e[i], bias));
  }
}

// The same for few rows, where no tile pays for reading B down its columns: through several rows of B as they lie, so
// that memory sees a few long runs. C goes on from what the rows before left.
template <class T, int rows>
void multiply_streamed(const Tile<T>& tile) {
  const Tile<T> t = tile;
  constexpr int deep = rows < 3 ? 8 : 16, wide = least(4, accumulators / rows);  // rows and vectors of B at a time
  const auto columns = [&](int k, auto depth, int j, auto vectors, int width) {
    const auto get = [&](const T* p) { return width < lanes<T> ? load_part(p, width) : load(p); };
    const bool begins = k == 0 && !t.resume, ends = k + depth == t.depth;
    Vec<T> c[rows][vectors.n];
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
      for (int v = 0; v < vectors.n; v++) c[i][v] = begins ? Vec<T>{} : get(t.c + i * t.c_row + j + v * lanes<T>);
    const T *a = t.a + k * t.a_col, *b = t.b + k * t.b_row + j;
    for (int kk = 0; kk < depth; kk++, a += t.a_col, b += t.b_row)
#pragma GCC unroll 4
      for (int v = 0; v < vectors.n; v++) {
        const Vec<T> bk = get(b + v * lanes<T>);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) c[i][v] += splat(a[i * t.a_row]) * bk;
      }
#pragma GCC unroll 4
    for (int v = 0; v < vectors.n; v++) {
      const Vec<T> bias = ends && t.bias ? get(t.bias + j + v * lanes<T>) : Vec<T>{};
#pragma GCC unroll 8
      for (int i = 0; i < rows; i++) {
        T* to = t.c + i * t.c_row + j + v * lanes<T>;
        const Vec<T> sum = ends ? finished(t, c[i][v], bias) : c[i][v];
        width < lanes<T> ? store_part(to, sum, width) : store(to, sum);
      }
    }
  };
  const auto pass = [&](int k, auto depth) {
    int j = 0;
    for (; j + wide * lanes<T> <= t.width; j += wide * lanes<T>) columns(k, depth, j, Number<wide>{}, lanes<T>);
    for (; j < t.width; j += lanes<T>) columns(k, depth, j, Number<1>{}, least(lanes<T>, t.width - j));
  };
  int k = 0;
  for (; k + deep <= t.depth; k += deep) pass(k, Number<deep>{});
  if (k < t.depth) pass(k, t.depth - k);
}

template <class T, int columns, int rows>
constexpr void list_kernels(TileKernels<T>& kernels) {
  if constexpr (rows > 0) {
    kernels.at[columns - 1][rows - 1] = multiply_tile<T, rows, columns, false>;
    if constexpr (halves && columns > 1) kernels.half_at[columns - 1][rows - 1] = multiply_tile<T, rows, columns, true>;
    list_kernels<T, columns, rows - 1>(kernels);
  } else if constexpr (columns > 1) {
    list_kernels<T, columns - 1, tile_rows(columns - 1)>(kernels);
  }
}
template <class T, int rows>
constexpr void list_streamed(TileKernels<T>& kernels) {
  kernels.streamed[rows - 1] = multiply_streamed<T, rows>;
  if constexpr (rows > 1) list_streamed<T, rows - 1>(kernels);
}
template <class T>
constexpr TileKernels<T> all_kernels() {
  TileKernels<T> kernels{};
  list_streamed<T, streamed_rows>(kernels);
  list_kernels<T, max_columns, tile_rows(max_columns)>(kernels);
  return kernels;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
