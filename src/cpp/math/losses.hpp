// Losses of one output p (before the link) against its target y: the value and, under it, the derivative by p. Those
// that need a whole row (softmax cross-entropy, focal, hinge, objects as
// points) stand in kernels/cpu/loss.hpp.
#pragma once

#include "elementary.hpp"  // of the backend that is compiled
#include "kernels/loss_kind.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// log(1 + exp(p)) - y p: the cross-entropy of sigmoid(p), without overflow for any p. Smoothed, y comes nearer to 1/2.
template <class T>
struct BinaryCrossEntropy {
  T smoothing;
  FASTDL_INLINE Vec<T> smoothed(Vec<T> y) const { return y + smoothing * (T(0.5) - y); }
  FASTDL_INLINE Vec<T> value(Vec<T> p, Vec<T> y) const {
    return at_least(p, T(0)) - smoothed(y) * p + vlog1p(vexp(-vabs(p)));
  }
  FASTDL_INLINE Vec<T> slope(Vec<T> p, Vec<T> y) const {
    Vec<T> e = vexp(-vabs(p));  // as in value: computed once
    return (p < 0 ? e : splat(T(1))) / (1 + e) - smoothed(y);
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

// q e where e = y - p is above 0, (q - 1) e below: its minimum is the quantile q of y (Koenker and Bassett 1978).
template <class T>
struct Pinball {
  T quantile;
  FASTDL_INLINE Vec<T> value(Vec<T> p, Vec<T> y) const {
    Vec<T> e = y - p;
    return e > 0 ? quantile * e : (quantile - 1) * e;
  }
  FASTDL_INLINE Vec<T> slope(Vec<T> p, Vec<T> y) const {
    Vec<T> e = y - p;
    return e > 0 ? splat(-quantile) : e < 0 ? splat(1 - quantile) : e;  // 0 or NaN
  }
};

// y f(p) + (1 - y) f(-p), f(p) = -(1 - s)^gamma log(s) with s = sigmoid(p) (Lin et al. 2017). With a = -log(s) and
// b = -log(1 - s), f(p) = exp(-gamma b) a and f'(p) = -exp(-gamma b) (gamma exp(-a) a + exp(-b)); -p swaps a and b.
template <class T>
struct BinaryFocal {
  T gamma;
  FASTDL_INLINE Vec<T> value(Vec<T> p, Vec<T> y) const {
    Vec<T> far = vlog1p(vexp(-vabs(p))), a = at_least(-p, T(0)) + far, b = at_least(p, T(0)) + far;
    return y * vexp(-gamma * b) * a + (1 - y) * vexp(-gamma * a) * b;
  }
  FASTDL_INLINE Vec<T> slope(Vec<T> p, Vec<T> y) const {
    Vec<T> far = vlog1p(vexp(-vabs(p))), a = at_least(-p, T(0)) + far, b = at_least(p, T(0)) + far;
    Vec<T> s = vexp(-a), rest = vexp(-b);
    return (1 - y) * vexp(-gamma * a) * (gamma * rest * b + s) - y * vexp(-gamma * b) * (gamma * s * a + rest);
  }
};

// The heat map of a class against y, which is 1 at the centres of objects and falls off around them (Zhou, Wang and
// Kraehenbuehl 2019, equation 1): -(1 - s)^2 log(s) at a centre, elsewhere -(1 - y)^4 s^2 log(1 - s), s = sigmoid(p).
// With a = -log(s) and b = -log(1 - s) these are exp(-2 b) a and (1 - y)^4 exp(-2 a) b.
template <class T>
struct HeatMap {
  FASTDL_INLINE Vec<T> value(Vec<T> p, Vec<T> y) const {
    const Vec<T> far = vlog1p(vexp(-vabs(p))), a = at_least(-p, T(0)) + far, b = at_least(p, T(0)) + far;
    const Vec<T> rest = (1 - y) * (1 - y);
    return y == 1 ? vexp(-2 * b) * a : rest * rest * vexp(-2 * a) * b;
  }
  FASTDL_INLINE Vec<T> slope(Vec<T> p, Vec<T> y) const {
    const Vec<T> far = vlog1p(vexp(-vabs(p))), a = at_least(-p, T(0)) + far, b = at_least(p, T(0)) + far;
    const Vec<T> rest = (1 - y) * (1 - y), s = vexp(-a), other = vexp(-b);
    return y == 1 ? -other * other * (2 * s * a + other) : rest * rest * s * s * (2 * other * b + s);
  }
};

// body(functor) for the kinds above.
template <class T, class Body>
FASTDL_INLINE void with_loss(LossKind kind, T param, Body body) {
  switch (kind) {
    case LossKind::binary_cross_entropy: return body(BinaryCrossEntropy<T>{param});
    case LossKind::squared_error: return body(SquaredError<T>{});
    case LossKind::absolute_error: return body(AbsoluteError<T>{});
    case LossKind::huber: return body(Huber<T>{param});
    case LossKind::poisson: return body(Poisson<T>{});
    case LossKind::pinball: return body(Pinball<T>{param});
    case LossKind::binary_focal: return body(BinaryFocal<T>{param});
    case LossKind::softmax_cross_entropy:
    case LossKind::focal:
    case LossKind::hinge:
    case LossKind::objects_as_points:
    case LossKind::triplet:
    case LossKind::contrastive: return;
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
