// One vector of the instruction set: GCC/Clang vector types, width FASTDL_VECTOR_BYTES. Like all
// headers of kernels/cpu and math it is compiled once per instruction set, in a namespace of that set's, with internal
// linkage: an inline function that the sets shared would be merged by the linker, and a machine without AVX-512 would
// run the AVX-512 copy. So nothing of std:: but types (cmake/CheckSymbols.cmake looks).
#pragma once

#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "core/team.hpp"

#ifndef FASTDL_ISA  // a header alone, as an editor sees it
#define FASTDL_ISA generic
#define FASTDL_VECTOR_BYTES 16
#endif

// Keeps the compiler from loading a value again for each use of it, and from joining a product to the sum it goes into.
#if defined(__x86_64__)
#define FASTDL_IN_REGISTER(x) asm("" : "+v"(x))
#elif defined(__aarch64__)
#define FASTDL_IN_REGISTER(x) asm("" : "+w"(x))
#else
#define FASTDL_IN_REGISTER(x)
#endif

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
struct VecOf;
template <>
struct VecOf<float> {
  typedef float V __attribute__((vector_size(FASTDL_VECTOR_BYTES)));
  typedef float U __attribute__((vector_size(FASTDL_VECTOR_BYTES), aligned(4), may_alias));
  typedef std::int32_t I __attribute__((vector_size(FASTDL_VECTOR_BYTES)));
};
template <>
struct VecOf<double> {
  typedef double V __attribute__((vector_size(FASTDL_VECTOR_BYTES)));
  typedef double U __attribute__((vector_size(FASTDL_VECTOR_BYTES), aligned(8), may_alias));
  typedef std::int64_t I __attribute__((vector_size(FASTDL_VECTOR_BYTES)));
};

template <class T>
using Vec = typename VecOf<T>::V;  // aligned
// Half a vector, where arithmetic with one takes half of the time: of 64 bytes, on machines that add 32 at once.
constexpr bool halves = FASTDL_VECTOR_BYTES == 64;
template <class T>
using Mask = typename VecOf<T>::I;  // integers of the same width; a comparison gives 0 or -1 in each lane
template <class T>
using LaneIndex = decltype(Mask<T>{}[0] + 0);

template <class T>
constexpr int lanes = FASTDL_VECTOR_BYTES / sizeof(T);

template <class T>
FASTDL_INLINE Vec<T> splat(T x) {
  return x - Vec<T>{};
}
template <class T>
FASTDL_INLINE Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename VecOf<T>::U*>(p);
}
template <class T>
FASTDL_INLINE void store(T* p, Vec<T> x) {
  *reinterpret_cast<typename VecOf<T>::U*>(p) = x;
}
// The first count lanes; the others are zero on load and left alone on store. Compilers make masked moves of these
// loops (an index as wide as T and no unrolling help them).
template <class T>
FASTDL_INLINE Vec<T> load_part(const T* p, int count) {
  T x[lanes<T>];
  const LaneIndex<T> end = count;
#pragma GCC unroll 1
  for (LaneIndex<T> i = 0; i < lanes<T>; i++) x[i] = i < end ? p[i] : T(0);
  return load(x);
}
template <class T>
FASTDL_INLINE void store_part(T* p, Vec<T> x, int count) {
  const LaneIndex<T> end = count;
#pragma GCC unroll 1
  for (LaneIndex<T> i = 0; i < lanes<T>; i++)
    if (i < end) p[i] = x[i];
}
template <class T>
FASTDL_INLINE T lane_sum(Vec<T> x) {  // in lane order, the same for every caller
  T s = x[0];
  for (int i = 1; i < lanes<T>; i++) s += x[i];
  return s;
}
// b where either is NaN, as the machine's instructions have it, which GCC does not take for vectors by itself.
#if defined(__AVX512F__)
FASTDL_INLINE Vec<float> vmax(Vec<float> a, Vec<float> b) { return _mm512_maskz_max_ps(-1, a, b); }
FASTDL_INLINE Vec<float> vmin(Vec<float> a, Vec<float> b) { return _mm512_maskz_min_ps(-1, a, b); }
FASTDL_INLINE Vec<double> vmax(Vec<double> a, Vec<double> b) { return _mm512_maskz_max_pd(-1, a, b); }
FASTDL_INLINE Vec<double> vmin(Vec<double> a, Vec<double> b) { return _mm512_maskz_min_pd(-1, a, b); }
#elif defined(__AVX2__)
FASTDL_INLINE Vec<float> vmax(Vec<float> a, Vec<float> b) { return _mm256_max_ps(a, b); }
FASTDL_INLINE Vec<float> vmin(Vec<float> a, Vec<float> b) { return _mm256_min_ps(a, b); }
FASTDL_INLINE Vec<double> vmax(Vec<double> a, Vec<double> b) { return _mm256_max_pd(a, b); }
FASTDL_INLINE Vec<double> vmin(Vec<double> a, Vec<double> b) { return _mm256_min_pd(a, b); }
#endif
template <class V>
FASTDL_INLINE V vmax(V a, V b) {
  return a > b ? a : b;
}
template <class V>
FASTDL_INLINE V vmin(V a, V b) {
  return a < b ? a : b;
}
template <class N>
FASTDL_INLINE constexpr N least(N a, N b) {
  return a < b ? a : b;
}
template <class N>
FASTDL_INLINE N most(N a, N b) {
  return a > b ? a : b;
}
template <class N>
FASTDL_INLINE N ceil_div(N a, N b) {
  return (a + b - 1) / b;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
