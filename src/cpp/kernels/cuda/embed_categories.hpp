// embed_categories: the last columns of rows hold codes, which become rows of their tables. Code 0 stands for all that
// is not among 0 .. size - 1.
#pragma once

#include "kernels/columns.hpp"
#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
FASTDL_INLINE std::int64_t code_of(T x, int size) {
  return x > T(-0.5) && x < size - T(0.5) ? std::int64_t(x + T(0.5)) : 0;
}
FASTDL_INLINE int others_of(const CategoryShape& s) { return s.features - s.columns; }
FASTDL_INLINE std::int64_t width_of(const CategoryShape& s) { return others_of(s) + std::int64_t(s.columns) * s.units; }

template <class T>
void embed_categories_forward(const Team& team, const CategoryShape& shape, const T* x, const T* table, T* y) {
  const CategoryShape s = shape;
  for_each(team, s.n * width_of(s), [=] __device__(std::int64_t u) {
    const std::int64_t i = u / width_of(s), f = u - i * width_of(s) - others_of(s);
    const T* row = x + i * s.features + others_of(s);
    if (f < 0) {
      y[u] = row[f];
      return;
    }
    const int j = int(f / s.units);
    y[u] = table[(s.first[j] + code_of(row[j], s.size[j])) * s.units + f % s.units];
  });
}

// A warp for each column, sample and 32 units. The first sample that has a code adds up the rows of dy of all that have
// it: lanes are `groups` times `across` units, a group takes each groups-th sample of 32.
template <class T>
struct CategoryRows {
  CategoryShape s;
  int across, chunks;
  const T *x, *dy;
  T* dtable;
  __device__ void operator()(std::int64_t row, int lane) const {
    const std::int64_t j = row / chunks / s.n, i = row / chunks % s.n;
    const int unit = int(row % chunks) * 32 + lane % across, group = lane / across, groups = 32 / across;
    const std::int64_t code = code_at(j, i);
    for (std::int64_t k = 0; k < i; k += 32)
      if (__any_sync(~0u, k + lane < i && code_at(j, k + lane) == code)) return;
    const T* d = dy + others_of(s) + j * s.units + unit;
    T sum = 0;
    for (std::int64_t k = i - i % 32; k < s.n; k += 32) {
      const unsigned same = __ballot_sync(~0u, k + lane < s.n && code_at(j, k + lane) == code);
      if (!same || unit >= s.units) continue;
      for (int l = group; l < 32; l += groups)
        if (same >> l & 1) sum += d[(k + l) * width_of(s)];
    }
    for (int far = across; far < 32; far *= 2) sum += __shfl_xor_sync(~0u, sum, far);
    if (group == 0 && unit < s.units) dtable[(s.first[j] + code) * s.units + unit] = sum;
  }
  FASTDL_INLINE std::int64_t code_at(std::int64_t j, std::int64_t i) const {
    return code_of(x[i * s.features + others_of(s) + j], s.size[j]);
  }
};

template <class T>
__global__ void zero_tables(CategoryShape s, T* dtable) {  // how many rows they have is known on the device alone
  const std::int64_t count = std::int64_t(s.first[s.columns - 1] + s.size[s.columns - 1]) * s.units;
  const std::int64_t step = std::int64_t(gridDim.x) * blockDim.x;
  for (std::int64_t k = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; k < count; k += step) dtable[k] = 0;
}

// Codes have no gradient.
template <class T>
void embed_categories_backward(const Team& team, const CategoryShape& shape, const T* x, const T* dy, T* dx,
                               T* dtable) {
  const CategoryShape s = shape;
  if (dx)
    for_each(team, std::int64_t(s.n) * s.features, [=] __device__(std::int64_t u) {
      const std::int64_t i = u / s.features, f = u - i * s.features;
      dx[u] = f < others_of(s) ? dy[i * width_of(s) + f] : T(0);
    });
  if (!dtable || !s.columns) return;
  launch({unsigned(4 * queue_of(team).multiprocessors), block_threads, 0, stream_of(team)}, zero_tables<T>, s, dtable);
  int across = 1;
  while (across < s.units && across < 32) across *= 2;
  const int chunks = ceil_div(s.units, 32);
  for_each_row(team, std::int64_t(s.columns) * s.n * chunks, CategoryRows<T>{s, across, chunks, x, dy, dtable});
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
