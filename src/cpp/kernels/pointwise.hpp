// Pointwise: any layout, count elements; x may be y and dy may be dx.
#pragma once

#include "kernels/shapes.hpp"

namespace fastdl {

enum class NoiseKind { masking, gaussian, salt_and_pepper };

template <class T>
struct PointwiseKernels {
  void (*activation_forward)(const Team&, ActivationKind, T alpha, std::int64_t count, const T* x, T* y);
  void (*activation_backward)(const Team&, ActivationKind, T alpha, std::int64_t count, const T* x, const T* y,
                              const T* dy, T* dx);                           // x only for gelu and swish
  void (*softmax_forward)(const Team&, const NormShape&, const T* x, T* y);  // over channels
  void (*softmax_backward)(const Team&, const NormShape&, const T* y, const T* dy, T* dx);
  void (*prelu_forward)(const Team&, const NormShape&, const T* x, const T* alpha, T* y);  // alpha (channels,)
  void (*prelu_backward)(const Team&, const NormShape&, const T* x, const T* alpha, const T* dy, T* dx, T* dalpha);
  // x null: ones, for rows
  void (*dropout_forward)(const Team&, const NormShape&, const RandomKey&, T rate, const T* x, T* y);
  void (*dropout_backward)(const Team&, const NormShape&, const RandomKey&, T rate, const T* dy, T* dx);
  void (*corrupt_forward)(const Team&, const NormShape&, const RandomKey&, NoiseKind, T rate, const T* x, T* y);
  void (*corrupt_backward)(const Team&, const NormShape&, const RandomKey&, NoiseKind, T rate, const T* dy, T* dx);
  void (*maxout_forward)(const Team&, int n, int units, int pieces, const T* x, T* y);  // x (n, units*pieces)
  void (*maxout_backward)(const Team&, int n, int units, int pieces, const T* x, const T* y, const T* dy, T* dx);
  void (*add)(const Team&, std::int64_t count, const T* a, const T* b, T* y);  // y may be a or b
};

}  // namespace fastdl
