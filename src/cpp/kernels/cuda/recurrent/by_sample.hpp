// recurrent: the whole way through the steps for small layers: a block has a sample and keeps all weights, in
// registers, a column of w_hh (backward a gate of a row) in each thread. No block waits for another.
#pragma once

#include "kernels/cuda/recurrent/cells.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int most_columns = 384;  // 192 KiB of registers at most
constexpr int most_depth(Cell cell) { return cell == Cell::lstm ? 96 : 128; }

// Of a thread: the last of 128 in shared memory, for the registers have to hold the cell too.
constexpr int most_kept = 104;
constexpr int kept(int depth) { return depth < most_kept ? depth : most_kept; }
constexpr int others(int depth) { return depth > most_kept ? depth - most_kept : 1; }

template <int depth>
struct ThreadWeights {
  float w[kept(depth)];
  float* more;  // (others(depth), most_columns), this thread's column

  // value(k) for k < count
  template <class F>
  __device__ inline void read(bool there, int count, F value) {
    for (int k = 0; k < kept(depth); k++) w[k] = there && k < count ? value(k) : 0.0f;
    for (int k = kept(depth); k < depth; k++)
      more[(k - kept(depth)) * most_columns] = there && k < count ? value(k) : 0.0f;
  }
  __device__ inline float dot(const float* x) const {  // shared, the same for the threads of a warp
    float4 sum = make_float4(0, 0, 0, 0);
    for (int k = 0; k < kept(depth); k += 4) {
      const float4 v = *reinterpret_cast<const float4*>(x + k);
      sum.x += v.x * w[k], sum.y += v.y * w[k + 1], sum.z += v.z * w[k + 2], sum.w += v.w * w[k + 3];
    }
    for (int k = kept(depth); k < depth; k++) sum.x += x[k] * more[(k - kept(depth)) * most_columns];
    return (sum.x + sum.y) + (sum.z + sum.w);
  }
};

template <Cell cell, int depth>
__global__ void __launch_bounds__(most_columns, 1) forward_sample(const Walk<float> w) {
  SHARED(float, seen, [depth]);   // by the products of the step
  SHARED(float, reset, [depth]);  // r times that
  SHARED(float, sums, [most_columns]);
  SHARED(float, more, [others(depth)][most_columns]);
  const int column = int(threadIdx.x), i = int(blockIdx.x), units = w.units, length = w.lengths[i];
  const bool mine = column < units;  // the unit of this number
  ThreadWeights<depth> weights{{}, &more[0][column]};
  weights.read(column < w.width, units, [&](int k) { return w.a.w_hh[std::int64_t(k) * w.width + column]; });
  for (int k = column; k < depth; k += int(blockDim.x)) seen[k] = reset[k] = 0;
  __syncthreads();
  CellInput<float> in{};
  float keep = 1;  // dropout of the state
  if (mine) {
    read_before<cell>(Place<float>(w, 0, i, column), in);
    if (w.a.mask) keep = w.a.mask[std::int64_t(i) * units + column];
    if (w.a.h0) seen[column] = keep * w.a.h0[std::int64_t(i) * units + column];
  }
  for (int t = 0; t < w.steps; t++) {
    if (t >= length) {
      if (mine) Place<float>(w, t, i, column).end();
      continue;
    }
    if (mine) read_gates<cell>(Place<float>(w, t, i, column), in);
    __syncthreads();
    sums[column] = weights.dot(seen);
    __syncthreads();
    State<float> now{};
    if (mine) {
      float p[4];
      for (int gate = 0; gate < cell_gates(cell); gate++) p[gate] = sums[gate * units + column];
      now = cell_forward<cell, 0>(w, t, i, column, in, p);
    }
    if constexpr (cell == Cell::gru) {
      if (mine) reset[column] = now.h;
      __syncthreads();
      if (column >= 2 * units) sums[column] = weights.dot(reset);
      __syncthreads();
      in.x[1] = now.c;
      if (mine) now = cell_forward<cell, 1>(w, t, i, column, in, sums + 2 * units + column);
    }
    in.before = cell == Cell::lstm ? now.c : now.h, in.seen = keep * now.h;
    if (mine) seen[column] = in.seen;
  }
}

template <Cell cell, int depth>
__global__ void __launch_bounds__(most_columns, 1) backward_sample(const Walk<float> w, int last) {
  constexpr int gates = cell_gates(cell);
  SHARED(float, dz, [gates][depth]);  // of the step after, as it flows into its products
  SHARED(float, sums, [most_columns]);
  SHARED(float, more, [others(depth)][most_columns]);
  const int column = int(threadIdx.x), i = int(blockIdx.x), units = w.units, length = w.lengths[i];
  const int gate = least(column / units, gates - 1), u = column % units;
  const bool mine = column < units;
  ThreadWeights<depth> weights{{}, &more[0][column]};
  weights.read(column < w.width, units, [&](int k) { return w.a.w_hh[std::int64_t(u) * w.width + gate * units + k]; });
  for (int k = column; k < gates * depth; k += int(blockDim.x)) dz[k / depth][k % depth] = 0;
  Carried<float> carried{};
  for (int t = w.steps - 1; t >= last; t--) {
    if (t >= length) {
      if (mine) Place<float>(w, t, i, column).end_backward();
      continue;
    }
    const CellInput<float> in = mine ? backward_input<cell>(w, t, i, column) : CellInput<float>{};
    __syncthreads();
    sums[column] = weights.dot(dz[gate]);
    __syncthreads();
    float dz_hh[4] = {};
    if (mine) {
      float p = 0;
      for (int g = 0; g < (cell == Cell::gru ? 2 : gates); g++) p += sums[g * units + column];
      cell_backward<cell, 0>(w, t, i, column, in, p, carried, dz_hh);
      for (int g = 0; g < gates; g++) dz[g][column] = dz_hh[g];
    }
    if constexpr (cell == Cell::gru) {
      if (t < 0) continue;
      __syncthreads();
      if (column >= 2 * units) sums[column] = weights.dot(dz[2]);
      __syncthreads();
      if (mine) {
        cell_backward<cell, 1>(w, t, i, column, in, sums[2 * units + column], carried, dz_hh);
        dz[0][column] = dz_hh[0];
      }
    }
  }
}

// --- on the host: whether it could
template <class... P, class... A>
void launch_samples(const Team& team, const Walk<float>& w, void (*kernel)(P...), A... args) {
  launch({unsigned(w.n), unsigned(ceil_div(w.width, 32) * 32), 0, stream_of(team)}, kernel, w, args...);
}
inline bool fits_registers(const Walk<float>& w) { return w.units <= most_depth(w.cell) && w.width <= most_columns; }

template <Cell cell>
bool forward_by_sample(const Team& team, const Walk<float>& w) {
  if (!fits_registers(w)) return false;
  if (w.units <= 32)
    launch_samples(team, w, forward_sample<cell, 32>);
  else if (w.units <= 64)
    launch_samples(team, w, forward_sample<cell, 64>);
  else
    launch_samples(team, w, forward_sample<cell, most_depth(cell)>);
  return true;
}
template <Cell cell>
bool backward_by_sample(const Team& team, const Walk<float>& w) {
  if (!fits_registers(w)) return false;
  const int last = w.dh0 || w.dc0 ? -1 : 0;
  if (w.units <= 32)
    launch_samples(team, w, backward_sample<cell, 32>, last);
  else if (w.units <= 64)
    launch_samples(team, w, backward_sample<cell, 64>, last);
  else
    launch_samples(team, w, backward_sample<cell, most_depth(cell)>, last);
  return true;
}
template <Cell cell>
bool forward_by_sample(const Team&, const Walk<double>&) {
  return false;
}
template <Cell cell>
bool backward_by_sample(const Team&, const Walk<double>&) {
  return false;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
