// Values as they are.
#pragma once

#include "kernels/cpu/views.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void copy(const Team& team, std::int64_t count, const T* x, T* y) {
  const Range part = team.share(count);
  if (x != y) __builtin_memcpy(y + part.begin, x + part.begin, (part.end - part.begin) * sizeof(T));
  team.sync();
}

template <class T>
void fill(const Team& team, std::int64_t count, T value, T* y) {
  each_slice<T>(team, count, [&](Slice<T> at) { at.write(y, splat(value)); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
