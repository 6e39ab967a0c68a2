// Sums and maxima over the lanes of a vector and over many vectors, in an order that nothing but the shape decides.
#pragma once

#include "kernels/cpu/elementary.hpp"
#include "kernels/cpu/transpose.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class V>
FASTDL_INLINE V keep_lanes(V x, int count, V other = V{}) {  // x in the first count lanes
  Bits<V> lane;
  for (int i = 0; i < lanes<Element<V>>; i++) lane[i] = i;
  return lane < count ? x : other;
}
template <class T>
struct Pair {  // two sums at once
  Vec<T> a, b;
  FASTDL_INLINE Pair operator+(Pair other) const { return {a + other.a, b + other.b}; }
};
template <class T>
FASTDL_INLINE Pair<T> keep_lanes(Pair<T> x, int count) {
  return {keep_lanes(x.a, count), keep_lanes(x.b, count)};
}
template <class T>
FASTDL_INLINE Pair<T> keep_lanes(Pair<T> x, int count, Pair<T> other) {
  return {keep_lanes(x.a, count, other.a), keep_lanes(x.b, count, other.b)};
}
// The sum (or maximum) of the lanes in every lane: halves that far apart are folded, then quarters ...
template <int far, class V, int... i>
FASTDL_INLINE V swap_lanes(V x, Sequence<i...>) {
  return __builtin_shufflevector(x, x, (i ^ far)...);
}
template <int far, class V, class F>
FASTDL_INLINE V fold_lanes(V x, F f) {
  x = f(x, swap_lanes<far>(x, typename Count<lanes<Element<V>>>::Up{}));
  if constexpr (far > 1) x = fold_lanes<far / 2>(x, f);
  return x;
}
template <class V>
FASTDL_INLINE V spread_sum(V x) {
  return fold_lanes<lanes<Element<V>> / 2>(x, [](V a, V b) { return a + b; });
}
template <class V>
FASTDL_INLINE V spread_max(V x) {
  return fold_lanes<lanes<Element<V>> / 2>(x, [](V a, V b) { return vmax(a, b); });
}
template <class T>
FASTDL_INLINE Pair<T> spread_sum(Pair<T> x) {
  return {spread_sum(x.a), spread_sum(x.b)};
}

// --- maxima and where they are
// Positions are kept in the place of values, as integers of the same width: a float counts to 2^24 only.
template <class T>
FASTDL_INLINE Mask<T> place_of(std::int64_t position) {
  return LaneIndex<T>(position) - Mask<T>{};
}
template <class T>
FASTDL_INLINE Vec<T> place_bits(Mask<T> place) {
  return (Vec<T>)place;
}
template <class T>
FASTDL_INLINE Mask<T> place_in(Vec<T> bits) {
  return (Mask<T>)bits;
}
// All ones in the lanes where v is taken after best: the first of equal values stays, and so does the first NaN, which
// wins.
template <class V>
FASTDL_INLINE auto beats(V v, V best) {
  return (v > best) | ((v != v) & (best == best));
}

// --- sums
// Adds terms pairwise: two by two, then those sums two by two ... Its error grows with the logarithm of their number; a
// chain of a million small terms would lose five of a float's seven digits (Higham 1993).
template <class S>
struct PairwiseSum {
  S open[48];  // sums of 1, 2, 4 ... terms that wait for another of their length
  int used = 0;
  std::int64_t terms = 0;
  FASTDL_INLINE void add(S sum) {
    for (std::int64_t k = terms++; k & 1; k >>= 1) sum = open[--used] + sum;
    open[used++] = sum;
  }
  FASTDL_INLINE S total() const {
    S sum{};
    for (int i = used - 1; i >= 0; i--) sum = i == used - 1 ? open[i] : open[i] + sum;
    return sum;
  }
};

constexpr int sum_run = 256;

// f(begin) + ... + f(end - 1) in four chains, to hide the latency of the additions.
template <class F>
FASTDL_INLINE auto sum_of_run(std::int64_t begin, std::int64_t end, F f) {
  decltype(f(0)) chain[4]{};
  std::int64_t i = begin;
  for (; i + 4 <= end; i += 4)
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) chain[k] = chain[k] + f(i + k);  // f stands here once, or it is not inlined
  for (; i < end; i++) chain[0] = chain[0] + f(i);
  return (chain[0] + chain[1]) + (chain[2] + chain[3]);
}
template <class F>
__attribute__((noinline)) auto sum_of_runs(std::int64_t count, F f) {
  PairwiseSum<decltype(f(0))> sum;
  for (std::int64_t begin = 0; begin < count; begin += sum_run)
    sum.add(sum_of_run(begin, least(begin + sum_run, count), f));
  return sum.total();
}
// f(0) + ... + f(count - 1): runs, and these pairwise.
template <class F>
FASTDL_INLINE auto sum_of(std::int64_t count, F f) {
  return count <= sum_run ? sum_of_run(0, count, f) : sum_of_runs(count, f);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
