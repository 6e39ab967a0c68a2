// dense: y (n, out) = x (n, in) w (in, out) + b (out,).
#pragma once

#include <cstddef>
#include "core/team.hpp"

namespace fastdl {

template <class T>
struct DenseKernels {
  std::size_t (*dense_scratch)(int n, int in, int out, int threads);  // elements of T for any of the three
  // relu: y is relu of that
  void (*dense_forward)(const Team&, int n, int in, int out, const T* x, const T* w, const T* b, bool relu, T* y,
                        T* scratch);
  // Predictions with weights in a form that is kept until they change: its elements of T, 0 where none is of use.
  std::size_t (*dense_kept)(int in, int out);
  void (*dense_keep)(const Team&, int in, int out, const T* w, T* kept);
  void (*dense_kept_forward)(const Team&, int n, int in, int out, const T* x, const T* kept, const T* b, bool relu,
                             T* y);
  void (*dense_backward_data)(const Team&, int n, int in, int out, const T* dy, const T* w, T* dx, T* scratch);
  void (*dense_backward_weights)(const Team&, int n, int in, int out, const T* x, const T* dy, T* dw, T* db,
                                 T* scratch);
  // The same with the weights of another layer, w (out, in); dx by dense_forward, whose w is this one turned round.
  void (*tied_dense_forward)(const Team&, int n, int in, int out, const T* x, const T* w, const T* b, T* y, T* scratch);
  void (*tied_dense_backward_weights)(const Team&, int n, int in, int out, const T* x, const T* dy, T* dw, T* db,
                                      T* scratch);
};

}  // namespace fastdl
