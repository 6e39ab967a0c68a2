// Boltzmann machines: rows; w (visible, hidden).
#pragma once

#include "kernels/shapes.hpp"

namespace fastdl {

template <class T>
struct RbmKernels {
  // p = sigmoid(x) and h = 1 where a draw is below p: from uniform (n, features), or counter-based where it is null.
  // p may be x, or null; h may be x.
  void (*bernoulli_units)(const Team&, int n, int features, const RandomKey&, const double* uniform, const T* x, T* p,
                          T* h);
  void (*gaussian_units)(const Team&, int n, int features, const RandomKey&, const T* x, T* v);  // v = x + noise
  void (*dense_reconstruct)(const Team&, int n, int in, int out, const T* y, const T* w, const T* b, T* x,
                            T* scratch);  // x (n, in) = y (n, out) w^T + b (in,)
  void (*dense_accumulate)(const Team&, int n, int in, int out, T rate, const T* x, const T* y, T* w,
                           T* scratch);  // w += rate x^T y
  // Terms x + shift of the first rows, the data's, and -ratio x of the model's, which follow; rate times their sum is
  // added to sum (features,). shift (features,) may be null; terms may be x, or null.
  void (*phase_difference)(const Team&, int data, int model, int features, double rate, T ratio, const T* shift,
                           const T* x, T* terms, T* sum);
  // shift = cost (target - activity), (features,)
  void (*pull_to_target)(const Team&, int features, double target, double cost, const T* activity, T* shift);
  // energy (n,) = -b v, of Gaussian units (v - b)^2 / 2, minus the sum of softplus, of rows v (n, visible) and
  // softplus (n, hidden)
  void (*free_energy)(const Team&, int n, int visible, int hidden, bool gaussian, const T* v, const T* b,
                      const T* softplus, T* energy);
  void (*blend)(const Team&, std::int64_t count, T a, T b, const T* x, T* y);  // y = a y + b x
};

}  // namespace fastdl
