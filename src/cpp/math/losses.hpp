// Losses of one output p (before the link) against its target y: the value and, under it, the derivative by p. The two
// that need a whole row, softmax cross-entropy and hinge, stand in kernels/cpu/loss.hpp.
#pragma once

#include "kernels/shapes.hpp"
#include "math/elementary.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// log(1 + exp(p)) - y p: the cross-entropy of sigmoid(p), without overflow for any p
template <class T>
struct BinaryCrossEntropy {
  FASTDL_INLINE Vec<T> value(Vec<T> p, Vec<T> y) const { return at_least(p, T(0)) - y * p + vlog1p(vexp(-vabs(p))); }
  FASTDL_INLINE Vec<T> slope(Vec<T> p, Vec<T> y) const {
    Vec<T> e = vexp(-vabs(p));  // as in value: computed once
    return (p < 0 ? e : splat(T(1))) / (1 + e) - y;
  }
};

template <class T>
struct SquaredError {
  FASTDL_INLINE Vec<T> value(Vec<T> p, Vec<T> y) const { return T(0.5) * (p - y) * (p - y); }
  FASTDL_INLINE Vec<T> slope(Vec<T> p, Vec<T> y) const { return p - y; }
};

template <class T>
struct AbsoluteError {
  FASTDL_INLINE Vec<T> value(Vec<T> p, Vec<T> y) const { return vabs(p - y); }
  FASTDL_INLINE Vec<T> slope(Vec<T> p, Vec<T> y) const { return vsign(p - y); }
};

// Quadratic up to delta, straight from there (Huber 1964).
template <class T>
struct Huber {
  T delta;
  FASTDL_INLINE Vec<T> value(Vec<T> p, Vec<T> y) const {
    Vec<T> e = vabs(p - y);
    return e > delta ? delta * (e - T(0.5) * delta) : T(0.5) * e * e;
  }
  FASTDL_INLINE Vec<T> slope(Vec<T> p, Vec<T> y) const { return at_most(at_least(p - y, -delta), delta); }
};

// exp(p) - y p: the negative log-likelihood of counts y with mean exp(p), without the constant log(y!)
template <class T>
struct Poisson {
  FASTDL_INLINE Vec<T> value(Vec<T> p, Vec<T> y) const { return vexp(p) - y * p; }
  FASTDL_INLINE Vec<T> slope(Vec<T> p, Vec<T> y) const { return vexp(p) - y; }
};

// body(functor) for the kinds above.
template <class T, class Body>
FASTDL_INLINE void with_loss(LossKind kind, T param, Body body) {
  switch (kind) {
    case LossKind::binary_cross_entropy: return body(BinaryCrossEntropy<T>{});
    case LossKind::squared_error: return body(SquaredError<T>{});
    case LossKind::absolute_error: return body(AbsoluteError<T>{});
    case LossKind::huber: return body(Huber<T>{param});
    case LossKind::poisson: return body(Poisson<T>{});
    case LossKind::softmax_cross_entropy:
    case LossKind::hinge: return;
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
