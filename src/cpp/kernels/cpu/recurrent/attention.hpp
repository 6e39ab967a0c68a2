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
  return lane_sum<T>(sum);
}
// y += a x
template <class T>
FASTDL_INLINE void add_row(int count, T a, const T* x, T* y) {
  for_slices<T>(0, count, [&](Slice<T> at) { at.write(y, at.read(y) + a * at.read(x)); });
}

template <class T>
FASTDL_INLINE T score_row(Score score, int size, const T* q, const T* k, const T* w) {
  if (score == Score::dot) return dot_row(size, q, k);
  Vec<T> sum{};
  for_slices<T>(0, size, [&](Slice<T> at) { sum += at.read(w) * vtanh(at.read(q) + at.read(k)); });
  return lane_sum<T>(sum);
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
  for (int j = 0; j < from.length; j++) weights[j] = score_row(score, size, q, from.key(j), w);
  softmax_row(from.length, weights);
  clear(weights + from.length, from.steps - from.length);
  clear(y, features);
  for (int j = 0; j < from.length; j++) add_row(features, weights[j], from.value(j), y);
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
  clear(dq, size);
  for (int j = 0; j < from.length; j++) {
    const T de = weights[j] * (dweights[j] - mean), *k = from.key(j);
    T* dkey = dk + j * from.k_row;
    if (score == Score::dot) {
      for_slices<T>(0, size, [&](Slice<T> at) {
        at.write(dq, at.read(dq) + de * at.read(k));
        at.write(dkey, at.read(dkey) + de * at.read(q));
      });
      continue;
    }
    for_slices<T>(0, size, [&](Slice<T> at) {
      const Vec<T> h = vtanh(at.read(q) + at.read(k)), d = de * at.read(w) * (1 - h * h);
      at.write(dq, at.read(dq) + d);
      at.write(dkey, at.read(dkey) + d);
      at.write(dw, at.read(dw) + de * h);
    });
  }
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
