// attention: y = the mean of a source's values, weighted by the softmax of how well a query fits its keys
#pragma once

#include "kernels/attention.hpp"
#include "kernels/cpu/dense.hpp"
#include "kernels/cpu/sequence.hpp"
#include "kernels/cpu/views.hpp"
#include "math/activations.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Keys and values of one sequence, `length` rows that lie so far apart.
template <class T>
struct Source {
  const T *k, *v;
  std::int64_t k_row, v_row;
  int length, steps;
  FASTDL_INLINE const T* key(int j) const { return k + j * k_row; }
  FASTDL_INLINE const T* value(int j) const { return v + j * v_row; }
};

template <class T>
FASTDL_INLINE T dot_row(int count, const T* a, const T* b) {
  Vec<T> sum{};
  for_slices<T>(0, count, [&](Slice<T> at) { sum += at.read(a) * at.read(b); });
  return spread_sum(sum)[0];
}
// y += a x
template <class T>
FASTDL_INLINE void add_row(int count, T a, const T* x, T* y) {
  for_slices<T>(0, count, [&](Slice<T> at) { at.write(y, at.read(y) + a * at.read(x)); });
}

// Some vectors of a row side by side, whose sums over the steps of a source stay in registers.
template <class T, int N>
struct Slices {
  static constexpr int size = N;
  Slice<T> first;
  FASTDL_INLINE Slice<T> at(int u) const { return {first.i + u * lanes<T>, N > 1 ? lanes<T> : first.count}; }
};
template <class T, class F>
FASTDL_INLINE void for_wide_slices(std::int64_t count, F f) {
  constexpr int wide = 4;
  std::int64_t i = 0;
  for (; i + wide * lanes<T> <= count; i += wide * lanes<T>) f(Slices<T, wide>{{i, lanes<T>}});
  for_slices<T>(i, count, [&](Slice<T> at) { f(Slices<T, 1>{at}); });
}

// The scores of N keys from the j-th on; together, for tanh is a long chain.
template <int N, class T>
FASTDL_INLINE void score_keys(Score score, int size, const T* q, const T* w, const Source<T>& from, int j, T* scores) {
  Vec<T> sums[N]{};
  if (score == Score::dot)
    for_slices<T>(0, size, [&](Slice<T> at) {
      const Vec<T> query = at.read(q);
#pragma GCC unroll 4
      for (int u = 0; u < N; u++) sums[u] += query * at.read(from.key(j + u));
    });
  else
    for_slices<T>(0, size, [&](Slice<T> at) {
      const Vec<T> query = at.read(q), weight = at.read(w);
#pragma GCC unroll 4
      for (int u = 0; u < N; u++) sums[u] += weight * vtanh(query + at.read(from.key(j + u)));
    });
#pragma GCC unroll 4
  for (int u = 0; u < N; u++) scores[j + u] = spread_sum(sums[u])[0];
}

// In place, of x (count,)
template <class T>
FASTDL_INLINE void softmax_row(int count, T* x) {
  const RowSite<T> row{count, 0};
  const Vec<T> top = row.max([&](auto at) { return at.read(x); });
  const Vec<T> sum = row.sum([&](auto at) {
    const Vec<T> e = vexp(at.read(x) - top);
    at.write(x, e);
    return e;
  });
  row.each([&](auto at) { at.write(x, at.read(x) / sum); });
}

// weights (steps,), zero past the length; y (features,), zero of a source without steps
template <class T>
FASTDL_INLINE void attend(Score score, int size, int features, const T* q, const T* w, const Source<T>& from,
                          T* weights, T* y) {
  constexpr int together = 4;
  const int most = from.length - from.length % together;
  for (int j = 0; j < most; j += together) score_keys<together>(score, size, q, w, from, j, weights);
  for (int j = most; j < from.length; j++) score_keys<1>(score, size, q, w, from, j, weights);
  softmax_row(from.length, weights);
  clear(weights + from.length, from.steps - from.length);
  for_wide_slices<T>(features, [&](auto slices) {
    Vec<T> sums[slices.size]{};
    for (int j = 0; j < from.length; j++)
#pragma GCC unroll 4
      for (int u = 0; u < slices.size; u++) sums[u] += weights[j] * slices.at(u).read(from.value(j));
#pragma GCC unroll 4
    for (int u = 0; u < slices.size; u++) slices.at(u).write(y, sums[u]);
  });
}

// What one query adds to the gradients of keys and values, which lie as those do, and to dw; dq is written.
// dweights (steps,): to work in.
template <class T>
FASTDL_INLINE void attend_backward(Score score, int size, int features, const T* q, const T* w, const Source<T>& from,
                                   const T* weights, const T* dy, T* dweights, T* dq, T* dk, T* dv, T* dw) {
  T mean = 0;
  for (int j = 0; j < from.length; j++) {
    dweights[j] = dot_row(features, dy, from.value(j));
    mean += weights[j] * dweights[j];
    add_row(features, weights[j], dy, dv + j * from.v_row);
  }
  for (int j = 0; j < from.length; j++) dweights[j] = weights[j] * (dweights[j] - mean);  // of the scores
  for_wide_slices<T>(size, [&](auto slices) {
    constexpr int n = slices.size;
    Vec<T> query[n], dquery[n]{}, weight[n]{}, dweight[n]{};
#pragma GCC unroll 4
    for (int u = 0; u < n; u++) {
      query[u] = slices.at(u).read(q);
      if (score == Score::additive) weight[u] = slices.at(u).read(w), dweight[u] = slices.at(u).read(dw);
    }
    for (int j = 0; j < from.length; j++) {
      T* dkey = dk + j * from.k_row;
#pragma GCC unroll 4
      for (int u = 0; u < n; u++) {
        const Slice<T> at = slices.at(u);
        const Vec<T> key = at.read(from.key(j));
        if (score == Score::dot) {
          dquery[u] += dweights[j] * key;
          at.write(dkey, at.read(dkey) + dweights[j] * query[u]);
          continue;
        }
        const Vec<T> h = vtanh(query[u] + key), d = dweights[j] * weight[u] * (1 - h * h);
        dquery[u] += d, dweight[u] += dweights[j] * h;
        at.write(dkey, at.read(dkey) + d);
      }
    }
#pragma GCC unroll 4
    for (int u = 0; u < n; u++) {
      slices.at(u).write(dq, dquery[u]);
      if (score == Score::additive) slices.at(u).write(dw, dweight[u]);
    }
  });
}

// --- all queries of all sequences -----------------------------------------------------------------------------------
template <class T>
Source<T> source_of(const AttentionShape& s, const AttentionArrays<T>& a, std::int64_t i) {
  return {a.k + i * s.size,           a.v + i * s.features,
          std::int64_t(s.n) * s.size, std::int64_t(s.n) * s.features,
          int(s.lengths[i]),          s.steps};
}

template <class T>
void attention_forward(const Team& team, const AttentionShape& s, const AttentionArrays<T>& a) {
  const Range part = team.share(s.n);
  for (std::int64_t i = part.begin; i < part.end; i++)
    for (int t = 0; t < s.queries; t++) {
      const std::int64_t row = std::int64_t(t) * s.n + i;
      attend(s.score, s.size, s.features, a.q + row * s.size, a.w, source_of(s, a, i), a.weights + row * s.steps,
             a.y + row * s.features);
    }
  team.sync();
}

// dweights (n, steps): to work in
template <class T>
void attention_backward(const Team& team, const AttentionShape& s, const AttentionArrays<T>& a,
                        const AttentionGradients<T>& d) {
  const Range part = team.share(s.n);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    for (int j = 0; j < s.steps; j++) {
      clear(d.dk + (std::int64_t(j) * s.n + i) * s.size, s.size);
      clear(d.dv + (std::int64_t(j) * s.n + i) * s.features, s.features);
    }
    if (d.dw) clear(d.dw_of_each + i * s.size, s.size);
    for (int t = 0; t < s.queries; t++) {
      const std::int64_t row = std::int64_t(t) * s.n + i;
      attend_backward(s.score, s.size, s.features, a.q + row * s.size, a.w, source_of(s, a, i),
                      a.weights + row * s.steps, d.dy + row * s.features, d.dweights + i * s.steps, d.dq + row * s.size,
                      d.dk + i * s.size, d.dv + i * s.features, d.dw ? d.dw_of_each + i * s.size : nullptr);
    }
  }
  team.sync();
  if (d.dw) sum_rows(team, s.n, s.size, d.dw_of_each, d.dw);
  team.sync();
}

// --- the last step of each sequence, of features from first_of on its first one -------------------------------------
template <class T>
void ends_forward(const Team& team, const SequenceShape& s, int first_of, const T* x, T* y) {
  const Range part = team.share(s.n);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    T* to = y + i * s.features;
    if (s.lengths[i] == 0) {
      clear(to, s.features);
      continue;
    }
    const T* last = x + (std::int64_t(s.lengths[i] - 1) * s.n + i) * s.features;
    __builtin_memcpy(to, last, first_of * sizeof(T));
    __builtin_memcpy(to + first_of, x + i * s.features + first_of, (s.features - first_of) * sizeof(T));
  }
  team.sync();
}

template <class T>
void ends_backward(const Team& team, const SequenceShape& s, int first_of, const T* dy, T* dx) {
  const Range part = team.share(s.n);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    if (s.lengths[i] == 0) continue;
    const T* from = dy + i * s.features;
    add_row(first_of, T(1), from, dx + (std::int64_t(s.lengths[i] - 1) * s.n + i) * s.features);
    add_row(s.features - first_of, T(1), from + first_of, dx + i * s.features + first_of);
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
