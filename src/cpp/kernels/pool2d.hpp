// Pooling and upsampling of images. where: the taken position h*w_in + w of each output, as an integer in the bits of a
// T.
#pragma once

#include "kernels/shapes.hpp"

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

// Windows of l x l bins for each level l: from floor(i h / l) to ceil((i + 1) h / l).
struct PyramidShape {
  int n;
  int h, w, c;
  const int* levels;
  int n_levels, bins;  // of all levels together
  bool average;        // or the largest
  bool lone;
};

struct PixelShuffleShape {
  int n;
  int h, w, c;  // of the small image; c of the large one, which has factor^2 fewer
  int factor;
  bool lone;
};

// Each value as a sum of some others of its sample, along one axis: y[o][j][i] = value[j] + the sum over k from
// start[j] to start[j + 1] of weight[k] x[o][index[k]][i]. The samples of a block lie in `inner`.
template <class T>
struct Taps {
  const int *start, *index;
  const T *weight, *value;  // value null: 0
};

struct TapsShape {
  std::int64_t outer, inner;
  int from, to;  // sizes of the axis in x and y
};

enum class Interpolation { nearest, bilinear };

struct Upsample2DShape {
  int n;
  int h, w, c;  // input
  int fh, fw;   // factors
  Interpolation kind;
  bool lone;  // one sample, whose images are rows (h*w, c); forward only
};

template <class T>
struct Pool2DKernels {
  void (*max_pool2d_forward)(const Team&, const Pool2DShape&, const T* x, T* y, T* where);
  void (*max_pool2d_backward)(const Team&, const Pool2DShape&, const T* dy, const T* where, T* dx);
  void (*avg_pool2d_forward)(const Team&, const Pool2DShape&, const T* x, T* y);
  void (*avg_pool2d_backward)(const Team&, const Pool2DShape&, const T* dy, T* dx);
  // In training: one value of each window is drawn in proportion to itself, negative ones count as 0; where is -1 in
  // windows of zeros. Backward: max_pool2d_backward.
  void (*stochastic_pool2d_forward)(const Team&, const Pool2DShape&, const RandomKey&, const T* x, T* y, T* where);
  // In use: the mean of the values, each weighted by itself.
  void (*weighted_pool2d_forward)(const Team&, const Pool2DShape&, const T* x, T* y);
  void (*weighted_pool2d_backward)(const Team&, const Pool2DShape&, const T* x, const T* y, const T* dy, T* dx);
  // Images to rows (n, bins * c); where, of maxima, as y.
  void (*spatial_pyramid_pool_forward)(const Team&, const PyramidShape&, const T* x, T* y, T* where);
  void (*spatial_pyramid_pool_backward)(const Team&, const PyramidShape&, const T* dy, const T* where, T* dx);
  // y (h factor, w factor, c): channel c factor^2 + i factor + j of x goes to row i, column j; and back.
  void (*pixel_shuffle_forward)(const Team&, const PixelShuffleShape&, const T* x, T* y);
  void (*pixel_shuffle_backward)(const Team&, const PixelShuffleShape&, const T* dy, T* dx);
  void (*taps)(const Team&, const TapsShape&, const Taps<T>&, const T* x, T* y);
  void (*upsample2d_forward)(const Team&, const Upsample2DShape&, const T* x, T* y);
  void (*upsample2d_backward)(const Team&, const Upsample2DShape&, const T* dy, T* dx);
  // Images to rows (n, c).
  void (*global_avg_pool_forward)(const Team&, int n, int pixels, int c, const T* x, T* y);
  void (*global_avg_pool_backward)(const Team&, int n, int pixels, int c, const T* dy, T* dx);
  void (*global_max_pool_forward)(const Team&, int n, int pixels, int c, const T* x, T* y, T* where);
  void (*global_max_pool_backward)(const Team&, int n, int pixels, int c, const T* dy, const T* where, T* dx);
};

}  // namespace fastdl
