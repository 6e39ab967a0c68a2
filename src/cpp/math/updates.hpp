// Update rules: step() gives what is added to w for the gradient g, and moves the moments m and v. Scalars of a step
// (1 - beta^t and the like) come ready in Step.
#pragma once

#include "elementary.hpp"  // of the backend that is compiled
#include "kernels/training.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// What a step needs of a run of parameters, as numbers of their type.
template <class T>
struct Step {
  T rate, eps, correction1, correction2, nadam_now, nadam_next;
  double momentum, beta1, beta2;
  T scale, clip, l1, l2, decay;
};
template <class T>
FASTDL_INLINE Step<T> step_of(const UpdateArgs<T>& a) {
  const StepNumbers& now = a.tally->now;
  const double norm = a.tally->norm, length = square_root(a.tally->squares);
  return {.rate = T(now.rate * a.rate),
          .eps = T(a.eps),
          .correction1 = T(now.correction1),
          .correction2 = T(now.correction2),
          .nadam_now = T(now.nadam_now),
          .nadam_next = T(now.nadam_next),
          .momentum = a.momentum,
          .beta1 = a.beta1,
          .beta2 = a.beta2,
          .scale = length > a.clip_norm ? T(a.clip_norm / length) : T(1),
          .clip = T(a.clip),
          .l1 = T(a.l1 / norm),
          .l2 = T(a.l2 / norm),
          .decay = T(now.rate * a.decay * now.regularisation)};
}

// dw = -rate g
template <class T>
struct Sgd {
  static constexpr int moments = 0;
  T rate;
  FASTDL_INLINE explicit Sgd(const Step<T>& a) : rate(a.rate) {}
  FASTDL_INLINE Vec<T> step(Vec<T> g, Vec<T>&, Vec<T>&) const { return -rate * g; }
};

// m = momentum m - rate g;  dw = m  (Polyak 1964, in scikit-learn's form)
template <class T>
struct Momentum {
  static constexpr int moments = 1;
  T rate, momentum;
  FASTDL_INLINE explicit Momentum(const Step<T>& a) : rate(a.rate), momentum(a.momentum) {}
  FASTDL_INLINE Vec<T> step(Vec<T> g, Vec<T>& m, Vec<T>&) const { return m = momentum * m - rate * g; }
};

// m = momentum m - rate g;  dw = momentum m - rate g  (Nesterov 1983; Sutskever et al. 2013, in scikit-learn's form)
template <class T>
struct Nesterov {
  static constexpr int moments = 1;
  T rate, momentum;
  FASTDL_INLINE explicit Nesterov(const Step<T>& a) : rate(a.rate), momentum(a.momentum) {}
  FASTDL_INLINE Vec<T> step(Vec<T> g, Vec<T>& m, Vec<T>&) const {
    m = momentum * m - rate * g;
    return momentum * m - rate * g;
  }
};

// m = m + g^2;  dw = -rate g / (sqrt(m) + eps)  (Duchi et al. 2011)
template <class T>
struct AdaGrad {
  static constexpr int moments = 1;
  T rate, eps;
  FASTDL_INLINE explicit AdaGrad(const Step<T>& a) : rate(a.rate), eps(a.eps) {}
  FASTDL_INLINE Vec<T> step(Vec<T> g, Vec<T>& m, Vec<T>&) const {
    m += g * g;
    return -rate * g / (vsqrt(m) + eps);
  }
};

// m = rho m + (1 - rho) g^2;  d = sqrt(v + eps) / sqrt(m + eps) g;  v = rho v + (1 - rho) d^2;  dw = -rate d
// (Zeiler 2012, whose rate is 1)
template <class T>
struct AdaDelta {
  static constexpr int moments = 2;
  T rate, rho, rest, eps;
  FASTDL_INLINE explicit AdaDelta(const Step<T>& a) : rate(a.rate), rho(a.momentum), rest(1 - a.momentum), eps(a.eps) {}
  FASTDL_INLINE Vec<T> step(Vec<T> g, Vec<T>& m, Vec<T>& v) const {
    m = rho * m + rest * g * g;
    Vec<T> d = vsqrt((v + eps) / (m + eps)) * g;
    v = rho * v + rest * d * d;
    return -rate * d;
  }
};

// m = rho m + (1 - rho) g^2;  dw = -rate g / (sqrt(m) + eps)  (Hinton's lecture 6e, 2012; eps as PyTorch)
template <class T>
struct RmsProp {
  static constexpr int moments = 1;
  T rate, rho, rest, eps;
  FASTDL_INLINE explicit RmsProp(const Step<T>& a) : rate(a.rate), rho(a.momentum), rest(1 - a.momentum), eps(a.eps) {}
  FASTDL_INLINE Vec<T> step(Vec<T> g, Vec<T>& m, Vec<T>&) const {
    m = rho * m + rest * g * g;
    return -rate * g / (vsqrt(m) + eps);
  }
};

// The moments of the three below: m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
template <class T>
struct AdamMoments {
  static constexpr int moments = 2;
  T beta1, rest1, beta2, rest2;
  FASTDL_INLINE explicit AdamMoments(const Step<T>& a)
      : beta1(a.beta1), rest1(1 - a.beta1), beta2(a.beta2), rest2(1 - a.beta2) {}
  FASTDL_INLINE void move(Vec<T> g, Vec<T>& m, Vec<T>& v) const {
    m = beta1 * m + rest1 * g;
    v = beta2 * v + rest2 * g * g;
  }
};

// dw = -rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps)  (Kingma and Ba 2015, end of section 2, as
// scikit-learn: eps is not corrected)
template <class T>
struct Adam : AdamMoments<T> {
  T rate, eps;
  FASTDL_INLINE explicit Adam(const Step<T>& a)
      : AdamMoments<T>(a), rate(a.rate * square_root(a.correction2) / a.correction1), eps(a.eps) {}
  FASTDL_INLINE Vec<T> step(Vec<T> g, Vec<T>& m, Vec<T>& v) const {
    this->move(g, m, v);
    return -rate * m / (vsqrt(v) + eps);
  }
};

// dw = -rate m' / (sqrt(v') + eps), m' = m / (1 - beta1^t), v' = v / (1 - beta2^t)  (Loshchilov and Hutter 2019, as
// PyTorch; its decay is Step::decay)
template <class T>
struct AdamW : AdamMoments<T> {
  T rate, root, eps;
  FASTDL_INLINE explicit AdamW(const Step<T>& a)
      : AdamMoments<T>(a), rate(a.rate / a.correction1), root(1 / square_root(a.correction2)), eps(a.eps) {}
  FASTDL_INLINE Vec<T> step(Vec<T> g, Vec<T>& m, Vec<T>& v) const {
    this->move(g, m, v);
    return -rate * m / (vsqrt(v) * root + eps);
  }
};

// dw = -rate (now g + next m) / (sqrt(v') + eps), v' = v / (1 - beta2^t), now = (1 - mu_t) / (1 - mu_1...mu_t),
// next = mu_t+1 / (1 - mu_1...mu_t+1), mu_t = beta1 (1 - 0.96^(t/250) / 2)  (Dozat 2016, as PyTorch)
template <class T>
struct Nadam : AdamMoments<T> {
  T rate, now, next, root, eps;
  FASTDL_INLINE explicit Nadam(const Step<T>& a)
      : AdamMoments<T>(a),
        rate(a.rate),
        now(a.nadam_now),
        next(a.nadam_next),
        root(1 / square_root(a.correction2)),
        eps(a.eps) {}
  FASTDL_INLINE Vec<T> step(Vec<T> g, Vec<T>& m, Vec<T>& v) const {
    this->move(g, m, v);
    return -rate * (now * g + next * m) / (vsqrt(v) * root + eps);
  }
};

template <class T, class Body>
FASTDL_INLINE void with_rule(UpdateKind kind, const Step<T>& a, Body body) {
  switch (kind) {
    case UpdateKind::sgd: return body(Sgd<T>(a));
    case UpdateKind::momentum: return body(Momentum<T>(a));
    case UpdateKind::nesterov: return body(Nesterov<T>(a));
    case UpdateKind::adagrad: return body(AdaGrad<T>(a));
    case UpdateKind::adadelta: return body(AdaDelta<T>(a));
    case UpdateKind::rmsprop: return body(RmsProp<T>(a));
    case UpdateKind::adam: return body(Adam<T>(a));
    case UpdateKind::adamw: return body(AdamW<T>(a));
    case UpdateKind::nadam: return body(Nadam<T>(a));
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
