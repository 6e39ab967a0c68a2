// Values as they are, and their sum.
#pragma once

#include "kernels/cpu/views.hpp"

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

template <class N>
FASTDL_INLINE double sum_in_order(std::int64_t count, const N* x) {
  double total = 0;
  for (std::int64_t i = 0; i < count; i++) total += x[i];
  return total;
}
template <class T>
double sum(const Team&, std::int64_t count, const T* x) {
  return sum_in_order(count, x);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
