// Functions of single values that stand in networks beside the usual activations: the same interface as theirs.
#pragma once

#include "math/activations.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// min(max(x / 6 + 1/2, 0), 1)
template <class T>
struct HardSigmoid {
  static constexpr bool reads_x = false;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return at_most(at_least(x * T(1.0 / 6) + T(0.5), T(0)), T(1)); }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return y > 0 ? (y < 1 ? splat(T(1.0 / 6)) : Vec<T>{}) : Vec<T>{}; }
};

// x hard_sigmoid(x) (Howard et al. 2019)
template <class T>
struct HardSwish {
  static constexpr bool reads_x = true;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return x * HardSigmoid<T>{}.value(x); }
  FASTDL_INLINE Vec<T> slope(Vec<T> x) const {
    return HardSigmoid<T>{}.value(x) + x * HardSigmoid<T>{}.slope(HardSigmoid<T>{}.value(x));
  }
};

// x > 0 ? x : alpha (exp(x / alpha) - 1) (Barron 2017)
template <class T>
struct Celu {
  static constexpr bool reads_x = false;
  T alpha;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return x > 0 ? x : alpha * vexpm1(x / alpha); }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return y > 0 ? splat(T(1)) : y / alpha + 1; }
};

// x / (1 + |x|)
template <class T>
struct Softsign {
  static constexpr bool reads_x = false;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return x / (1 + vabs(x)); }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return (1 - vabs(y)) * (1 - vabs(y)); }
};

template <class T>
struct ThresholdedRelu {
  static constexpr bool reads_x = true;
  T alpha;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return x <= alpha ? Vec<T>{} : x; }
  FASTDL_INLINE Vec<T> slope(Vec<T> x) const { return x > alpha ? splat(T(1)) : Vec<T>{}; }
};

// The gelu by tanh (Hendrycks and Gimpel 2016)
template <class T>
struct GeluTanh {
  static constexpr bool reads_x = true;
  static constexpr T k = T(0.7978845608028654), cubic = T(0.044715);  // sqrt(2 / pi)
  FASTDL_INLINE Vec<T> half(Vec<T> x) const { return 1 / (1 + vexp(-2 * k * (x + cubic * x * x * x))); }
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return x * half(x); }  // (1 + tanh(u)) / 2 = sigmoid(2 u)
  FASTDL_INLINE Vec<T> slope(Vec<T> x) const {
    Vec<T> s = half(x);
    return s + x * (2 * k * (1 + 3 * cubic * x * x)) * (s * (1 - s));
  }
};

template <class T>
struct Log {
  static constexpr bool reads_x = true;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return vlog(x); }
  FASTDL_INLINE Vec<T> slope(Vec<T> x) const { return 1 / x; }
};

template <class T>
struct Sqrt {
  static constexpr bool reads_x = false;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return vsqrt(x); }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return T(0.5) / y; }
};

template <class T>
struct Abs {
  static constexpr bool reads_x = true;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return vabs(x); }
  FASTDL_INLINE Vec<T> slope(Vec<T> x) const { return vsign(x); }
};

// 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x; near 0 its series, which loses no digits
template <class T>
struct Erf {
  static constexpr bool reads_x = true;
  static constexpr T root = T(1.4142135623730951);
  FASTDL_INLINE Vec<T> value(Vec<T> x) const {
    const Vec<T> near =
        x * polynomial(x * x, 1.1283791670955126, -0.37612638903183754, 0.11283791670955126, -0.026866170645131252,
                       0.005223977625442188, -8.548327023450853e-4, 1.2055332981789664e-4, -1.4925650358406252e-5,
                       1.6462114365889248e-6, -1.6365844691234924e-7, 1.4807192815879218e-8, -1.2290555301717926e-9,
                       9.422759064650411e-11);
    return vabs(x) < T(0.5) ? near : 2 * vnormal(root * x).below - 1;
  }
  FASTDL_INLINE Vec<T> slope(Vec<T> x) const { return 2 * root * vnormal(root * x).density; }
};

// x^alpha: by products where alpha is a small whole number or half of one, else exp(alpha log(x)), NaN below 0.
template <class T>
struct Power {
  static constexpr bool reads_x = true;
  T alpha;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return raised(x, alpha); }
  FASTDL_INLINE Vec<T> slope(Vec<T> x) const { return alpha == 0 ? Vec<T>{} : alpha * raised(x, alpha - 1); }

 private:
  static FASTDL_INLINE Vec<T> raised(Vec<T> x, T a) {
    const T size = a < 0 ? -a : a;
    if (size > 16 || 2 * size != T(int(2 * size))) return vexp(a * vlog(x));
    const int halves = int(2 * size);
    const Vec<T> factor = halves % 2 ? vsqrt(x) : x;
    Vec<T> y = splat(T(1));
    for (int i = 0; i < (halves % 2 ? halves : halves / 2); i++) y *= factor;
    return a < 0 ? 1 / y : y;
  }
};

// `with_activation` for all of them.
template <class T, class Body>
FASTDL_INLINE void with_function(ActivationKind kind, T alpha, Body body) {
  switch (kind) {
    case ActivationKind::hard_sigmoid: return body(HardSigmoid<T>{});
    case ActivationKind::hard_swish: return body(HardSwish<T>{});
    case ActivationKind::celu: return body(Celu<T>{alpha});
    case ActivationKind::softsign: return body(Softsign<T>{});
    case ActivationKind::thresholded_relu: return body(ThresholdedRelu<T>{alpha});
    case ActivationKind::gelu_tanh: return body(GeluTanh<T>{});
    case ActivationKind::log: return body(Log<T>{});
    case ActivationKind::sqrt: return body(Sqrt<T>{});
    case ActivationKind::abs: return body(Abs<T>{});
    case ActivationKind::erf: return body(Erf<T>{});
    case ActivationKind::power: return body(Power<T>{alpha});
    default: return with_activation(kind, alpha, body);
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
