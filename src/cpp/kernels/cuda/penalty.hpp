// Penalties of what a layer gives, a (n, units): their values, and what they add to gradients. A sample counts as often
// as its weight says; the scale is the penalty's strength over the sum that divides the loss.
#pragma once

#include "kernels/cuda/channels.hpp"
#include "kernels/cuda/rows.hpp"
#include "kernels/shapes.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
struct PenaltyScale {
  T strength;
  const double* norm;
  __device__ T value() const { return T(strength / *norm); }
};

// --- sparsity: KL(target || mean_j), mean_j of unit j over the batch (Ng, "Sparse autoencoder", 2011) ---------------
// value_j = t log(t / m) + (1 - t) log((1 - t) / (1 - m)), slope_j = (1 - t) / (1 - m) - t / m
template <class T>
struct KlSparsity {
  static constexpr int sums = 2;
  static constexpr bool applies = false;
  struct In {
    T a, weight;
  };
  using Before = None;
  int units;
  T target;
  const T *weight, *a;
  T *slope, *value;
  __device__ In load(std::int64_t i, std::int64_t sample) const { return {a[i], weight[sample]}; }
  __device__ Before begin(std::int64_t, int) const { return {}; }
  __device__ void add(double* sum, Before, In in, std::int64_t, std::int64_t) const {
    sum[0] += in.weight * in.a, sum[1] += in.weight;
  }
  __device__ None finish(std::int64_t, int unit, Before, const double* sum, bool writes) const {
    if (!writes) return {};
    const T least_mean = T(1e-6);  // a unit that is never on, or always, has a value and a slope too
    const T t = target, entropy = t * vlog(t) + (1 - t) * vlog(1 - t);
    const T mean = at_most(at_least(T(sum[0] / (sum[1] == 0 ? 1 : sum[1])), least_mean), 1 - least_mean);
    value[unit] = entropy - t * vlog(mean) - (1 - t) * vlog(1 - mean);
    slope[unit] = (1 - t) / (1 - mean) - t / mean;
    return {};
  }
};

template <class T>
void kl_sparsity_forward(const Team& team, int n, int units, T target, const T* weight, const T* a, T* slope,
                         T* value) {
  for_channels(team, 1, n, units, KlSparsity<T>{units, target, weight, a, slope, value});
}

// da_ij = dy_ij + scale weight_i factor(i, j)
template <class T, class Factor>
struct PenaltyGradient {
  static constexpr int sums = 0;
  static constexpr bool applies = true;
  struct In {
    T dy, weight, a;
  };
  using Before = None;
  struct After {
    T scale, of_unit;
  };
  Factor factor;  // of a and a unit's number
  PenaltyScale<T> scale;
  const T *weight, *a, *of_unit, *dy;  // a, of_unit: null where they are not needed
  T* da;
  __device__ In load(std::int64_t i, std::int64_t sample) const { return {dy[i], weight[sample], a ? a[i] : T(0)}; }
  __device__ After finish(std::int64_t, int unit, Before, const double*, bool) const {
    return {scale.value(), of_unit ? of_unit[unit] : T(1)};
  }
  __device__ void apply(const After& after, const In& in, std::int64_t i, std::int64_t) const {
    da[i] = in.dy + in.weight * after.scale * factor(in.a) * after.of_unit;
  }
};

template <class T>
struct One {
  __device__ T operator()(T) const { return 1; }
};
template <class T>
struct Sign {
  __device__ T operator()(T a) const { return vsign(a); }
};

template <class T>
void kl_sparsity_backward(const Team& team, int n, int units, T strength, const double* norm, const T* weight,
                          const T* slope, const T* dy, T* da) {
  for_channels(team, 1, n, units, PenaltyGradient<T, One<T>>{{}, {strength, norm}, weight, nullptr, slope, dy, da});
}

// --- sparsity: |a|, value_i = weight_i sum_j |a_ij| ------------------------------------------------------------------
template <class T>
void activity_l1_forward(const Team& team, int n, int units, const T* weight, const T* a, T* value) {
  auto row = [=] __device__(std::int64_t i, const RowThreads& threads) {
    double sum = 0;
    for (int j = threads.lane; j < units; j += threads.size) sum += vabs(a[i * units + j]);
    sum = threads.sum(sum);
    if (threads.lane == 0) value[i] = weight[i] * T(sum);
  };
  for_each_row_of(team, n, units, row);
}

template <class T>
void activity_l1_backward(const Team& team, int n, int units, T strength, const double* norm, const T* weight,
                          const T* a, const T* dy, T* da) {
  for_channels(team, 1, n, units, PenaltyGradient<T, Sign<T>>{{}, {strength, norm}, weight, a, nullptr, dy, da});
}

// --- contraction: the squared norm of the Jacobian of h = s(x w + b) by x (Rifai et al. 2011) ------------------------
// value_i = weight_i sum_j s'(z_ij)^2 sum_k w_kj^2, with s'^2 a function of h
template <class T>
struct SquaredSlope {
  ActivationKind kind;
  __device__ T value(T h) const {
    if (kind == ActivationKind::sigmoid) return h * (1 - h) * (h * (1 - h));
    if (kind == ActivationKind::tanh) return (1 - h * h) * (1 - h * h);
    if (kind == ActivationKind::relu) return h > 0 ? T(1) : h * 0;
    return 1;
  }
  __device__ T operator()(T h) const {  // its slope by h
    if (kind == ActivationKind::sigmoid) return 2 * h * (1 - h) * (1 - 2 * h);
    if (kind == ActivationKind::tanh) return -4 * h * (1 - h * h);
    return 0;
  }
};

template <class T>
struct SquaredNorms {  // of the columns of w
  static constexpr int sums = 1;
  static constexpr bool applies = false;
  using In = T;
  using Before = None;
  const T* w;
  T* squares;
  __device__ In load(std::int64_t i, std::int64_t) const { return w[i]; }
  __device__ Before begin(std::int64_t, int) const { return {}; }
  __device__ void add(double* sum, Before, In in, std::int64_t, std::int64_t) const { sum[0] += in * in; }
  __device__ None finish(std::int64_t, int unit, Before, const double* sum, bool writes) const {
    if (writes) squares[unit] = T(sum[0]);
    return {};
  }
};

template <class T>
void contractive_forward(const Team& team, int n, int in, int units, ActivationKind kind, const T* weight, const T* w,
                         const T* h, T* squares, T* value) {
  const SquaredSlope<T> squared{kind};
  for_channels(team, 1, in, units, SquaredNorms<T>{w, squares});
  auto row = [=] __device__(std::int64_t i, const RowThreads& threads) {
    double sum = 0;
    for (int j = threads.lane; j < units; j += threads.size) sum += squared.value(h[i * units + j]) * squares[j];
    sum = threads.sum(sum);
    if (threads.lane == 0) value[i] = weight[i] * T(sum);
  };
  for_each_row_of(team, n, units, row);
}

// dh = dy + scale weight_i (s'^2)'(h) squares_j
template <class T>
void contractive_backward_data(const Team& team, int n, int units, ActivationKind kind, T strength, const double* norm,
                               const T* weight, const T* squares, const T* h, const T* dy, T* dh) {
  for_channels(team, 1, n, units,
               PenaltyGradient<T, SquaredSlope<T>>{{kind}, {strength, norm}, weight, h, squares, dy, dh});
}

// dw_kj += 2 scale w_kj sum_i weight_i s'(z_ij)^2
template <class T>
struct WeightedSlopes {
  static constexpr int sums = 1;
  static constexpr bool applies = false;
  struct In {
    T h, weight;
  };
  using Before = None;
  SquaredSlope<T> squared;
  const T *weight, *h;
  T* to;
  __device__ In load(std::int64_t i, std::int64_t sample) const { return {h[i], weight[sample]}; }
  __device__ Before begin(std::int64_t, int) const { return {}; }
  __device__ void add(double* sum, Before, In in, std::int64_t, std::int64_t) const {
    sum[0] += in.weight * squared.value(in.h);
  }
  __device__ None finish(std::int64_t, int unit, Before, const double* sum, bool writes) const {
    if (writes) to[unit] = T(sum[0]);
    return {};
  }
};
template <class T>
struct ContractiveWeights {
  static constexpr int sums = 0;
  static constexpr bool applies = true;
  struct In {
    T w, dw;
  };
  using Before = None;
  using After = T;
  PenaltyScale<T> scale;
  const T *w, *sum;
  T* dw;
  __device__ In load(std::int64_t i, std::int64_t) const { return {w[i], dw[i]}; }
  __device__ After finish(std::int64_t, int unit, Before, const double*, bool) const {
    return 2 * scale.value() * sum[unit];
  }
  __device__ void apply(After factor, In in, std::int64_t i, std::int64_t) const { dw[i] = in.dw + in.w * factor; }
};

template <class T>
void contractive_backward_weights(const Team& team, int n, int in, int units, ActivationKind kind, T strength,
                                  const double* norm, const T* weight, const T* h, const T* w, T* sums, T* dw) {
  for_channels(team, 1, n, units, WeightedSlopes<T>{{kind}, weight, h, sums});
  for_channels(team, 1, in, units, ContractiveWeights<T>{{strength, norm}, w, sums, dw});
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
