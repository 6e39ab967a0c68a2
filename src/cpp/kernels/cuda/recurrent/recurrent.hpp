// recurrent: RNN, LSTM and GRU over time. Arrays of steps are (steps, n, ...) rows, so that the inputs of all steps,
// and the gradients of the weights, are one product each; between them is the way through the steps.
#pragma once

#include "kernels/cuda/recurrent/by_sample.hpp"
#include "kernels/cuda/recurrent/resident.hpp"
#include "kernels/cuda/recurrent/steps.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
std::size_t recurrent_scratch(const RecurrentShape& s, int) {
  return std::size_t(RecurrentSpace<T>(s, nullptr).size);
}

// No other form of the weights is of use.
inline std::size_t recurrent_kept(Cell, int, int) { return 0; }
template <class T>
void recurrent_keep(const Team&, Cell, int, int, const T*, const T*, T*) {}

template <class T>
void recurrent_forward(const Team& team, const RecurrentShape& s, const RecurrentArrays<T>& a) {
  if (s.n == 0 || s.steps == 0) return;
  const Walk<T> w = walk_of(s, a, RecurrentGradients<T>{});
  gemm<T>(team, false, false, s.steps * s.n, w.width, s.features, 1, a.x, s.features, a.w_ih, w.width, 0, w.z(0, 0),
          w.width, a.b);
  if (a.mask)
    for_each(team, std::int64_t(s.n) * s.units,
             [=] __device__(std::int64_t k) { a.masked[k] = a.h0 ? a.h0[k] * a.mask[k] : T(0); });
  with_cell(s.cell, [&](auto cell) {
    constexpr Cell kind = decltype(cell)::value;
    if (!forward_by_sample<kind>(team, w) && !forward_resident<kind>(team, w)) forward_by_steps<kind>(team, w);
  });
}

// dpeepholes (3, units): the sums of dzi c_before, dzf c_before and dzo c. A block has 32 units, each of its warps
// every 32nd row.
template <class T>
__global__ void peephole_gradients(const Walk<T> w, T* dpeepholes) {
  SHARED(T, part, [3][32][33]);
  const int lane = int(threadIdx.x % 32), warp = int(threadIdx.x / 32), u = int(blockIdx.x) * 32 + lane;
  T sums[3] = {};
  for (int row = warp; u < w.units && row < w.steps * w.n; row += 32) {
    const Place<T> at(w, row / w.n, row % w.n, u);
    const T before = at.of(w.c_before(at.t));
    sums[0] += at.dz(0) * before, sums[1] += at.dz(1) * before, sums[2] += at.dz(3) * w.a.extra[at.at];
  }
  for (int k = 0; k < 3; k++) part[k][lane][warp] = sums[k];
  __syncthreads();
  for (int k = 0; k < 3; k++) {  // a warp has a unit, its lanes the parts
    const T sum = warp_sum(part[k][warp][lane]);
    const int unit = int(blockIdx.x) * 32 + warp;
    if (lane == 0 && unit < w.units) dpeepholes[k * w.units + unit] = sum;
  }
}

template <class T>
void recurrent_backward(const Team& team, const RecurrentShape& s, const RecurrentArrays<T>& a,
                        const RecurrentGradients<T>& d) {
  if (s.n == 0 || s.steps == 0) return;
  const Walk<T> w = walk_of(s, a, d);
  with_cell(s.cell, [&](auto cell) {
    constexpr Cell kind = decltype(cell)::value;
    if (!backward_by_sample<kind>(team, w) && !backward_resident<kind>(team, w)) backward_by_steps<kind>(team, w);
  });
  const int rows = s.steps * s.n, width = w.width;
  if (d.dx)
    gemm<T>(team, false, true, rows, s.features, width, 1, w.dz, width, a.w_ih, width, 0, d.dx, s.features, nullptr);
  if (!d.dw_ih) return;
  gemm<T>(team, true, false, s.features, width, rows, 1, a.x, s.features, w.dz, width, 0, d.dw_ih, width, nullptr);
  sum_rows<T>(team, rows, width, w.dz, d.db);
  recurrent_weights(team, w, d.dw_hh);
  if (d.db_hh) sum_rows<T>(team, rows, width, w.dz_hh, d.db_hh);
  if (d.dpeepholes)
    launch({unsigned(ceil_div(s.units, 32)), 1024, 0, stream_of(team)}, peephole_gradients<T>, w, d.dpeepholes);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
