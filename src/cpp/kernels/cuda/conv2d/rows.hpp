// Where the sums of a product go.
#pragma once

#include "kernels/cuda/conv2d/pack.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// What fits of a pack from that column on; whole packs where columns come in fours.
template <class T, bool WHOLE, int N>
__device__ inline void put_pack(T* row, int column, int columns, const Pack<T, N>& pack) {
  if constexpr (WHOLE) {
    if (column < columns) write(row + column, pack);
  } else {
    for (int i = 0; i < N; i++)
      if (column + i < columns) row[column + i] = pack.v[i];
  }
}

// Rows (n, down, across) of pixels, every sh-th and sw-th of images (n, h, w, pitch).
template <class T, int V>
struct Pixels {
  T* y;           // of the first pixel and channel
  const T* bias;  // or null
  std::int64_t rows;
  int columns, pitch;
  int down, across, h, w, sh, sw;

  template <int N>
  __device__ void put(std::int64_t row, int column, Pack<T, N> pack) const {
    if (row >= rows) return;
    std::int64_t pixel = row;
    if (sh != 1 || sw != 1) {
      const std::int64_t line = row / across;
      pixel = (line / down * h + line % down * sh) * w + row % across * sw;
    }
    if (bias)
      for (int i = 0; i < N; i++) pack.v[i] += column + i < columns ? bias[column + i] : T(0);
    put_pack<T, V % 4 == 0>(y + pixel * pitch, column, columns, pack);
  }
};

// A matrix (rows, columns), and the sums of its second factor's columns in one row more.
template <class T, int V>
struct Sums {
  T *to, *sums;  // sums: or null
  std::int64_t rows;
  int columns, pitch;

  template <int N>
  __device__ void put(std::int64_t row, int column, const Pack<T, N>& pack) const {
    if (row < rows) put_pack<T, V % 4 == 0>(to + row * pitch, column, columns, pack);
  }
  __device__ void put_sum(int column, T sum) const {
    if (sums && column < columns) sums[column] = sum;
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
