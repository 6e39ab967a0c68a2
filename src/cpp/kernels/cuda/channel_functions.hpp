// Functions with a parameter a for each channel: prelu, parametric activations, scale.
//   y = value(x, a), dx = dy slope(x, a), da = the sum of dy of_parameter(x)
#pragma once

#include "kernels/cuda/channels.hpp"
#include "kernels/shapes.hpp"
#include "math/activations.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
struct PRelu {
  __device__ T value(T x, T a) const { return x > 0 ? x : a * x; }
  __device__ T slope(T x, T a) const { return x > 0 ? T(1) : a; }
  __device__ T of_parameter(T x) const { return at_most(x, T(0)); }
};
template <class T>
struct Scale {
  __device__ T value(T x, T a) const { return a * x; }
  __device__ T slope(T, T a) const { return a; }
  __device__ T of_parameter(T x) const { return x; }
};
template <class T, class Function>
struct Parametric {  // x + a (f(x) - x)
  Function function;
  __device__ T value(T x, T a) const { return x + a * (function.value(x) - x); }
  __device__ T slope(T x, T a) const { return 1 + a * (function.slope(function.reads_x ? x : function.value(x)) - 1); }
  __device__ T of_parameter(T x) const { return function.value(x) - x; }
};

template <class T, class Function>
struct ChannelFunctionForward {
  static constexpr int sums = 0;
  static constexpr bool applies = true;
  using In = T;
  using Before = None;
  using After = T;
  Function function;
  const T *x, *a;
  T* y;
  __device__ In load(std::int64_t i, std::int64_t) const { return x[i]; }
  __device__ After finish(std::int64_t, int c, Before, const double*, bool) const { return a[c]; }
  __device__ void apply(After own, In in, std::int64_t i, std::int64_t) const { y[i] = function.value(in, own); }
};

// In one pass; dx and da may be null.
template <class T, class Function>
struct ChannelFunctionBackward {
  static constexpr int sums = 1;
  static constexpr bool applies = false;
  struct In {
    T x, dy;
  };
  using Before = T;
  Function function;
  const T *x, *a, *dy;
  T *dx, *da;
  __device__ In load(std::int64_t i, std::int64_t) const { return {x[i], dy[i]}; }
  __device__ Before begin(std::int64_t, int c) const { return a[c]; }
  __device__ void add(double* sum, Before own, In in, std::int64_t i, std::int64_t) const {
    sum[0] += in.dy * function.of_parameter(in.x);
    if (dx) dx[i] = in.dy * function.slope(in.x, own);
  }
  __device__ None finish(std::int64_t, int c, Before, const double* sum, bool writes) const {
    if (writes && da) da[c] = T(sum[0]);
    return {};
  }
};

template <class T, class Function>
void channel_function_forward(const Team& team, const NormShape& s, Function function, const T* x, const T* a, T* y) {
  for_channels(team, 1, std::int64_t(s.n) * s.pixels, s.channels,
               ChannelFunctionForward<T, Function>{function, x, a, y});
}
template <class T, class Function>
void channel_function_backward(const Team& team, const NormShape& s, Function function, const T* x, const T* a,
                               const T* dy, T* dx, T* da) {
  for_channels(team, 1, std::int64_t(s.n) * s.pixels, s.channels,
               ChannelFunctionBackward<T, Function>{function, x, a, dy, dx, da});
}

template <class T>
void prelu_forward(const Team& team, const NormShape& s, const T* x, const T* alpha, T* y) {
  channel_function_forward(team, s, PRelu<T>{}, x, alpha, y);
}
template <class T>
void prelu_backward(const Team& team, const NormShape& s, const T* x, const T* alpha, const T* dy, T* dx, T* dalpha) {
  channel_function_backward(team, s, PRelu<T>{}, x, alpha, dy, dx, dalpha);
}

template <class T>
void parametric_activation_forward(const Team& team, ActivationKind kind, T alpha, const NormShape& s, const T* x,
                                   const T* slope, T* y) {
  with_activation<T>(kind, alpha, [&](auto function) {
    channel_function_forward(team, s, Parametric<T, decltype(function)>{function}, x, slope, y);
  });
}
template <class T>
void parametric_activation_backward(const Team& team, ActivationKind kind, T alpha, const NormShape& s, const T* x,
                                    const T* slope, const T* dy, T* dx, T* dslope) {
  with_activation<T>(kind, alpha, [&](auto function) {
    channel_function_backward(team, s, Parametric<T, decltype(function)>{function}, x, slope, dy, dx, dslope);
  });
}

template <class T>
void scale_forward(const Team& team, const NormShape& s, const T* x, const T* gain, T* y) {
  channel_function_forward(team, s, Scale<T>{}, x, gain, y);
}
template <class T>
void scale_backward(const Team& team, const NormShape& s, const T* x, const T* gain, const T* dy, T* dx, T* dgain) {
  channel_function_backward(team, s, Scale<T>{}, x, gain, dy, dx, dgain);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
