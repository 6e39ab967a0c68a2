// In and out: the user's samples, and the layouts of a program.
#pragma once

#include "core/samples.hpp"
#include "kernels/shapes.hpp"

namespace fastdl {

template <class T>
struct LayoutKernels {
  // Samples order[0..n) into rows (n, features) or images (blocks, c, h, w, lanes); lanes past n get zero.
  void (*gather_rows)(const Team&, const Samples&, const std::int64_t* order, int n, T* y);
  void (*gather_image)(const Team&, const Samples&, const std::int64_t* order, int n, int pixels, int c, T* y);
  // Images to the user's (n, h, w, c) and back; also Flatten, whose rows are the user's order.
  void (*image_to_rows)(const Team&, int n, int pixels, int c, const T* x, T* y);
  void (*rows_to_image)(const Team&, int n, int pixels, int c, const T* y, T* x);
};

}  // namespace fastdl
