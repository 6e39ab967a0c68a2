// Pooling and upsampling of images. where: the taken position h*w_in + w of each output, as an integer in the bits of a
// T.
#pragma once

#include "core/team.hpp"

namespace fastdl {

struct Pool2DShape {
  int n;
  int h, w, c;
  int oh, ow;
  int kh, kw;
  int sh, sw;
  int top, left;
  bool count_include_pad;  // average only: divide by kh*kw everywhere
  bool lone;               // one sample, whose images are rows (h*w, c); forward only
};

enum class Interpolation { nearest, bilinear };

struct Upsample2DShape {
  int n;
  int h, w, c;  // input
  int fh, fw;   // factors
  Interpolation kind;
};

template <class T>
struct Pool2DKernels {
  void (*max_pool2d_forward)(const Team&, const Pool2DShape&, const T* x, T* y, T* where);
  void (*max_pool2d_backward)(const Team&, const Pool2DShape&, const T* dy, const T* where, T* dx);
  void (*avg_pool2d_forward)(const Team&, const Pool2DShape&, const T* x, T* y);
  void (*avg_pool2d_backward)(const Team&, const Pool2DShape&, const T* dy, T* dx);
  void (*upsample2d_forward)(const Team&, const Upsample2DShape&, const T* x, T* y);
  void (*upsample2d_backward)(const Team&, const Upsample2DShape&, const T* dy, T* dx);
  // Images to rows (n, c).
  void (*global_avg_pool_forward)(const Team&, int n, int pixels, int c, const T* x, T* y);
  void (*global_avg_pool_backward)(const Team&, int n, int pixels, int c, const T* dy, T* dx);
  void (*global_max_pool_forward)(const Team&, int n, int pixels, int c, const T* x, T* y, T* where);
  void (*global_max_pool_backward)(const Team&, int n, int pixels, int c, const T* dy, const T* where, T* dx);
};

}  // namespace fastdl
