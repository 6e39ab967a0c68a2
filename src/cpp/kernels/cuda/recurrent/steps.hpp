// recurrent: the way through the steps by a product and a kernel for the cells in each step, for weights of any size.
#pragma once

#include "kernels/cuda/gemm.hpp"
#include "kernels/cuda/recurrent/cells.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// The products stand where the cells add to them, but for that of a GRU's n with the reset after it: in extra.
template <Cell cell, int phase, class T>
__global__ void forward_cells(const Walk<T> w, int t) {
  const std::int64_t k = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (k >= std::int64_t(w.n) * w.units) return;
  const int i = int(k / w.units), u = int(k - std::int64_t(i) * w.units);
  T p[4] = {};
  if (cell == Cell::gru_reset_after && w.seen(t)) p[2] = w.a.extra[w.row(t, 0) * w.units + k];
  cell_forward<cell, phase>(w, t, i, u, forward_input<cell>(w, t, i, u), p);
}
template <Cell cell, int phase, class T>
__global__ void backward_cells(const Walk<T> w, int t) {
  const std::int64_t k = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (k >= std::int64_t(w.n) * w.units) return;
  const int i = int(k / w.units), u = int(k - std::int64_t(i) * w.units);
  cell_backward<cell, phase>(w, t, i, u, backward_input<cell>(w, t, i, u), w.sums[k]);
}
template <class T>
void launch_cells(const Team& team, const Walk<T>& w, void (*kernel)(Walk<T>, int), int t) {
  const auto blocks = unsigned(ceil_div<std::int64_t>(std::int64_t(w.n) * w.units, block_threads));
  launch({blocks, block_threads, 0, stream_of(team)}, kernel, w, t);
}

template <Cell cell, class T>
void forward_step(const Team& team, const Walk<T>& w, int t) {
  const int units = w.units, width = w.width, main = is_gru(cell) ? 2 * units : width;
  auto multiply = [&](const T* from, int first, int count, T beta, T* to, int to_row) {
    if (from)
      gemm<T>(team, false, false, w.n, count, units, 1, from, units, w.a.w_hh + first, width, beta, to, to_row,
              nullptr);
  };
  T *const z = w.z(t, 0), *const extra = w.a.extra + w.row(t, 0) * units;
  const T* const seen = w.seen(t);
  multiply(seen, 0, main, 1, z, width);
  if constexpr (cell == Cell::gru_reset_after) multiply(seen, main, units, 0, extra, units);
  launch_cells(team, w, forward_cells<cell, 0, T>, t);
  if constexpr (cell == Cell::gru) {
    if (seen) multiply(extra, main, units, 1, z + main, width);
    launch_cells(team, w, forward_cells<cell, 1, T>, t);
  }
}
template <Cell cell, class T>
void forward_by_steps(const Team& team, const Walk<T>& w) {
  for (int t = 0; t < w.steps; t++) forward_step<cell>(team, w, t);
}

// Step -1: the gradients of h0 and c0
template <Cell cell, class T>
void backward_step(const Team& team, const Walk<T>& w, int t) {
  const int units = w.units, width = w.width, main = cell == Cell::gru ? 2 * units : width;
  auto multiply = [&](int t, int first, int count) {
    gemm<T>(team, false, true, w.n, units, count, 1, w.dz_hh + w.row(t, 0) * width + first, width, w.a.w_hh + first,
            width, 0, w.sums, units, nullptr);
  };
  if (t + 1 < w.steps) multiply(t + 1, 0, main);
  launch_cells(team, w, backward_cells<cell, 0, T>, t);
  if constexpr (cell == Cell::gru) {
    if (t < 0) return;
    multiply(t, main, units);
    launch_cells(team, w, backward_cells<cell, 1, T>, t);
  }
}
template <Cell cell, class T>
void backward_by_steps(const Team& team, const Walk<T>& w) {
  const int last = w.dh0 || w.dc0 ? -1 : 0;
  for (int t = w.steps - 1; t >= last; t--) backward_step<cell>(team, w, t);
}

// dw_hh (units, width) = the sum over all steps of seen^T dz_hh
template <class T>
void recurrent_weights(const Team& team, const Walk<T>& w, T* dw_hh) {
  const int units = w.units, width = w.width, rows = w.steps * w.n, main = w.cell == Cell::gru ? 2 * units : width;
  auto multiply = [&](int count_of_rows, const T* states, const T* dz, int count, T beta, T* dw) {
    if (count_of_rows > 0)
      gemm<T>(team, true, false, units, count, count_of_rows, 1, states, units, dz, width, beta, dw, width, nullptr);
  };
  if (w.a.mask) {
    multiply(rows, w.a.masked, w.dz_hh, main, 0, dw_hh);
  } else {
    if (w.a.h0) multiply(w.n, w.a.h0, w.dz_hh, main, 0, dw_hh);
    multiply(rows - w.n, w.a.h, w.dz_hh + std::int64_t(w.n) * width, main, w.a.h0 ? 1 : 0, dw_hh);
    if (!w.a.h0 && w.steps == 1)
      for_each(team, std::int64_t(units) * width, [=] __device__(std::int64_t k) { dw_hh[k] = 0; });
  }
  if (w.cell == Cell::gru) multiply(rows, w.a.extra, w.dz + main, units, 0, dw_hh + main);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
