// gemm's innermost kernels (gemm_tile.hpp), which dense.cpp compiles for all files of an instruction set.
#pragma once

#include "kernels/cpu/vec.hpp"

namespace fastdl::FASTDL_ISA {

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int accumulators = 27;  // of 32 vector registers
#else
constexpr int accumulators = 12;  // of 16
#endif
constexpr int max_rows = 12, max_columns = 3;
constexpr int streamed_rows = 4;  // of A, at most, where B is streamed

constexpr int tile_rows(int columns) { return accumulators / columns < max_rows ? accumulators / columns : max_rows; }

template <class T>
struct Tile {
  const T* a;  // element (i, k) at a[i * a_row + k * a_col], and each run of k a_jump further than the one before it
  std::int64_t a_row, a_col, a_jump;
  int run;                     // how many k are one; or 0: all
  const T* b;                  // row k at b + k * b_row
  std::int64_t b_row, b_last;  // b_last, c_last: where the last vector of the columns starts
  T* c;
  std::int64_t c_row, c_last;
  const T* bias;  // added at the end; or null
  bool relu;      // and then the larger of 0 and the sum
  int depth;
  bool resume;  // go on from C instead of zero
  T rate;       // not 0: C += rate times the product
  int width;    // of a lone vector: how many of its columns exist; of streamed rows: all columns
  T* copy;      // where B's rows go, one after the other, as they pass; or null

  void read_packed(const T* packed, int columns) { b = packed, b_row = columns * lanes<T>, b_last = b_row - lanes<T>; }
};

// kernels.at[columns - 1][rows - 1], or half_at where half of the last vector is enough; streamed[rows - 1] takes as
// many columns as width says.
template <class T>
struct TileKernels {
  void (*streamed[streamed_rows])(const Tile<T>&);
  void (*at[max_columns][max_rows])(const Tile<T>&);
  void (*half_at[max_columns][max_rows])(const Tile<T>&);
};

extern const TileKernels<float> tiles_f32;
extern const TileKernels<double> tiles_f64;

namespace {

template <class T>
FASTDL_INLINE const TileKernels<T>& tile_kernels() {
  if constexpr (sizeof(T) == sizeof(float))
    return tiles_f32;
  else
    return tiles_f64;
}
template <class T>
FASTDL_INLINE void run_tile(const Tile<T>& t, int rows, int columns) {
  const bool half = halves && columns > 1 && t.c_last <= (columns - 2) * lanes<T> + lanes<T> / 2;
  (half ? tile_kernels<T>().half_at : tile_kernels<T>().at)[columns - 1][rows - 1](t);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
