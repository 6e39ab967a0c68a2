// Penalties of what a layer gives, a (n, units): their values, and what they add to gradients. A sample counts as often
// as its weight says; norm is the sum that divides the loss.
#pragma once

#include "kernels/cpu/views.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// --- sparsity: KL(target || mean_j), mean_j of unit j over the batch (Ng, "Sparse autoencoder", 2011) ---------------
// value_j = t log(t / m) + (1 - t) log((1 - t) / (1 - m)), slope_j = (1 - t) / (1 - m) - t / m
template <class T>
void kl_sparsity_forward(const Team& team, int n, int units, T target, const T* weight, const T* a, T* slope,
                         T* value) {
  const T least_mean = T(1e-6);  // a unit that is never on, or always, has a value and a slope too
  T total = 0;
  for (int i = 0; i < n; i++) total += weight[i];
  if (total == 0) total = 1;
  const Vec<T> t = splat(target), entropy = t * vlog(t) + (1 - t) * vlog(1 - t);
  each_channel<T>(team, {n, units, 1, false}, [&](const auto& unit) {
    Vec<T> sum = unit.sum([&](const auto& at) { return at.of_site(weight) * at.read(a); });
    Vec<T> mean = at_most(at_least(sum / total, least_mean), 1 - least_mean);
    unit.put(value, entropy - t * vlog(mean) - (1 - t) * vlog(1 - mean));
    unit.put(slope, (1 - t) / (1 - mean) - t / mean);
  });
}

// da_ij = dy_ij + scale weight_i slope_j
template <class T>
void kl_sparsity_backward(const Team& team, int n, int units, T strength, const double* norm, const T* weight,
                          const T* slope, const T* dy, T* da) {
  const T scale = strength / *norm;
  each_site<T>(team, {n, units, 1, false}, [&](const auto& row) {
    const Vec<T> factor = row.get(weight) * scale;
    row.each([&](const auto& at) { at.write(da, at.read(dy) + factor * at.of_channel(slope)); });
  });
}

// --- sparsity: |a|, value_i = weight_i sum_j |a_ij| ------------------------------------------------------------------
template <class T>
void activity_l1_forward(const Team& team, int n, int units, const T* weight, const T* a, T* value) {
  each_site<T>(team, {n, units, 1, false}, [&](const auto& row) {
    row.put(value, row.get(weight) * row.sum([&](const auto& at) { return vabs(at.read(a)); }));
  });
}

template <class T>
void activity_l1_backward(const Team& team, int n, int units, T strength, const double* norm, const T* weight,
                          const T* a, const T* dy, T* da) {
  const T scale = strength / *norm;
  each_site<T>(team, {n, units, 1, false}, [&](const auto& row) {
    const Vec<T> factor = row.get(weight) * scale;
    row.each([&](const auto& at) { at.write(da, at.read(dy) + factor * vsign(at.read(a))); });
  });
}

// --- contraction: the squared norm of the Jacobian of h = s(x w + b) by x (Rifai et al. 2011) ------------------------
// value_i = weight_i sum_j s'(z_ij)^2 sum_k w_kj^2, with s'^2 a function of h
template <class T>
struct SquaredSlope {
  ActivationKind kind;
  FASTDL_INLINE Vec<T> value(Vec<T> h) const {
    if (kind == ActivationKind::sigmoid) return h * (1 - h) * (h * (1 - h));
    if (kind == ActivationKind::tanh) return (1 - h * h) * (1 - h * h);
    if (kind == ActivationKind::relu) return h > 0 ? splat(T(1)) : h * 0;
    return splat(T(1));
  }
  FASTDL_INLINE Vec<T> slope(Vec<T> h) const {  // by h
    if (kind == ActivationKind::sigmoid) return 2 * h * (1 - h) * (1 - 2 * h);
    if (kind == ActivationKind::tanh) return -4 * h * (1 - h * h);
    return splat(T(0));
  }
};

template <class T>
void contractive_forward(const Team& team, int n, int in, int units, ActivationKind kind, const T* weight, const T* w,
                         const T* h, T* squares, T* value) {
  const SquaredSlope<T> squared{kind};
  each_channel<T>(team, {in, units, 1, false}, [&](const auto& unit) {
    unit.put(squares, unit.sum([&](const auto& at) { return at.read(w) * at.read(w); }));
  });
  each_site<T>(team, {n, units, 1, false}, [&](const auto& row) {
    row.put(value, row.get(weight) *
                       row.sum([&](const auto& at) { return squared.value(at.read(h)) * at.of_channel(squares); }));
  });
}

// dh = dy + scale weight_i (s'^2)'(h) squares_j
template <class T>
void contractive_backward_data(const Team& team, int n, int units, ActivationKind kind, T strength, const double* norm,
                               const T* weight, const T* squares, const T* h, const T* dy, T* dh) {
  const T scale = strength / *norm;
  const SquaredSlope<T> squared{kind};
  each_site<T>(team, {n, units, 1, false}, [&](const auto& row) {
    const Vec<T> factor = row.get(weight) * scale;
    row.each([&](const auto& at) {
      at.write(dh, at.read(dy) + factor * squared.slope(at.read(h)) * at.of_channel(squares));
    });
  });
}

// dw_kj += 2 scale w_kj sum_i weight_i s'(z_ij)^2
template <class T>
void contractive_backward_weights(const Team& team, int n, int in, int units, ActivationKind kind, T strength,
                                  const double* norm, const T* weight, const T* h, const T* w, T* sums, T* dw) {
  const T scale = strength / *norm;
  const SquaredSlope<T> squared{kind};
  each_channel<T>(team, {n, units, 1, false}, [&](const auto& unit) {
    unit.put(sums, unit.sum([&](const auto& at) { return at.of_site(weight) * squared.value(at.read(h)); }));
  });
  each_site<T>(team, {in, units, 1, false}, [&](const auto& row) {
    row.each([&](const auto& at) { at.write(dw, at.read(dw) + 2 * scale * at.read(w) * at.of_channel(sums)); });
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
