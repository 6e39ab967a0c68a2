// Losses of the distances between the samples of a batch. A sample's own loss compares it with the others; one without
// weight takes no part. Each row of distances and of slopes by them is one thread's, and so is each row of the
// gradient.
#pragma once

#include "kernels/cpu/views.hpp"
#include "kernels/training.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
FASTDL_INLINE T norm_of(const LossArgs<T>& a) {
  return T(*a.norm / a.share);
}

// A sample among the others: row i of the distances, and of the loss's slopes by them.
template <class T>
struct Anchor {
  const LossArgs<T>& a;
  std::int64_t i;
  const T* distance;  // (n,), squared
  T* slope;           // (n,), from 0
  T* room;            // (n,)
  FASTDL_INLINE bool counts(std::int64_t j) const { return !a.weight || a.weight[j] != 0; }
  FASTDL_INLINE bool is_alike(std::int64_t j) const { return j != i && a.codes[j] == a.codes[i] && counts(j); }
  FASTDL_INLINE bool is_other(std::int64_t j) const { return a.codes[j] != a.codes[i] && counts(j); }
};

// The first of n values that is the smallest of those above a limit; -1 where none is. Infinity is none.
template <class T>
FASTDL_INLINE int smallest_above(const T* values, int n, T limit) {
  const Vec<T> none = splat(T(__builtin_inf()));
  Vec<T> best = none;
  for_slices<T>(0, n, [&](Slice<T> at) {
    const Vec<T> x = keep_lanes(at.read(values), at.count, none);
    best = vmin(best, x > limit ? x : none);
  });
  const T found = -spread_max(-best)[0];
  if (found == none[0]) return -1;
  int j = 0;
  while (values[j] != found) j++;
  return j;
}

// The mean over p of the same code of max(0, margin + d(a, p) - d(a, n)), d squared; n is the nearest of another code
// that is further off than p, or, where all are nearer, the furthest (semi-hard: Schroff et al. 2015).
template <class T>
FASTDL_INLINE T triplet(const Anchor<T>& anchor, T margin) {
  const T* d = anchor.distance;
  const int n = anchor.a.n;
  int alike = 0, furthest = -1;
  for (int j = 0; j < n; j++) {
    const bool other = anchor.is_other(j);
    alike += anchor.is_alike(j);
    anchor.room[j] = other ? d[j] : T(__builtin_inf());
    if (other && (furthest < 0 || d[j] > d[furthest])) furthest = j;
  }
  if (furthest < 0) return 0;  // nothing to tell it from
  const T share = T(1) / T(alike);
  T sum = 0;
  for (int p = 0; p < n; p++) {
    if (!anchor.is_alike(p)) continue;
    const int beyond = smallest_above(anchor.room, n, d[p]), other = beyond < 0 ? furthest : beyond;
    const T value = margin + d[p] - d[other];
    if (value <= 0) continue;
    sum += value * share;
    anchor.slope[p] += share;
    anchor.slope[other] -= share;
  }
  return sum;
}

// The mean of d^2 / 2 over those of the same code, and of max(0, margin - d)^2 / 2 over those of others (Hadsell et al.
// 2006).
template <class T>
FASTDL_INLINE T contrastive(const Anchor<T>& anchor, T margin) {
  const int n = anchor.a.n;
  int alike = 0, others = 0;
  for (int j = 0; j < n; j++) alike += anchor.is_alike(j), others += anchor.is_other(j);
  T near = 0, far = 0;
  for (int j = 0; j < n; j++) {
    const T square = anchor.distance[j];
    if (anchor.is_alike(j)) {
      near += square;
      anchor.slope[j] = T(0.5) / T(alike);
    } else if (anchor.is_other(j)) {
      const T d = vsqrt(splat(square))[0], gap = margin - d;
      if (gap <= 0) continue;
      far += gap * gap;
      anchor.slope[j] = d > 0 ? -gap / (2 * d * T(others)) : 0;
    }
  }
  return (alike ? near / T(2 * alike) : 0) + (others ? far / T(2 * others) : 0);
}

// row(anchor) gives the value of a sample and writes the slopes by its squared distances. With those of both samples of
// a pair together, s_ij, the gradient is dz_i = 2 sum_j s_ij (z_i - z_j).
template <class T, class Row>
FASTDL_INLINE void each_anchor(const Team& team, const LossArgs<T>& a, Row row_value) {
  const std::int64_t n = a.n;
  const T norm = norm_of(a);
  T *distances = a.pairs, *slopes = distances + n * n, *room = slopes + n * n;
  const Range part = team.share(n);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    const RowSite<T> row{a.outputs, i};
    T *distance = distances + i * n, *slope = slopes + i * n;
    for (std::int64_t j = 0; j < n; j++) {
      distance[j] = row.sum([&](const auto& at) {
        const Vec<T> d = at.read(a.pred) - Slice<T>{at.i + (j - i) * a.outputs, at.count}.read(a.pred);
        return d * d;
      })[0];
      slope[j] = 0;
    }
    const T weight = a.weight ? a.weight[i] : 1;
    a.value[i] = weight != 0 ? double(weight) * double(row_value(Anchor<T>{a, i, distance, slope, room + i * n})) : 0;
    for (std::int64_t j = 0; j < n; j++) slope[j] *= 2 * weight / norm;
  }
  team.sync();
  for (std::int64_t i = part.begin; a.dpred && i < part.end; i++) {
    const RowSite<T> row{a.outputs, i};
    row.each([&](const auto& at) { at.write(a.dpred, Vec<T>{}); });
    for (std::int64_t j = 0; j < n; j++) {
      const T slope = slopes[i * n + j] + slopes[j * n + i];
      if (slope == 0) continue;
      row.each([&](const auto& at) {
        const Vec<T> d = at.read(a.pred) - Slice<T>{at.i + (j - i) * a.outputs, at.count}.read(a.pred);
        at.write(a.dpred, at.read(a.dpred) + slope * d);
      });
    }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
