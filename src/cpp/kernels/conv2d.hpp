// conv2d: x images, w (kh, kw, c/groups, f), b (f,), y images.
#pragma once

#include <cstddef>
#include "core/team.hpp"

namespace fastdl {

struct Conv2DShape {
  int n;          // samples
  int h, w, c;    // input
  int oh, ow, f;  // output
  int kh, kw;     // kernel
  int sh, sw;     // stride
  int dh, dw;     // dilation
  int top, left;  // zero padding before the first row and column (the rest follows from the sizes)
  int groups;
  bool direct;  // never by Winograd: an input meets no output but those that see it
};

template <class T>
struct Conv2DKernels {
  std::size_t (*conv2d_scratch)(const Conv2DShape&, int threads);
  // With relu, of each value of y.
  void (*conv2d_forward)(const Team&, const Conv2DShape&, const T* x, const T* w, const T* b, bool relu, T* y,
                         T* scratch);
  // b (c,) or null is added to dx: a transposed convolution's forward is this, its backward the other two.
  void (*conv2d_backward_data)(const Team&, const Conv2DShape&, const T* dy, const T* w, const T* b, T* dx, T* scratch);

  // The same forward of one sample, n = 1, whose images are rows (h*w, c).
  std::size_t (*conv2d_lone_scratch)(const Conv2DShape&, int threads);
  // kept: w in the form that it takes, as conv2d_lone_keep left it; or null.
  void (*conv2d_lone_forward)(const Team&, const Conv2DShape&, const T* x, const T* w, const T* b, bool relu,
                              const T* kept, T* y, T* scratch);
  std::size_t (*conv2d_lone_kept)(const Conv2DShape&);  // elements; 0 where w is taken as it is
  void (*conv2d_lone_keep)(const Team&, const Conv2DShape&, const T* w, T* kept);
  // And the same conv2d_backward_data.
  std::size_t (*conv2d_lone_data_scratch)(const Conv2DShape&, int threads);
  void (*conv2d_lone_data)(const Team&, const Conv2DShape&, const T* dy, const T* w, const T* b, const T* kept, T* dx,
                           T* scratch);
  std::size_t (*conv2d_lone_data_kept)(const Conv2DShape&);
  void (*conv2d_lone_data_keep)(const Team&, const Conv2DShape&, const T* w, T* kept);

  // im2col on the user's (n, h, w, c), for functional.
  void (*im2col)(const Team&, const Conv2DShape&, const T* x, T* cols);  // cols (n*oh*ow, kh*kw*c)
  void (*col2im)(const Team&, const Conv2DShape&, const T* cols, T* x);  // adds, gather order
};

// In a table of its own: it takes as long to compile as the rest.
template <class T>
struct Conv2DWeightsKernels {
  std::size_t (*conv2d_weights_scratch)(const Conv2DShape&, int threads);
  void (*conv2d_backward_weights)(const Team&, const Conv2DShape&, const T* x, const T* dy, T* dw, T* db, T* scratch);
};

}  // namespace fastdl
