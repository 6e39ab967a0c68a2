// Batch normalisation: y = (x - mean) rstd gamma + beta (Ioffe and Szegedy 2015), and the sums over a channel.
#pragma once

#include "kernels/cuda/channels.hpp"
#include "kernels/cuda/moments.hpp"
#include "kernels/shapes.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T, class Op>
void for_channels_of(const Team& team, const NormShape& s, const Op& op) {
  for_channels(team, 1, std::int64_t(s.n) * s.pixels, s.channels, op);
}

template <class T>
struct Normalised {
  T mean, scale, shift;
  __device__ T operator()(T x) const { return (x - mean) * scale + shift; }
};

template <class T>
struct BatchNormForward {
  static constexpr int sums = moment_sums<T>;
  static constexpr bool applies = true;
  using In = T;
  struct Before {
    T center, gamma, beta;
  };
  using After = Normalised<T>;
  T momentum, eps;
  double count, unbiased;
  const std::int64_t* halted;
  const T *x, *gamma, *beta;
  T *running_mean, *running_var, *mean, *rstd, *y;
  __device__ In load(std::int64_t i, std::int64_t) const { return x[i]; }
  __device__ Before begin(std::int64_t, int c) const { return {x[c], gamma[c], beta[c]}; }
  template <int n>
  __device__ void add_several(double* sum, const Before& at, const In (&in)[n]) const {
    add_moments(sum, at.center, in);
  }
  __device__ After finish(std::int64_t, int c, const Before& at, const double* sum, bool writes) const {
    const Moments<T> found = moments_of(sum, at.center, count, eps);
    if (writes) {
      mean[c] = found.mean, rstd[c] = found.rstd;
      if (!halted || !*halted) move_running(c, found);
    }
    return {found.mean, found.rstd * at.gamma, at.beta};
  }
  __device__ void move_running(int c, const Moments<T>& found) const {
    const double var = unbiased * found.var;  // infinity would stay in the running variance for good
    running_mean[c] = (1 - momentum) * running_mean[c] + momentum * found.mean;
    running_var[c] = (1 - momentum) * running_var[c] + momentum * T(var > largest<T> ? largest<T> : var);
  }
  __device__ void apply(const After& normalised, In in, std::int64_t i, std::int64_t) const { y[i] = normalised(in); }
};

template <class T>
void batch_norm_forward(const Team& team, const NormShape& s, T momentum, T eps, const T* x, const T* gamma,
                        const T* beta, T* running_mean, T* running_var, T* mean, T* rstd, T* y) {
  const double count = double(s.n) * s.pixels, unbiased = count > 1 ? count / (count - 1) : 1;
  for_channels_of<T>(team, s,
                     BatchNormForward<T>{momentum, eps, count, unbiased, team.halted, x, gamma, beta, running_mean,
                                         running_var, mean, rstd, y});
}

// --- backward: data says whether dx is wanted
template <class T, bool data>
struct BatchNormBackward {
  static constexpr int sums = 2;
  static constexpr bool applies = data;
  struct In {
    T x, dy;
  };
  struct Before {
    T mean, rstd, gamma;
  };
  struct After {
    T mean, rstd, scale, mean_dxhat, mean_d;
  };
  double count;
  const T *x, *gamma, *mean, *rstd, *dy;
  T *dx, *dgamma, *dbeta;
  __device__ In load(std::int64_t i, std::int64_t) const { return {x[i], dy[i]}; }
  __device__ Before begin(std::int64_t, int c) const { return {mean[c], rstd[c], gamma[c]}; }
  template <int n>
  __device__ void add_several(double* sum, const Before& at, const In (&in)[n]) const {
    T products = 0, dys = 0;  // of a few: conversions to double are slow
    for (int k = 0; k < n; k++) products += in[k].dy * ((in[k].x - at.mean) * at.rstd), dys += in[k].dy;
    sum[0] += products, sum[1] += dys;
  }
  __device__ After finish(std::int64_t, int c, const Before& at, const double* sum, bool writes) const {
    if (writes) dgamma[c] = T(sum[0]), dbeta[c] = T(sum[1]);
    return {at.mean, at.rstd, at.rstd * at.gamma, T(sum[0] / count), T(sum[1] / count)};
  }
  __device__ void apply(const After& a, In in, std::int64_t i, std::int64_t) const {
    const T xhat = (in.x - a.mean) * a.rstd;
    dx[i] = a.scale * (in.dy - a.mean_d - xhat * a.mean_dxhat);
  }
};

template <class T>
void batch_norm_backward(const Team& team, const NormShape& s, const T* x, const T* gamma, const T* mean, const T* rstd,
                         const T* dy, T* dx, T* dgamma, T* dbeta) {
  const double count = double(s.n) * s.pixels;
  if (dx)
    for_channels_of<T>(team, s, BatchNormBackward<T, true>{count, x, gamma, mean, rstd, dy, dx, dgamma, dbeta});
  else
    for_channels_of<T>(team, s, BatchNormBackward<T, false>{count, x, gamma, mean, rstd, dy, dx, dgamma, dbeta});
}

// --- with the running statistics
template <class T>
struct BatchNormInference {
  static constexpr int sums = 0;
  static constexpr bool applies = true;
  using In = T;
  using Before = None;
  using After = Normalised<T>;
  T eps;
  const T *x, *gamma, *beta, *running_mean, *running_var;
  T* y;
  __device__ In load(std::int64_t i, std::int64_t) const { return x[i]; }
  __device__ After finish(std::int64_t, int c, Before, const double*, bool) const {
    return {running_mean[c], 1 / vsqrt(running_var[c] + eps) * gamma[c], beta[c]};
  }
  __device__ void apply(const After& normalised, In in, std::int64_t i, std::int64_t) const { y[i] = normalised(in); }
};

template <class T>
void batch_norm_inference(const Team& team, const NormShape& s, T eps, const T* x, const T* gamma, const T* beta,
                          const T* running_mean, const T* running_var, T* y) {
  for_channels_of<T>(team, s, BatchNormInference<T>{eps, x, gamma, beta, running_mean, running_var, y});
}

// In one pass, for nothing here depends on a sum; dx, and dgamma with dbeta, may be null.
template <class T>
struct BatchNormInferenceBackward {
  static constexpr int sums = 2;
  static constexpr bool applies = false;
  struct In {
    T x, dy;
  };
  struct Before {
    T mean, rstd, scale;
  };
  T eps;
  const T *x, *gamma, *running_mean, *running_var, *dy;
  T *dx, *dgamma, *dbeta;
  __device__ In load(std::int64_t i, std::int64_t) const { return {x[i], dy[i]}; }
  __device__ Before begin(std::int64_t, int c) const {
    const T r = 1 / vsqrt(running_var[c] + eps);
    return {running_mean[c], r, r * gamma[c]};
  }
  __device__ void add(double* sum, const Before& at, In in, std::int64_t i, std::int64_t) const {
    sum[0] += in.dy * ((in.x - at.mean) * at.rstd), sum[1] += in.dy;
    if (dx) dx[i] = at.scale * in.dy;
  }
  __device__ None finish(std::int64_t, int c, const Before&, const double* sum, bool writes) const {
    if (writes && dgamma) dgamma[c] = T(sum[0]), dbeta[c] = T(sum[1]);
    return {};
  }
};

template <class T>
void batch_norm_inference_backward(const Team& team, const NormShape& s, T eps, const T* x, const T* gamma,
                                   const T* running_mean, const T* running_var, const T* dy, T* dx, T* dgamma,
                                   T* dbeta) {
  for_channels_of<T>(team, s,
                     BatchNormInferenceBackward<T>{eps, x, gamma, running_mean, running_var, dy, dx, dgamma, dbeta});
}

// --- sums (channels,) over samples and pixels
template <class T>
struct ChannelSums {
  static constexpr int sums = 1;
  static constexpr bool applies = false;
  using In = T;
  using Before = None;
  const T* x;
  T* to;
  __device__ In load(std::int64_t i, std::int64_t) const { return x[i]; }
  __device__ Before begin(std::int64_t, int) const { return {}; }
  template <int n>
  __device__ void add_several(double* sum, Before, const In (&in)[n]) const {
    T some = 0;
    for (int k = 0; k < n; k++) some += in[k];
    sum[0] += some;
  }
  __device__ None finish(std::int64_t, int c, Before, const double* sum, bool writes) const {
    if (writes) to[c] = T(sum[0]);
    return {};
  }
};

template <class T>
void channel_sums(const Team& team, const NormShape& s, const T* x, T* sums) {
  for_channels_of<T>(team, s, ChannelSums<T>{x, sums});
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
