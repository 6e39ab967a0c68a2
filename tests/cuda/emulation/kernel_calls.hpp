// What kernels call: barriers, shuffles, votes, atomics, arithmetic.
#pragma once

#include <bit>
#include <cmath>

#include "emulation/grid.hpp"

using std::max, std::min;

#define HERE cuda_emulation::Site site = cuda_emulation::Site::current()

// --- barriers
inline void __syncthreads(HERE) { cuda_emulation::meet_block(0, site); }
inline int __syncthreads_count(int vote, HERE) { return cuda_emulation::meet_block(vote != 0, site); }
inline int __syncthreads_or(int vote, HERE) { return cuda_emulation::meet_block(vote != 0, site) > 0; }
inline int __syncthreads_and(int vote, HERE) { return cuda_emulation::meet_block(vote == 0, site) == 0; }
inline void grid_sync(HERE) { cuda_emulation::meet_grid(site); }
inline void __syncwarp(unsigned mask = ~0u, HERE) {
  cuda_emulation::meet(mask, nullptr, site, [](cuda_emulation::Thread**) {});
}
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __nanosleep(unsigned) {  // others go on
  const cuda_emulation::Quiet quiet;
  cuda_emulation::current->state = cuda_emulation::State::ready;
  cuda_emulation::back();
}

// --- shuffles and votes
namespace cuda_emulation {
inline int lane() { return current->number % 32; }
template <class T>
T shuffle(unsigned mask, T value, int from, int width, const Site& site) {
  struct Offer {
    T value, got;
    int from;
  } mine{value, value, from};
  if (from < 0 || from >= 32 || from / width != lane() / width) mine.from = lane();
  meet(mask, &mine, site, [](Thread** lanes) {
    for (int i = 0; i < 32; i++) {
      if (!lanes[i]) continue;
      Offer& to = *static_cast<Offer*>(lanes[i]->mine);
      if (!lanes[to.from]) fail(who(*lanes[i]) + " reads lane " + std::to_string(to.from) + ", which is not there");
      to.got = static_cast<Offer*>(lanes[to.from]->mine)->value;
    }
  });
  return mine.got;
}
inline unsigned ballot(unsigned mask, bool vote, const Site& site) {
  struct Offer {
    bool vote;
    unsigned all;
  } mine{vote, 0};
  meet(mask, &mine, site, [](Thread** lanes) {
    unsigned all = 0;
    for (int i = 0; i < 32; i++)
      if (lanes[i] && static_cast<Offer*>(lanes[i]->mine)->vote) all |= 1u << i;
    for (int i = 0; i < 32; i++)
      if (lanes[i]) static_cast<Offer*>(lanes[i]->mine)->all = all;
  });
  return mine.all;
}
}  // namespace cuda_emulation

template <class T>
T __shfl_sync(unsigned mask, T v, int from, int width = 32, HERE) {
  return cuda_emulation::shuffle(mask, v, cuda_emulation::lane() / width * width + from % width, width, site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T v, int bits, int width = 32, HERE) {
  return cuda_emulation::shuffle(mask, v, cuda_emulation::lane() ^ bits, width, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32, HERE) {
  return cuda_emulation::shuffle(mask, v, cuda_emulation::lane() + int(by), width, site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32, HERE) {
  return cuda_emulation::shuffle(mask, v, cuda_emulation::lane() - int(by), width, site);
}
inline unsigned __ballot_sync(unsigned mask, int vote, HERE) { return cuda_emulation::ballot(mask, vote, site); }
inline int __any_sync(unsigned mask, int vote, HERE) { return cuda_emulation::ballot(mask, vote, site) != 0; }
inline int __all_sync(unsigned mask, int vote, HERE) { return cuda_emulation::ballot(mask, !vote, site) == 0; }
#undef HERE

// --- atomics return what was there. Relaxed, so that -fsanitize=thread takes them for no barrier
namespace cuda_emulation {
template <class T, class F>
T change(T* at, F f) {
  T old, now;
  __atomic_load(at, &old, __ATOMIC_RELAXED);
  do now = f(old);
  while (!__atomic_compare_exchange(at, &old, &now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return old;
}
}  // namespace cuda_emulation
template <class T>
T atomicAdd(T* at, std::type_identity_t<T> v) {
  return cuda_emulation::change(at, [=](T old) { return T(old + v); });
}
template <class T>
T atomicMax(T* at, std::type_identity_t<T> v) {
  return cuda_emulation::change(at, [=](T old) { return std::max(old, v); });
}
template <class T>
T atomicMin(T* at, std::type_identity_t<T> v) {
  return cuda_emulation::change(at, [=](T old) { return std::min(old, v); });
}
template <class T>
T atomicOr(T* at, std::type_identity_t<T> v) {
  return cuda_emulation::change(at, [=](T old) { return T(old | v); });
}
template <class T>
T atomicExch(T* at, std::type_identity_t<T> v) {
  return cuda_emulation::change(at, [=](T) { return v; });
}
template <class T>
T atomicCAS(T* at, std::type_identity_t<T> is, std::type_identity_t<T> v) {
  return cuda_emulation::change(at, [=](T old) { return old == is ? v : old; });
}

// --- memory, arithmetic
template <class T>
T __ldg(const T* p) {
  return *p;
}
template <class T>
T __ldcg(const T* p) {
  return *p;
}
template <class T>
T __ldcs(const T* p) {
  return *p;
}
template <class T>
void __stcs(T* p, T v) {
  *p = v;
}
inline float rsqrtf(float x) { return 1 / std::sqrt(x); }
inline double rsqrt(double x) { return 1 / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return std::countl_zero(unsigned(x)); }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(std::uint64_t(a) * b >> 32); }
