// Values copied, 16 bytes at a time where both ends are so aligned.
#pragma once

#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

inline bool is_wide(const void* p) { return reinterpret_cast<std::uintptr_t>(p) % sizeof(uint4) == 0; }

template <class T>
void copy_values(const Team& team, std::int64_t count, const T* x, T* y) {
  if (x == y) return;
  if (!is_wide(x) || !is_wide(y)) {
    for_each(team, count, [=] __device__(std::int64_t i) { y[i] = x[i]; });
    return;
  }
  constexpr std::int64_t wide = sizeof(uint4) / sizeof(T);
  for_each(team, ceil_div(count, wide), [=] __device__(std::int64_t i) {
    if ((i + 1) * wide <= count)
      reinterpret_cast<uint4*>(y)[i] = reinterpret_cast<const uint4*>(x)[i];
    else
      for (std::int64_t k = i * wide; k < count; k++) y[k] = x[k];
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
