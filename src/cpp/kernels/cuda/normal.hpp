// Normal draws of random words.
#pragma once

#include <cstdint>

#include "elementary.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// A standard normal number for each u uniform in (-1, 1): sqrt(2) erfinv(u) (Giles 2012, single precision).
template <class T>
FASTDL_INLINE T normal_quantile(T u) {
  const T w = -vlog((1 - u) * (1 + u)), a = w - T(2.5), b = vsqrt(w) - 3;
  const T near = polynomial(a, 1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-06,
                            -3.5233877e-06, 3.43273939e-07, 2.81022636e-08);
  const T far = polynomial(b, 2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844,
                           0.00134934322, 0.000100950558, -0.000200214257);
  return T(1.4142135623730951) * u * (w < 5 ? near : far);
}
template <class T>
FASTDL_INLINE T normal_of(std::uint32_t word) {
  return normal_quantile(T(word >> 8) * T(0x1p-23) - T(1 - 0x1p-24));
}

// Two of two words (Box and Muller 1958).
template <class T>
struct NormalPair {
  T a, b;
};
template <class T>
FASTDL_INLINE NormalPair<T> normal_pair(std::uint32_t first, std::uint32_t second) {
  const T radius = vsqrt(-2 * vlog((T(first) + T(0.5)) * T(0x1p-32)));
  const CosSin<T> at = vcossin_turns((T(second) + T(0.5)) * T(0x1p-32) - T(0.5));
  return {radius * at.cosine, radius * at.sine};
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
