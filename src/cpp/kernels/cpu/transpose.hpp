// transpose: lanes vectors of lanes elements, in registers
#pragma once

#include "kernels/cpu/vec.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <int... i>
struct Sequence {};
template <int n, int... i>
struct Count : Count<n - 1, n - 1, i...> {};
template <int... i>
struct Count<0, i...> {
  using Up = Sequence<i...>;  // 0 .. n-1
};

template <class T, int step, int... i>
FASTDL_INLINE void swap_blocks(Vec<T>& x, Vec<T>& y, Sequence<i...>) {
  const Vec<T> low = __builtin_shufflevector(x, y, (i & step ? lanes<T> + i - step : i)...);
  y = __builtin_shufflevector(x, y, (i & step ? lanes<T> + i : i + step)...);
  x = low;
}

// Lane i of x[j] and lane j of x[i] change places: blocks of 1, 2, 4 .. elements across the diagonal are swapped.
template <class T, int step = 1>
FASTDL_INLINE void transpose(Vec<T> (&x)[lanes<T>]) {
  if constexpr (step < lanes<T>) {
#pragma GCC unroll 16
    for (int i = 0; i < lanes<T>; i++)
      if (!(i & step)) swap_blocks<T, step>(x[i], x[i + step], typename Count<lanes<T>>::Up{});
    transpose<T, step * 2>(x);
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
