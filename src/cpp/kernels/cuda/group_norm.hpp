// Group normalisation: the channels of a group, with all their pixels, of each sample (Wu and He 2018).
#pragma once

#include "kernels/cuda/channels.hpp"
#include "kernels/cuda/moments.hpp"
#include "kernels/cuda/rows.hpp"
#include "kernels/shapes.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Element k of a group of a sample: channel and offset.
struct GroupElement {
  int c;
  std::int64_t i;
};
struct Groups {
  int groups, of_group, pixels, channels;  // of_group: channels
  std::int64_t count;                      // elements of one
  explicit Groups(const NormShape& s, int groups)
      : groups(groups),
        of_group(s.channels / groups),
        pixels(s.pixels),
        channels(s.channels),
        count(std::int64_t(of_group) * s.pixels) {}
  __device__ GroupElement element(std::int64_t group, std::int64_t k) const {
    const int c = int(group % groups) * of_group + int(k % of_group);
    return {c, (group / groups * pixels + k / of_group) * channels + c};
  }
};

// y = (x - mean) rstd gamma + beta; mean and rstd (n, groups)
template <class T>
void group_norm_forward(const Team& team, const NormShape& s, int groups, T eps, const T* x, const T* gamma,
                        const T* beta, T* mean, T* rstd, T* y) {
  const Groups g(s, groups);
  auto row = [=] __device__(std::int64_t group, const RowThreads& threads) {
    const T center = x[g.element(group, 0).i];
    double sum[moment_sums<T>]{};
    for (std::int64_t k = threads.lane; k < g.count; k += threads.size)
      add_moments(sum, center, x[g.element(group, k).i]);
    for (double& part : sum) part = threads.sum(part);
    const Moments<T> found = moments_of(sum, center, double(g.count), eps);
    if (threads.lane == 0) mean[group] = found.mean, rstd[group] = found.rstd;
    for (std::int64_t k = threads.lane; k < g.count; k += threads.size) {
      const GroupElement at = g.element(group, k);
      y[at.i] = (x[at.i] - found.mean) * found.rstd * gamma[at.c] + beta[at.c];
    }
  };
  for_each_row_of(team, std::int64_t(s.n) * groups, g.count, row);
}

// dgamma and dbeta, over samples and pixels.
template <class T>
struct GroupNormGains {
  static constexpr int sums = 2;
  static constexpr bool applies = false;
  struct In {
    T x, dy, mean, rstd;
  };
  using Before = None;
  Groups g;
  const T *x, *mean, *rstd, *dy;
  T *dgamma, *dbeta;
  __device__ In load(std::int64_t i, std::int64_t site) const {
    const std::int64_t group = site / g.pixels * g.groups + (i - site * g.channels) / g.of_group;
    return {x[i], dy[i], mean[group], rstd[group]};
  }
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
void group_norm_backward(const Team& team, const NormShape& s, int groups, const T* x, const T* gamma, const T* mean,
                         const T* rstd, const T* dy, T* dx, T* dgamma, T* dbeta) {
  const Groups g(s, groups);
  if (dgamma)
    for_channels(team, 1, std::int64_t(s.n) * s.pixels, s.channels,
                 GroupNormGains<T>{g, x, mean, rstd, dy, dgamma, dbeta});
  if (!dx) return;
  auto row = [=] __device__(std::int64_t group, const RowThreads& threads) {
    const T m = mean[group], r = rstd[group];
    double sum_d = 0, sum_dxhat = 0;
    for (std::int64_t k = threads.lane; k < g.count; k += threads.size) {
      const GroupElement at = g.element(group, k);
      const T d = dy[at.i] * gamma[at.c];
      sum_d += d, sum_dxhat += d * ((x[at.i] - m) * r);
    }
    const T mean_d = T(threads.sum(sum_d) / g.count), mean_dxhat = T(threads.sum(sum_dxhat) / g.count);
    for (std::int64_t k = threads.lane; k < g.count; k += threads.size) {
      const GroupElement at = g.element(group, k);
      const T xhat = (x[at.i] - m) * r;
      dx[at.i] = r * (dy[at.i] * gamma[at.c] - mean_d - xhat * mean_dxhat);
    }
  };
  for_each_row_of(team, std::int64_t(s.n) * groups, g.count, row);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
