// Mean and deviation of many values, of sums in double around one of them: differences from it are exact, or nearly,
// and cancel no more than the values are many. Squares of double may overflow: these sums are made of values scaled
// down, too.
#pragma once

#include "elementary.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr int moment_sums = is_float<T> ? 2 : 4;
template <class T>
constexpr double smallest = is_float<T> ? 0x1p-126 : 0x1p-1022;
template <class T>
constexpr double largest = is_float<T> ? 0x1.fffffep127 : 0x1.fffffffffffffp1023;
constexpr double scaled_down = 0x1p-700;

template <class T>
__device__ inline void add_moments(double* sum, T center, T x) {
  const double d = double(x) - center;
  sum[0] += d, sum[1] += d * d;
  if constexpr (!is_float<T>) {
    const double e = x * scaled_down - center * scaled_down;
    sum[2] += e, sum[3] += e * e;
  }
}

// Of some x at once. Floats are summed as floats around the first of them, for conversions to double are slow; not
// where their squares would leave the range of a float.
template <class T, int n>
__device__ inline void add_moments(double* sum, T center, const T (&x)[n]) {
  if constexpr (is_float<T> && n > 1) {
    T first = 0, second = 0;
    for (int k = 1; k < n; k++) first += x[k] - x[0], second += (x[k] - x[0]) * (x[k] - x[0]);
    if (second > T(1e-30) && second < T(1e30)) {
      const double far = double(x[0]) - center, near = first;
      sum[0] += near + n * far, sum[1] += second + far * (2 * near + n * far);
      return;
    }
  }
  for (int k = 0; k < n; k++) add_moments(sum, center, x[k]);
}

template <class T>
struct Moments {
  T mean, rstd;  // 1 / sqrt(variance + eps)
  T var;         // at most the largest number
};
template <class T>
__device__ inline Moments<T> moments_of(const double* sum, T center, double count, double eps) {
  double shift = sum[0] / count, var = sum[1] / count - shift * shift, scale = 1;
  if constexpr (!is_float<T>)
    if (var > largest<T> || var != var)
      scale = scaled_down, shift = sum[2] / count, var = sum[3] / count - shift * shift;
  var = var < 0 ? 0 : var;
  const double sure = var + eps * scale * scale, whole = var / scale / scale;
  return {T((center * scale + shift) / scale), T(scale / vsqrt(sure < smallest<T> ? smallest<T> : sure)),
          T(whole > largest<T> ? largest<T> : whole)};
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
