// Sums and maxima over the lanes of a vector and over many vectors, in an order that nothing but the shape decides.
#pragma once

#include "kernels/cpu/transpose.hpp"
#include "math/elementary.hpp"

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

// f(0) + ... + f(count - 1) in four chains, to hide the latency of the additions.
template <class F>
FASTDL_INLINE auto sum_of(std::int64_t count, F f) {
  decltype(f(0)) a{}, b{}, c{}, d{};
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) a = a + f(i), b = b + f(i + 1), c = c + f(i + 2), d = d + f(i + 3);
  for (; i < count; i++) a = a + f(i);
  return (a + b) + (c + d);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
