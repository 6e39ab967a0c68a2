// Values side by side that a thread reads and writes at once: 16 bytes, or one value where channels or addresses do not
// let it.
#pragma once

#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr int pack = int(16 / sizeof(T));

template <class T, int N>
struct alignas(N * sizeof(T)) Pack {
  T v[N];
  FASTDL_INLINE T& operator[](int k) { return v[k]; }
  FASTDL_INLINE T operator[](int k) const { return v[k]; }
};
template <int N, class T>
FASTDL_INLINE Pack<T, N> load(const T* x) {
  return *reinterpret_cast<const Pack<T, N>*>(x);
}
template <int N, class T>
FASTDL_INLINE void store(T* y, const Pack<T, N>& x) {
  *reinterpret_cast<Pack<T, N>*>(y) = x;
}
// Of each value, f(k).
template <class T, int N, class F>
FASTDL_INLINE Pack<T, N> packed(F f) {
  Pack<T, N> y;
  for (int k = 0; k < N; k++) y[k] = f(k);
  return y;
}
template <class T, int N>
FASTDL_INLINE Pack<T, N> operator+(const Pack<T, N>& a, const Pack<T, N>& b) {
  return packed<T, N>([&](int k) { return a[k] + b[k]; });
}
template <class T, int N>
FASTDL_INLINE Pack<T, N> operator*(const Pack<T, N>& a, T b) {
  return packed<T, N>([&](int k) { return a[k] * b; });
}

// Whether an argument of a kernel lets packs be read: all but pointers do.
template <class A>
bool takes_packs(const A&) {
  return true;
}
template <class A>
bool takes_packs(A* p) {
  return reinterpret_cast<std::uintptr_t>(p) % 16 == 0;
}

// Op<T, N>{args...}(i) for all packs of `values` values, of which `side` lie side by side.
template <template <class, int> class Op, class T, class... A>
void for_each_pack(const Team& team, std::int64_t values, std::int64_t side, A... args) {
  if (side % pack<T> == 0 && (... && takes_packs(args)))
    for_each(team, values / pack<T>, Op<T, pack<T>>{args...});
  else
    for_each(team, values, Op<T, 1>{args...});
}

// The i-th pack of images (n, h, w, c). Divisions of 64 bits would take longer than the pack.
struct Site {
  std::int64_t sample;
  int h, w, c;
};
template <int N, class I>
FASTDL_INLINE Site site_in(I i, I h, I w, I packs) {
  const I pixel = i / packs, row = pixel / w, sample = row / h;
  return {std::int64_t(sample), int(row - sample * h), int(pixel - row * w), int(i - pixel * packs) * N};
}
template <int N>
FASTDL_INLINE Site site_of(std::int64_t i, int h, int w, int c) {
  if (i >> 32) return site_in<N, std::int64_t>(i, h, w, c / N);
  return site_in<N>(std::uint32_t(i), std::uint32_t(h), std::uint32_t(w), std::uint32_t(c / N));
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
