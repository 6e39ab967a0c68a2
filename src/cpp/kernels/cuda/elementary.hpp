// What src/cpp/math/ is written in, for one value in each thread: the names of kernels/cpu/elementary.hpp, by CUDA's
// own functions.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/team.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
using Vec = T;
template <class T>
using Element = T;
template <class T>
constexpr bool is_float = sizeof(T) == 4;
template <class T>
constexpr int lanes = 1;  // of a layout: images are the user's, (n, h, w, c)

template <class T>
FASTDL_INLINE T splat(T x) {
  return x;
}
template <class T>
FASTDL_INLINE T vmax(T a, T b) {
  return a > b ? a : b;
}
template <class T>
FASTDL_INLINE T vmin(T a, T b) {
  return a < b ? a : b;
}
template <class N>
FASTDL_INLINE N least(N a, N b) {
  return a < b ? a : b;
}
template <class N>
FASTDL_INLINE N most(N a, N b) {
  return a > b ? a : b;
}
template <class N>
FASTDL_INLINE N ceil_div(N a, N b) {
  return (a + b - 1) / b;
}

// c0 + c1 x + c2 x^2 + ...
template <class T>
FASTDL_INLINE T polynomial(T, double c) {
  return T(c);
}
template <class T, class... Rest>
FASTDL_INLINE T polynomial(T x, double c, Rest... rest) {
  return polynomial(x, rest...) * x + T(c);
}

// Limits that let NaN through.
template <class T>
FASTDL_INLINE T at_most(T x, decltype(T{} + 0) limit) {
  return vmin<T>(limit, x);
}
template <class T>
FASTDL_INLINE T at_least(T x, decltype(T{} + 0) limit) {
  return vmax<T>(limit, x);
}
template <class T>
FASTDL_INLINE T vsign(T x) {  // -1, 0 or 1; NaN of NaN
  return x > 0 ? T(1) : x < 0 ? T(-1) : x;
}

FASTDL_INLINE float vabs(float x) { return ::fabsf(x); }
FASTDL_INLINE double vabs(double x) { return ::fabs(x); }
FASTDL_INLINE float vsqrt(float x) { return ::sqrtf(x); }
FASTDL_INLINE double vsqrt(double x) { return ::sqrt(x); }
FASTDL_INLINE double square_root(double x) { return ::sqrt(x); }
FASTDL_INLINE float vexp(float x) { return ::expf(x); }
FASTDL_INLINE double vexp(double x) { return ::exp(x); }
FASTDL_INLINE float vexpm1(float x) { return ::expm1f(x); }
FASTDL_INLINE double vexpm1(double x) { return ::expm1(x); }
FASTDL_INLINE float vtanh(float x) { return ::tanhf(x); }
FASTDL_INLINE double vtanh(double x) { return ::tanh(x); }
FASTDL_INLINE float vlog(float x) { return ::logf(x); }
FASTDL_INLINE double vlog(double x) { return ::log(x); }
FASTDL_INLINE float vlog1p(float x) { return ::log1pf(x); }
FASTDL_INLINE double vlog1p(double x) { return ::log1p(x); }

// Of an angle in turns: cos(2 pi t) and sin(2 pi t).
template <class T>
struct CosSin {
  T cosine, sine;
};
FASTDL_INLINE CosSin<float> vcossin_turns(float t) {
  const float r = 6.283185307179586f * (t - ::rintf(t));
  return {::cosf(r), ::sinf(r)};
}
FASTDL_INLINE CosSin<double> vcossin_turns(double t) {
  const double r = 6.283185307179586 * (t - ::rint(t));
  return {::cos(r), ::sin(r)};
}

template <class T>
struct Normal {
  T density, below;  // phi(x) = exp(-x^2/2) / sqrt(2 pi) and Phi(x) = (1 + erf(x / sqrt 2)) / 2
};
FASTDL_INLINE Normal<float> vnormal(float x) {
  return {::expf(-0.5f * x * x) * 0.398942280401432678f, 0.5f * ::erfcf(-0.70710678118654752f * x)};
}
FASTDL_INLINE Normal<double> vnormal(double x) {
  return {::exp(-0.5 * x * x) * 0.398942280401432678, 0.5 * ::erfc(-0.70710678118654752 * x)};
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
