// Where the sums of a product go.
#pragma once

#include "kernels/cuda/elementary.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Rows side by side, and a row of the sums of what was multiplied.
template <class T>
struct Rows {
  T* y;
  const T* bias;  // or null
  std::int64_t rows;
  int columns, pitch;
  T* sums = nullptr;
  FASTDL_INLINE std::int64_t at(std::int64_t row) const { return row * pitch; }
};

// Rows (n, down, across) of pixels, every sh-th and sw-th of images (n, h, w, pitch).
template <class T>
struct Pixels {
  T* y;           // of the first pixel and channel
  const T* bias;  // or null
  std::int64_t rows;
  int columns, pitch;
  int down, across, h, w, sh, sw;
  FASTDL_INLINE std::int64_t at(std::int64_t row) const {
    const std::int64_t line = row / across;
    return ((line / down * h + line % down * sh) * w + row % across * sw) * pitch;
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
