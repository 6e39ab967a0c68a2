// Restricted Boltzmann machines: stochastic units, and the statistics of data and model.
#pragma once

#include "kernels/cuda/channels.hpp"
#include "kernels/cuda/map.hpp"
#include "kernels/cuda/normal.hpp"
#include "kernels/cuda/rows.hpp"
#include "kernels/shapes.hpp"
#include "math/activations.hpp"
#include "math/philox.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// --- units ----------------------------------------------------------------------------------------------------------
// f(first, elements, words) for rows (n, features): a thread has the four words of a counter, for elements first,
// first + 16 ... of which there are so many.
template <class F>
void for_each_counter(const Team& team, int n, int features, const RandomKey& key, F f) {
  const int counters = ceil_div(features, philox_block) * 16;
  for_each(team, std::int64_t(n) * counters, [=] __device__(std::int64_t u) {
    const std::int64_t row = u / counters;
    const int q = int(u % counters), j = q / 16 * philox_block + q % 16;
    if (j < features)
      f(row * features + j, least(4, ceil_div(features - j, 16)), philox_words(key, key.sample[row], std::uint32_t(q)));
  });
}

template <class T>
struct BernoulliUnits {
  const T* x;
  T *p, *h;
  __device__ void draw(std::int64_t i, double uniform) const {
    const T chance = Sigmoid<T>{}.value(x[i]);
    if (p) p[i] = chance;
    h[i] = uniform < chance ? T(1) : T(0);
  }
};

// p = sigmoid(x), and h = 1 where a uniform draw is below p, else 0.
template <class T>
void bernoulli_units(const Team& team, int n, int features, const RandomKey& key, const double* uniform, const T* x,
                     T* p, T* h) {
  const BernoulliUnits<T> units{x, p, h};
  if (uniform)
    for_each(team, std::int64_t(n) * features, [=] __device__(std::int64_t i) { units.draw(i, uniform[i]); });
  else
    for_each_counter(team, n, features, key, [=] __device__(std::int64_t i, int count, const Words& words) {
      for (int j = 0; j < 4; j++)
        if (j < count) units.draw(i + 16 * j, u01(words.at[j]));
    });
}

// v = x + a draw of the normal distribution
template <class T>
void gaussian_units(const Team& team, int n, int features, const RandomKey& key, const T* x, T* v) {
  for_each_counter(team, n, features, key, [=] __device__(std::int64_t i, int count, const Words& words) {
    for (int j = 0; j < 4; j += 2) {
      const NormalPair<T> noise = normal_pair<T>(words.at[j], words.at[j + 1]);
      if (j < count) v[i + 16 * j] = x[i + 16 * j] + noise.a;
      if (j + 1 < count) v[i + 16 * j + 16] = x[i + 16 * j + 16] + noise.b;
    }
  });
}

// --- learning -------------------------------------------------------------------------------------------------------
// sum (features,) += rate times the terms x + shift of the data's rows and -ratio x of the model's, which follow them.
template <class T>
struct PhaseDifference {
  static constexpr int sums = 1;
  static constexpr bool applies = false;
  using In = T;
  using Before = T;
  int data;
  double rate;
  T ratio;
  const T *shift, *x;
  T *terms, *to;
  __device__ In load(std::int64_t i, std::int64_t) const { return x[i]; }
  __device__ Before begin(std::int64_t, int j) const { return shift ? shift[j] : T(0); }
  __device__ void add(double* sum, Before own, In in, std::int64_t i, std::int64_t row) const {
    const T term = row < data ? in + own : -ratio * in;
    if (terms) terms[i] = term;
    sum[0] += term;
  }
  __device__ None finish(std::int64_t, int j, Before, const double* sum, bool writes) const {
    if (writes) to[j] = T(to[j] + rate * sum[0]);
    return {};
  }
};

template <class T>
void phase_difference(const Team& team, int data, int model, int features, double rate, T ratio, const T* shift,
                      const T* x, T* terms, T* sum) {
  for_channels(team, 1, std::int64_t(data) + model, features,
               PhaseDifference<T>{data, rate, ratio, shift, x, terms, sum});
}

template <class T>
void pull_to_target(const Team& team, int features, double target, double cost, const T* activity, T* shift) {
  map(team, features, [=] __device__(T activity) { return T(cost * (target - activity)); }, shift, activity);
}

// energy (n,) = -b v, of Gaussian units (v - b)^2 / 2, minus the sum of softplus
template <class T>
void free_energy(const Team& team, int n, int visible, int hidden, bool gaussian, const T* v, const T* b,
                 const T* softplus, T* energy) {
  auto row = [=] __device__(std::int64_t i, const RowThreads& threads) {
    double sum = 0;
    for (int j = threads.lane; j < visible; j += threads.size) {
      const double value = v[i * visible + j], apart = value - b[j];
      sum += gaussian ? 0.5 * apart * apart : -value * b[j];
    }
    for (int j = threads.lane; j < hidden; j += threads.size) sum -= softplus[i * hidden + j];
    sum = threads.sum(sum);
    if (threads.lane == 0) energy[i] = T(sum);
  };
  for_each_row_of(team, n, std::int64_t(visible) + hidden, row);
}

// y = a y + b x
template <class T>
void blend(const Team& team, std::int64_t count, T a, T b, const T* x, T* y) {
  map(team, count, [=] __device__(T x, T y) { return a * y + b * x; }, y, x, static_cast<const T*>(y));
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
