// Values as they are, whole or some channels of them, and their sum.
#pragma once

#include "kernels/cpu/views.hpp"
#include "kernels/memory.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void copy(const Team& team, std::int64_t count, const T* x, T* y) {
  const Range part = team.share(count);
  if (x != y && part.end > part.begin)  // a block of nothing has no address
    __builtin_memcpy(y + part.begin, x + part.begin, (part.end - part.begin) * sizeof(T));
  team.sync();
}

template <class T>
void fill(const Team& team, std::int64_t count, T value, T* y) {
  each_slice<T>(team, count, [&](Slice<T> at) { at.write(y, splat(value)); });
}

// --- some channels of a whole: body(offset in the slice, in the whole, elements side by side in both) ----------------
template <class T, class Body>
FASTDL_INLINE void each_run(const Team& team, const ChannelSlice& s, Body body) {
  const bool image = s.whole.image;  // a run is a channel of a block; of rows, all channels of a row
  const std::int64_t inner = image ? std::int64_t(s.whole.pixels) * lanes<T> : 1, runs = image ? s.channels : 1;
  const std::int64_t count = image ? inner : s.channels;
  const Range part = team.share((image ? ceil_div(s.whole.n, lanes<T>) : s.whole.n) * runs);
  for (std::int64_t u = part.begin; u < part.end; u++)
    body(u * count, (u / runs * s.whole.channels + s.first) * inner + u % runs * count, count);
  team.sync();
}

template <class T>
void put_slice(const Team& team, const ChannelSlice& s, const T* slice, T* whole) {
  each_run<T>(team, s, [&](std::int64_t i, std::int64_t at, std::int64_t count) {
    __builtin_memcpy(whole + at, slice + i, count * sizeof(T));
  });
}

template <class T>
void take_slice(const Team& team, const ChannelSlice& s, const T* whole, T* slice) {
  each_run<T>(team, s, [&](std::int64_t i, std::int64_t at, std::int64_t count) {
    __builtin_memcpy(slice + i, whole + at, count * sizeof(T));
  });
}

template <class T>
void add_slice(const Team& team, const ChannelSlice& s, const T* whole, T* slice) {
  each_run<T>(team, s, [&](std::int64_t i, std::int64_t at, std::int64_t count) {
    for_slices<T>(0, count, [&](Slice<T> k) { k.write(slice + i, k.read(slice + i) + k.read(whole + at)); });
  });
}

template <class N>
FASTDL_INLINE double sum_in_order(std::int64_t count, const N* x) {
  double total = 0;
  for (std::int64_t i = 0; i < count; i++) total += x[i];
  return total;
}
// Written by one thread, read by all.
template <class F>
FASTDL_INLINE void put_total(const Team& team, double* total, F sum) {
  if (team.rank == 0) *total = sum();
  team.sync();
}

template <class T>
void sum(const Team& team, std::int64_t count, const T* x, double* total) {
  put_total(team, total, [&] { return sum_in_order(count, x); });
}

template <class T>
void add_scaled(const Team& team, double factor, const double* a, const double* b, const double* norm, double* total) {
  put_total(team, total, [&] { return *total + factor * *a * (b ? *b : 1) / (norm ? *norm : 1); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
