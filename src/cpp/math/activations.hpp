// Activation functions: the value and, under it, the slope; from y = value(x) where that is enough (the layer may then
// work in place), from x otherwise. NaN goes through.
#pragma once

#include "elementary.hpp"  // of the backend that is compiled
#include "kernels/shapes.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
struct Identity {
  static constexpr bool reads_x = false;  // whether the slope takes x instead of y
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return x; }
  FASTDL_INLINE Vec<T> slope(Vec<T>) const { return splat(T(1)); }
};

template <class T>
struct Sigmoid {
  static constexpr bool reads_x = false;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return 1 / (1 + vexp(-x)); }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return y * (1 - y); }
};

template <class T>
struct Tanh {
  static constexpr bool reads_x = false;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return vtanh(x); }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return 1 - y * y; }
};

template <class T>
struct Relu {
  static constexpr bool reads_x = false;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return at_least(x, T(0)); }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return y > 0 ? splat(T(1)) : Vec<T>{}; }
};

template <class T>
struct LeakyRelu {
  static constexpr bool reads_x = false;
  T alpha;  // >= 0, so that y tells the side of x
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return x > 0 ? x : alpha * x; }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return y > 0 ? splat(T(1)) : splat(alpha); }
};

// scale * (x > 0 ? x : alpha * (exp(x) - 1)).  ELU: Clevert et al. 2016; SELU fixes both numbers: Klambauer et al. 2017
template <class T>
struct Elu {
  static constexpr bool reads_x = false;
  T alpha, scale = 1;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return x > 0 ? scale * x : scale * alpha * vexpm1(x); }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return y > 0 ? splat(scale) : y + scale * alpha; }
};

// log(1 + exp(x))
template <class T>
struct Softplus {
  static constexpr bool reads_x = false;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return at_least(x, T(0)) + vlog1p(vexp(-vabs(x))); }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return -vexpm1(-y); }  // sigmoid(x) = 1 - exp(-y)
};

// x Phi(x), the exact form (Hendrycks and Gimpel 2016)
template <class T>
struct Gelu {
  static constexpr bool reads_x = true;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return x * vnormal(x).below; }
  FASTDL_INLINE Vec<T> slope(Vec<T> x) const {
    Normal<Vec<T>> normal = vnormal(x);
    return normal.below + x * normal.density;
  }
};

// x sigmoid(alpha x); alpha = 1 is SiLU (Ramachandran et al. 2017)
template <class T>
struct Swish {
  static constexpr bool reads_x = true;
  T alpha;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return x / (1 + vexp(-alpha * x)); }
  FASTDL_INLINE Vec<T> slope(Vec<T> x) const {
    Vec<T> s = 1 / (1 + vexp(-alpha * x));
    return s + alpha * x * s * (1 - s);
  }
};

// x tanh(log(1 + exp(x))) = x n / (n + 2), n = e (e + 2), e = exp(x) (Misra 2020)
template <class T>
struct Mish {
  static constexpr bool reads_x = true;
  FASTDL_INLINE Vec<T> exp(Vec<T> x) const { return vexp(at_most(x, is_float<Vec<T>> ? 20 : 40)); }  // n is 2^58 then
  FASTDL_INLINE Vec<T> value(Vec<T> x) const {
    Vec<T> e = exp(x), n = e * (e + 2);
    return x * (n / (n + 2));
  }
  // n / (n + 2) + 4 x e (e + 1) / (n + 2)^2
  FASTDL_INLINE Vec<T> slope(Vec<T> x) const {
    Vec<T> e = exp(x), n = e * (e + 2), r = 1 / (n + 2);
    return r * n + 4 * x * (e * r) * ((e + 1) * r);
  }
};

template <class T>
struct Exp {
  static constexpr bool reads_x = false;
  FASTDL_INLINE Vec<T> value(Vec<T> x) const { return vexp(x); }
  FASTDL_INLINE Vec<T> slope(Vec<T> y) const { return y; }
};

// body(functor) for the kind; softmax is no function of one element and has kernels of its own, and the functions of
// functions.hpp are layers only.
template <class T, class Body>
FASTDL_INLINE void with_activation(ActivationKind kind, T alpha, Body body) {
  switch (kind) {
    case ActivationKind::identity: return body(Identity<T>{});
    case ActivationKind::sigmoid: return body(Sigmoid<T>{});
    case ActivationKind::tanh: return body(Tanh<T>{});
    case ActivationKind::relu: return body(Relu<T>{});
    case ActivationKind::leaky_relu: return body(LeakyRelu<T>{alpha});
    case ActivationKind::elu: return body(Elu<T>{alpha});
    case ActivationKind::selu: return body(Elu<T>{T(1.6732632423543772), T(1.0507009873554805)});
    case ActivationKind::softplus: return body(Softplus<T>{});
    case ActivationKind::gelu: return body(Gelu<T>{});
    case ActivationKind::swish: return body(Swish<T>{alpha});
    case ActivationKind::mish: return body(Mish<T>{});
    case ActivationKind::exp: return body(Exp<T>{});
    default: return;
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
