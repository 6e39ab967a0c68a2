// Pointwise: any layout, count elements; x may be y and dy may be dx.
#pragma once

#include "kernels/shapes.hpp"

namespace fastdl {

// Of images, g may be one pixel high, one wide or of one channel: it is the same for all of x there.
struct GateShape {
  std::int64_t count;  // of rows, and where g is as large as x
  int n;
  int h, w, c;
  int gh, gw, gc;
  bool same, lone;  // lone: one sample, whose images are rows (h*w, c); forward only
};

enum class NoiseKind { masking, gaussian, salt_and_pepper };

template <class T>
struct PointwiseKernels {
  void (*activation_forward)(const Team&, ActivationKind, T alpha, std::int64_t count, const T* x, T* y);
  void (*activation_backward)(const Team&, ActivationKind, T alpha, std::int64_t count, const T* x, const T* y,
                              const T* dy, T* dx);                           // see reads_input
  void (*softmax_forward)(const Team&, const NormShape&, const T* x, T* y);  // over channels
  void (*softmax_backward)(const Team&, const NormShape&, const T* y, const T* dy, T* dx);
  void (*prelu_forward)(const Team&, const NormShape&, const T* x, const T* alpha, T* y);  // alpha (channels,)
  void (*prelu_backward)(const Team&, const NormShape&, const T* x, const T* alpha, const T* dy, T* dx, T* dalpha);
  // y = x + slope (f(x) - x), slope (channels,)
  void (*parametric_activation_forward)(const Team&, ActivationKind, T alpha, const NormShape&, const T* x,
                                        const T* slope, T* y);
  void (*parametric_activation_backward)(const Team&, ActivationKind, T alpha, const NormShape&, const T* x,
                                         const T* slope, const T* dy, T* dx, T* dslope);
  void (*scale_forward)(const Team&, const NormShape&, const T* x, const T* gain,
                        T* y);  // y = gain x, gain (channels,)
  void (*scale_backward)(const Team&, const NormShape&, const T* x, const T* gain, const T* dy, T* dx, T* dgain);
  // y = d where x > 0, else d times a slope drawn from [lower, upper): forward of d = x, backward of d = dy.
  void (*rrelu)(const Team&, const NormShape&, const RandomKey&, T lower, T upper, const T* x, const T* d, T* y);
  // x null: ones
  void (*dropout_forward)(const Team&, const NormShape&, const RandomKey&, T rate, const T* x, T* y);
  void (*dropout_backward)(const Team&, const NormShape&, const RandomKey&, T rate, const T* dy, T* dx);
  void (*corrupt_forward)(const Team&, const NormShape&, const RandomKey&, NoiseKind, T rate, const T* x, T* y);
  void (*corrupt_backward)(const Team&, const NormShape&, const RandomKey&, NoiseKind, T rate, const T* dy, T* dx);
  void (*maxout_forward)(const Team&, int n, int units, int pieces, const T* x, T* y);  // x (n, units*pieces)
  void (*maxout_backward)(const Team&, int n, int units, int pieces, const T* x, const T* y, const T* dy, T* dx);
  void (*add)(const Team&, std::int64_t count, const T* a, const T* b, T* y);  // y may be a or b
  // y = x g, or y += x g; y may be x
  void (*gate)(const Team&, const GateShape&, bool adds, const T* x, const T* g, T* y);
  // dg = sum of dy x over what shares a value of g, or dg += it
  void (*gate_sum)(const Team&, const GateShape&, bool adds, const T* dy, const T* x, T* dg);
};

}  // namespace fastdl
