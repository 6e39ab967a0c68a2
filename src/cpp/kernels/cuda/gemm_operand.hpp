// The factors of a product as a tile's kernel reads them: four values at a time, zeros outside. An operand of another
// kind (an image's patches) needs the same two things.
//   static constexpr bool by_depth      read<T>(row, depth, v) gives v[i] = (row, depth + i), else (row + i, depth)
#pragma once

#include <cstdint>

#include <launch.hpp>
#include "elementary.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

FASTDL_INLINE void read4(const float* p, float (&v)[4]) {
  const float4 x = *reinterpret_cast<const float4*>(p);
  v[0] = x.x, v[1] = x.y, v[2] = x.z, v[3] = x.w;
}
FASTDL_INLINE void read4(const double* p, double (&v)[4]) {
  const double2 x = *reinterpret_cast<const double2*>(p), y = *reinterpret_cast<const double2*>(p + 2);
  v[0] = x.x, v[1] = x.y, v[2] = y.x, v[3] = y.y;
}
FASTDL_INLINE void write4(float* p, const float (&v)[4]) {
  *reinterpret_cast<float4*>(p) = make_float4(v[0], v[1], v[2], v[3]);
}
FASTDL_INLINE void write4(double* p, const double (&v)[4]) {
  *reinterpret_cast<double2*>(p) = make_double2(v[0], v[1]);
  *reinterpret_cast<double2*>(p + 2) = make_double2(v[2], v[3]);
}
template <class T>
bool fours(const T* p, std::int64_t ld) {  // whether fours may be read at once
  return reinterpret_cast<std::uintptr_t>(p) % 16 == 0 && ld % 4 == 0;
}

// Consecutive values follow along the axis that is summed over (BY_DEPTH), or along the other.
template <class T, bool BY_DEPTH>
struct Matrix {
  static constexpr bool by_depth = BY_DEPTH;
  const T* p;
  std::int64_t ld;
  int rows, depth;
  bool whole;  // fours() of p

  __device__ void read(int row, int k, T (&v)[4]) const {
    const int outer = by_depth ? row : k, inner = by_depth ? k : row;
    const int outer_end = by_depth ? rows : depth, inner_end = by_depth ? depth : rows;
    const T* at = p + outer * ld + inner;
    if (whole && outer < outer_end && inner + 4 <= inner_end) {
      read4(at, v);
    } else {
      for (int i = 0; i < 4; i++) v[i] = outer < outer_end && inner + i < inner_end ? at[i] : T(0);
    }
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
