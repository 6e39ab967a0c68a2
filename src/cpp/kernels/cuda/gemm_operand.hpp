// The factors of a product as a tile's kernel reads them. An operand of another kind (an image's patches) says the
// same:
//   by_depth         neighbours in memory follow along the axis that is summed over, else along the other one
//   fours            neighbours 4 i .. 4 i + 3 may be read at once: they lie side by side, or all outside
//   at(row, depth)   where a value lies; null outside, for which the product has zeros
//   somewhere()      any address that may be read
#pragma once

#include <cstdint>

#include <async_copy.hpp>
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

FASTDL_INLINE void read_side(const float* p, float (&v)[4]) { read4(p, v); }
FASTDL_INLINE void read_side(const float* p, float (&v)[2]) {
  const float2 x = *reinterpret_cast<const float2*>(p);
  v[0] = x.x, v[1] = x.y;
}

template <class T, bool BY_DEPTH>
struct Matrix {
  static constexpr bool by_depth = BY_DEPTH;
  const T* p;
  std::int64_t ld;
  int rows, depth;
  bool fours;

  Matrix(const T* p, std::int64_t ld, int rows, int depth)
      : p(p),
        ld(ld),
        rows(rows),
        depth(depth),
        fours(reinterpret_cast<std::uintptr_t>(p) % 16 == 0 && ld % 4 == 0 && (by_depth ? depth : rows) % 4 == 0) {}
  __device__ const T* at(int row, int k) const {
    return row < rows && k < depth ? p + (by_depth ? row * ld + k : k * ld + row) : nullptr;
  }
  __device__ const T* somewhere() const { return p; }
};

// ROWS x DEPTH values of an operand in shared memory, in the order in which they come, and so that the threads of a
// warp read without conflicts of banks: by pitches; or (PAD 0) for the lanes 4 g + t of tensor cores, of which eight
// with two g read fours at once, of depths from 4 t on in rows from 4 g (or 2 g) on: halves of 32 values change places
// with g, or quarters with t.
template <class T, class Operand, int ROWS, int DEPTH, int PAD>
struct Slice {
  static constexpr bool by_depth = Operand::by_depth;
  static constexpr int pitch = by_depth ? DEPTH + PAD : ROWS % 32 || PAD ? ROWS + 4 : ROWS;
  static constexpr int size = by_depth ? ROWS * pitch : DEPTH * pitch;
  static_assert(PAD || DEPTH % 16 == 0);
  static constexpr FASTDL_INLINE int index(int row, int k) {
    if (PAD) return by_depth ? row * pitch + k : k * pitch + row;
    if (by_depth) return (row * pitch + k) ^ ((((row >> 1) ^ (row >> 2)) & 1) << 4);
    return k * pitch + (row ^ ((ROWS % 32 ? (k >> 3) & 1 : (k >> 2) & 3) << 3));
  }

  template <int THREADS>
  static __device__ void fetch(const Operand& from, int first_row, int first_depth, T* to) {
    constexpr int inner = (by_depth ? DEPTH : ROWS) / 4;
    static_assert(ROWS * DEPTH / 4 % THREADS == 0);
    for (int i = 0; i < ROWS * DEPTH / 4 / THREADS; i++) {
      const int four = i * THREADS + int(threadIdx.x);
      const int row = by_depth ? four / inner : four % inner * 4, k = by_depth ? four % inner * 4 : four / inner;
      T* const at = to + index(row, k);
      if (from.fours) {
        const T* const p = from.at(first_row + row, first_depth + k);
        for (int j = 0; j < 4; j += 16 / int(sizeof(T))) copy_async<16>(at + j, p ? p + j : from.somewhere(), p);
      } else {
        for (int j = 0; j < 4; j++) {
          const T* const p = from.at(first_row + row + (by_depth ? 0 : j), first_depth + k + (by_depth ? j : 0));
          copy_async<sizeof(T)>(at + j, p ? p : from.somewhere(), p);
        }
      }
    }
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
