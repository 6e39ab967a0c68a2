// Maxima and where they are, and parts of a map.
#pragma once

#include <type_traits>

#include "kernels/cuda/pack.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Positions stand in arrays of T as integers of the same width: a float counts to 2^24 only.
template <class T>
using Place = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
template <class T>
Place<T>* places(T* where) {
  return reinterpret_cast<Place<T>*>(where);
}
template <class T>
const Place<T>* places(const T* where) {
  return reinterpret_cast<const Place<T>*>(where);
}

// The first of equal values stays, and so does the first NaN, which wins.
template <class T>
FASTDL_INLINE bool beats(T v, T best) {
  return v > best || (v != v && best == best);
}

template <class T, int N>
struct Top {
  Pack<T, N> value;
  Pack<Place<T>, N> place;

  FASTDL_INLINE void begin(const Pack<T, N>& x, int pixel) {
    value = x, place = packed<Place<T>, N>([&](int) { return Place<T>(pixel); });
  }
  FASTDL_INLINE void take(const Pack<T, N>& x, int pixel) {
    for (int k = 0; k < N; k++)
      if (beats(x[k], value[k])) value[k] = x[k], place[k] = pixel;
  }
  // What was found elsewhere, perhaps before what is here.
  FASTDL_INLINE void merge(const Top& other) {
    for (int k = 0; k < N; k++)
      if (beats(other.value[k], value[k]) || (!beats(value[k], other.value[k]) && other.place[k] < place[k]))
        value[k] = other.value[k], place[k] = other.place[k];
  }
};

struct Cut {  // rows h0 .. h1 - 1 and columns w0 .. w1 - 1 of a map
  int h0, h1, w0, w1;
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
