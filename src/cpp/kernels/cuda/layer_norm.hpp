// Norms over the channels of each site: layer normalisation (Ba et al. 2016), that to unit length, and local response
// normalisation (Krizhevsky et al. 2012).
#pragma once

#include "kernels/cuda/channels.hpp"
#include "kernels/cuda/moments.hpp"
#include "kernels/cuda/rows.hpp"
#include "kernels/shapes.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

inline std::int64_t sites(const NormShape& s) { return std::int64_t(s.n) * s.pixels; }

// --- layer_norm: y = (x - mean) rstd gamma + beta
template <class T>
void layer_norm_forward(const Team& team, const NormShape& s, T eps, const T* x, const T* gamma, const T* beta, T* mean,
                        T* rstd, T* y) {
  const int channels = s.channels;
  auto row = [=] __device__(std::int64_t site, const RowThreads& threads) {
    const T* const from = x + site * channels;
    const T center = from[0];
    double sum[moment_sums<T>]{};
    for (int c = threads.lane; c < channels; c += threads.size) add_moments(sum, center, from[c]);
    for (double& part : sum) part = threads.sum(part);
    const Moments<T> found = moments_of(sum, center, channels, eps);
    if (threads.lane == 0) mean[site] = found.mean, rstd[site] = found.rstd;
    for (int c = threads.lane; c < channels; c += threads.size)
      y[site * channels + c] = (from[c] - found.mean) * found.rstd * gamma[c] + beta[c];
  };
  for_each_row_of(team, sites(s), channels, row);
}

// dgamma and dbeta, over the sites.
template <class T>
struct LayerNormGains {
  static constexpr int sums = 2;
  static constexpr bool applies = false;
  struct In {
    T x, dy, mean, rstd;
  };
  using Before = None;
  const T *x, *mean, *rstd, *dy;
  T *dgamma, *dbeta;
  __device__ In load(std::int64_t i, std::int64_t site) const { return {x[i], dy[i], mean[site], rstd[site]}; }
  __device__ Before begin(std::int64_t, int) const { return {}; }
  __device__ void add(double* sum, Before, const In& in, std::int64_t, std::int64_t) const {
    sum[0] += in.dy * ((in.x - in.mean) * in.rstd), sum[1] += in.dy;
  }
  __device__ None finish(std::int64_t, int c, Before, const double* sum, bool writes) const {
    if (writes) dgamma[c] = T(sum[0]), dbeta[c] = T(sum[1]);
    return {};
  }
};

template <class T>
void layer_norm_backward(const Team& team, const NormShape& s, const T* x, const T* gamma, const T* mean, const T* rstd,
                         const T* dy, T* dx, T* dgamma, T* dbeta) {
  const int channels = s.channels;
  if (dgamma) for_channels(team, 1, sites(s), channels, LayerNormGains<T>{x, mean, rstd, dy, dgamma, dbeta});
  if (!dx) return;
  auto row = [=] __device__(std::int64_t site, const RowThreads& threads) {
    const std::int64_t first = site * channels;
    const T m = mean[site], r = rstd[site];
    double sum_d = 0, sum_dxhat = 0;
    for (int c = threads.lane; c < channels; c += threads.size) {
      const T d = dy[first + c] * gamma[c];
      sum_d += d, sum_dxhat += d * ((x[first + c] - m) * r);
    }
    const T mean_d = T(threads.sum(sum_d) / channels), mean_dxhat = T(threads.sum(sum_dxhat) / channels);
    for (int c = threads.lane; c < channels; c += threads.size) {
      const T xhat = (x[first + c] - m) * r;
      dx[first + c] = r * (dy[first + c] * gamma[c] - mean_d - xhat * mean_dxhat);
    }
  };
  for_each_row_of(team, sites(s), channels, row);
}

// --- unit_norm: y = x / |x|, 0 up to eps
template <class T>
void unit_norm_forward(const Team& team, const NormShape& s, T eps, const T* x, T* rnorm, T* y) {
  const int channels = s.channels;
  auto row = [=] __device__(std::int64_t site, const RowThreads& threads) {
    const std::int64_t first = site * channels;
    T squares = 0;
    for (int c = threads.lane; c < channels; c += threads.size) squares += x[first + c] * x[first + c];
    const T norm = vsqrt(threads.sum(squares)), r = norm <= eps ? T(0) : 1 / norm;
    if (threads.lane == 0) rnorm[site] = r;
    for (int c = threads.lane; c < channels; c += threads.size) y[first + c] = x[first + c] * r;
  };
  for_each_row_of(team, sites(s), channels, row);
}

template <class T>
void unit_norm_backward(const Team& team, const NormShape& s, const T* x, const T* rnorm, const T* dy, T* dx) {
  if (!dx) return;
  const int channels = s.channels;
  auto row = [=] __device__(std::int64_t site, const RowThreads& threads) {
    const std::int64_t first = site * channels;
    const T r = rnorm[site];
    T along = 0;
    for (int c = threads.lane; c < channels; c += threads.size) along += dy[first + c] * (x[first + c] * r);
    along = threads.sum(along);
    for (int c = threads.lane; c < channels; c += threads.size)
      dx[first + c] = r * (dy[first + c] - x[first + c] * r * along);
  };
  for_each_row_of(team, sites(s), channels, row);
}

// --- local_response_norm: y = x / (k + alpha * the sum of squares around)^beta
// f(j) for each of the size channels around i's, added up.
template <class T, class F>
__device__ inline T sum_around(std::int64_t i, int channels, int size, F f) {
  const int c = int(i % channels), before = least(c, size / 2), after = least(channels - 1 - c, size / 2);
  T sum = 0;
  for (std::int64_t j = i - before; j <= i + after; j++) sum += f(j);
  return sum;
}

template <class T>
void local_response_norm_forward(const Team& team, const NormShape& s, int size, T alpha, T beta, T k, const T* x,
                                 T* rscale, T* y) {
  const int channels = s.channels;
  for_each(team, sites(s) * channels, [=] __device__(std::int64_t i) {
    const T r = 1 / (k + alpha * sum_around<T>(i, channels, size, [&](std::int64_t j) { return x[j] * x[j]; }));
    rscale[i] = r, y[i] = x[i] * vexp(beta * vlog(r));
  });
}

// Channel c stands in the sums of those around it: dx_c = dy_c r_c^beta - 2 alpha beta x_c * the sum of dy_j y_j r_j.
template <class T>
void local_response_norm_backward(const Team& team, const NormShape& s, int size, T alpha, T beta, const T* x,
                                  const T* rscale, const T* y, const T* dy, T* dx) {
  const int channels = s.channels;
  for_each(team, sites(s) * channels, [=] __device__(std::int64_t i) {
    const T around = sum_around<T>(i, channels, size, [&](std::int64_t j) { return dy[j] * y[j] * rscale[j]; });
    dx[i] = dy[i] * vexp(beta * vlog(rscale[i])) - 2 * alpha * beta * x[i] * around;
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
