// recurrent: the whole way through the steps for small layers: a block has a sample and keeps all weights, in
// registers. Four threads side by side have a unit, each a quarter of its products' terms, and the first of them its
// cell. No block waits for another, and the threads of one wait once a product: what they write lies beside what
// slower ones may still read.
#pragma once

#include <utility>

#include "kernels/cuda/recurrent/cells.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int most_depth(Cell cell) { return cell == Cell::lstm ? 96 : 128; }  // 192 KiB of registers at most

// `depth` values in shared memory; quarters lie so that four threads read theirs at once
template <int depth>
struct Quarters {
  static constexpr int size = depth / 4, pitch = size + 4, room = 4 * pitch;
  static FASTDL_INLINE int at(int k) { return k / size * pitch + k % size; }
};

// Of a thread: (gates, quarter of the depth)
template <Cell cell, int depth>
struct ThreadWeights {
  using Q = Quarters<depth>;
  static constexpr int gates = cell_gates(cell);
  float w[gates][Q::size];

  // value(gate, k) for k < count
  template <class F>
  __device__ inline void read(bool there, int count, F value) {
    const int first = int(threadIdx.x % 4) * Q::size;
    for (int gate = 0; gate < gates; gate++)
      for (int k = 0; k < Q::size; k++) w[gate][k] = there && first + k < count ? value(gate, first + k) : 0.0f;
  }
  // sums[g] += this quarter of x . w[first + g] for g < count
  template <int first, int count>
  __device__ inline void add_products(const float* x, float* sums) const {
    const float* quarter = x + int(threadIdx.x % 4) * Q::pitch;
    for (int k = 0; k < Q::size; k += 4) {
      const float4 v = *reinterpret_cast<const float4*>(quarter + k);
      for (int g = 0; g < count; g++) {
        const float* a = &w[first + g][k];
        sums[g] += v.x * a[0], sums[g] += v.y * a[1], sums[g] += v.z * a[2], sums[g] += v.w * a[3];
      }
    }
  }
};
__device__ inline float sum_of_quarters(float x) {
  x += __shfl_xor_sync(~0u, x, 1);
  return x + __shfl_xor_sync(~0u, x, 2);
}

template <Cell cell, int depth>
__global__ void __launch_bounds__(4 * depth, 1) forward_sample(const Walk<float> w) {
  using Q = Quarters<depth>;
  SHARED(float4, seen_room, [2][Q::room / 4]);  // by the products of the step, and of the next
  SHARED(float4, reset_room, [Q::room / 4]);    // r times that
  float *const seen = &seen_room[0][0].x, *const reset = &reset_room[0].x;
  const int u = int(threadIdx.x / 4), i = int(blockIdx.x), units = w.units, length = w.lengths[i], at = Q::at(u);
  const bool mine = u < units && threadIdx.x % 4 == 0;
  ThreadWeights<cell, depth> weights;
  weights.read(u < units, units,
               [&](int gate, int k) { return w.a.w_hh[std::int64_t(k) * w.width + gate * units + u]; });
  for (int k = int(threadIdx.x); k < 2 * Q::room; k += int(blockDim.x)) seen[k] = 0;
  for (int k = int(threadIdx.x); k < Q::room; k += int(blockDim.x)) reset[k] = 0;
  __syncthreads();
  CellInput<float> in{};
  float keep = 1;  // dropout of the state
  if (mine) {
    read_before<cell>(Place<float>(w, 0, i, u), in);
    if (w.a.mask) keep = w.a.mask[std::int64_t(i) * units + u];
    if (w.a.h0) seen[at] = keep * w.a.h0[std::int64_t(i) * units + u];
  }
  for (int t = 0; t < w.steps; t++) {
    if (t >= length) {
      if (mine) Place<float>(w, t, i, u).end();
      continue;
    }
    if (mine) read_gates<cell>(Place<float>(w, t, i, u), in);
    __syncthreads();
    float p[4]{};
    weights.template add_products<0, first_gates(cell)>(seen + t % 2 * Q::room, p);
    for (int gate = 0; gate < first_gates(cell); gate++) p[gate] = sum_of_quarters(p[gate]);
    State<float> now{};
    if (mine) now = cell_forward<cell, 0>(w, t, i, u, in, p);
    if constexpr (cell == Cell::gru) {
      if (mine) reset[at] = now.h;
      __syncthreads();
      float q = 0;
      weights.template add_products<2, 1>(reset, &q);
      q = sum_of_quarters(q);
      in.x[1] = now.c;
      if (mine) now = cell_forward<cell, 1>(w, t, i, u, in, &q);
    }
    in.before = cell == Cell::lstm ? now.c : now.h, in.seen = keep * now.h;
    if (mine) seen[(t + 1) % 2 * Q::room + at] = in.seen;
  }
}

// The products of a step's first gates with dz (gates, Q::room), as one sum.
template <Cell cell, int depth, int... gate>
__device__ inline float first_products(const ThreadWeights<cell, depth>& weights, const float* dz,
                                       std::integer_sequence<int, gate...>) {
  float sums[sizeof...(gate)]{};
  (..., weights.template add_products<gate, 1>(dz + gate * Quarters<depth>::room, sums + gate));
  return (... + sums[gate]);
}

template <Cell cell, int depth>
__global__ void __launch_bounds__(4 * depth, 1) backward_sample(const Walk<float> w, int last) {
  using Q = Quarters<depth>;
  constexpr int gates = cell_gates(cell);
  SHARED(float4, room, [2][gates][Q::room / 4]);  // dz of the step after, as it flows into its products, and of this
  float *now = &room[0][0][0].x, *after = &room[1][0][0].x;
  const int u = int(threadIdx.x / 4), i = int(blockIdx.x), units = w.units, length = w.lengths[i], at = Q::at(u);
  const bool mine = u < units && threadIdx.x % 4 == 0;
  ThreadWeights<cell, depth> weights;
  weights.read(u < units, units,
               [&](int gate, int k) { return w.a.w_hh[std::int64_t(u) * w.width + gate * units + k]; });
  for (int k = int(threadIdx.x); k < gates * Q::room; k += int(blockDim.x)) now[k] = after[k] = 0;
  Carried<float> carried{};
  for (int t = w.steps - 1; t >= last; t--) {
    if (t >= length) {
      if (mine) Place<float>(w, t, i, u).end_backward();
      continue;
    }
    const CellInput<float> in = mine ? backward_input<cell>(w, t, i, u) : CellInput<float>{};
    __syncthreads();
    float dz_hh[4] = {};
    const float p =
        sum_of_quarters(first_products(weights, after, std::make_integer_sequence<int, first_gates(cell)>{}));
    if (mine) {
      cell_backward<cell, 0>(w, t, i, u, in, p, carried, dz_hh);
      for (int g = 0; g < gates; g++) now[g * Q::room + at] = dz_hh[g];
    }
    if constexpr (cell == Cell::gru) {
      if (t < 0) continue;
      __syncthreads();
      float dq = 0;
      weights.template add_products<2, 1>(now + 2 * Q::room, &dq);
      dq = sum_of_quarters(dq);
      if (mine) {
        cell_backward<cell, 1>(w, t, i, u, in, dq, carried, dz_hh);
        now[at] = dz_hh[0];
      }
    }
    float* const spare = after;
    after = now, now = spare;
  }
}

// --- on the host: whether it could
template <class... P, class... A>
void launch_samples(const Team& team, const Walk<float>& w, void (*kernel)(P...), A... args) {
  launch({unsigned(w.n), unsigned(ceil_div(4 * w.units, 32) * 32), 0, stream_of(team)}, kernel, w, args...);
}

template <Cell cell>
bool forward_by_sample(const Team& team, const Walk<float>& w) {
  if (w.units > most_depth(cell)) return false;
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
  if (w.units > most_depth(cell)) return false;
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
