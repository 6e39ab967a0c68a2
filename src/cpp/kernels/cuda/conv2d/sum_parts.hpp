// Gradients of weights as sums over stretches of outputs: each stretch's in the queue's workspace, added in their
// order.
#pragma once

#include "kernels/cuda/pack.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// With one stretch its sums are dw and db themselves.
template <class T>
struct Parts {
  int count, f;
  std::int64_t length;  // outputs of a stretch
  T *to, *to_bias;      // of the first stretch
  std::int64_t pitch;   // from one to the next
  std::int64_t weights;
  FASTDL_INLINE T* dw(int part) const { return to + part * pitch; }
  FASTDL_INLINE T* db(int part) const { return to_bias ? to_bias + part * pitch : nullptr; }
};

// So many that `blocks` of each fill the device about twice, none shorter than 256 outputs.
template <class T>
Parts<T> parts_of(const Team& team, std::int64_t outputs, int depth, int f, std::int64_t blocks, T* dw, T* db) {
  constexpr std::int64_t unit = 16;
  const std::int64_t weights = std::int64_t(depth) * f, pitch = (weights + f + 3) / 4 * 4;
  const std::int64_t room = std::int64_t(workspace_bytes / sizeof(T)) / pitch,
                     wanted = ceil_div<std::int64_t>(2 * queue_of(team).multiprocessors, most<std::int64_t>(blocks, 1));
  std::int64_t count = least(least(wanted, room), ceil_div<std::int64_t>(outputs, 256));
  if (count <= 1) return {1, f, most<std::int64_t>(outputs, 0), dw, db, 0, weights};
  const std::int64_t length = ceil_div(ceil_div(outputs, count), unit) * unit;
  count = ceil_div(outputs, length);
  T* to = static_cast<T*>(queue_of(team).workspace);
  return {int(count), f, length, to, to + weights, pitch, weights};
}

// A block sums 32 packs of weights, each of its warps every so many parts.
template <class T>
__global__ void sum_parts_kernel(Parts<T> parts, T* dw, T* db) {
  constexpr int side = pack<T>;
  using Sum = Pack<T, side>;
  SHARED(Sum, sums, [32][32]);
  const int lane = int(threadIdx.x) % 32, first = int(threadIdx.x) / 32, warps = int(blockDim.x) / 32;
  const std::int64_t i = (std::int64_t(blockIdx.x) * 32 + lane) * side, count = parts.weights + (db ? parts.f : 0);
  const int there = int(least<std::int64_t>(most<std::int64_t>(count - i, 0), side));
  Sum sum = {};
  if (there == side) {
    for (int part = first; part < parts.count; part += warps) sum = sum + load<side>(parts.to + part * parts.pitch + i);
  } else {
    for (int part = first; part < parts.count; part += warps)
      for (int k = 0; k < there; k++) sum[k] += parts.to[part * parts.pitch + i + k];
  }
  sums[first][lane] = sum;
  __syncthreads();
  if (first) return;
  for (int k = 1; k < warps; k++) sum = sum + sums[k][lane];
  for (int k = 0; k < there; k++) (i + k < parts.weights ? dw[i + k] : db[i + k - parts.weights]) = sum[k];
}
template <class T>
void sum_parts(const Team& team, const Parts<T>& parts, T* dw, T* db) {
  if (parts.count <= 1) return;
  const auto blocks = unsigned(ceil_div<std::int64_t>(parts.weights + (db ? parts.f : 0), 32 * pack<T>));
  launch({blocks, unsigned(32 * least(32, parts.count)), 0, stream_of(team)}, sum_parts_kernel<T>, parts, dw, db);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
