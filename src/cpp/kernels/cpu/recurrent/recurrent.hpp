// recurrent: RNN, LSTM and GRU over time. Arrays of steps are (steps, n, ...) rows, so that the inputs of all steps,
// and the gradients of the weights, are one GEMM each. Between them a thread takes its samples through all steps,
// forward and back, and meets no other: no barrier stands between two steps.
//
// A row whose sequence has ended has h = 0 and no gradient; the rows after the last one that goes on are left out, so
// batches sorted by falling length pay for little more than their steps.
#pragma once

#include "kernels/cpu/recurrent/walk.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void recurrent_forward(const Team& team, const RecurrentShape& s, const RecurrentArrays<T>& a) {
  RecurrentWalk<T> walk(team, s, a);
  walk.pack(false);
  for (int t = 0; t < s.steps; t++) {
    if (t % walk.space.window == 0) walk.inputs(t);
    walk.forward(t);
  }
  team.sync();
}

// dw (units, count columns of `columns`) = the sum over all steps of h_before^T d, d rows of d_row elements
template <class T>
void recurrent_weights(const Team& team, const RecurrentShape& s, const RecurrentArrays<T>& a, int count, const T* d,
                       std::int64_t d_row, T* dw, std::int64_t columns, T* scratch) {
  Gemm<T> g{.m = s.units,
            .n = count,
            .depth = s.n,
            .a = {a.h0, 1, s.units},
            .b = {d, d_row, 1},
            .c = dw,
            .bias = nullptr,
            .resume = false,
            .c_stride = columns};
  if (a.mask) {
    g.a.data = a.masked, g.depth = s.steps * s.n;
    return gemm(team, g, scratch);
  }
  if (a.h0) gemm(team, g, scratch);
  g.a.data = a.h, g.b.data = d + s.n * d_row, g.depth = (s.steps - 1) * s.n, g.resume = a.h0;
  if (g.depth > 0) return gemm(team, g, scratch);
  const Range rows = team.share(a.h0 ? 0 : s.units);
  for (std::int64_t i = rows.begin; i < rows.end; i++) clear(dw + i * columns, count);
}

// dpeepholes (3, units): the sums of dzi c_before, dzf c_before and dzo c
template <class T>
void recurrent_peepholes(const Team& team, const RecurrentWalk<T>& walk, T* dpeepholes) {
  const int units = walk.units;
  Range part = team.share(ceil_div(units, lanes<T>));
  for_slices<T>(part.begin * lanes<T>, least<std::int64_t>(part.end * lanes<T>, units), [&](Slice<T> at) {
    Vec<T> di{}, df{}, d_o{};
    for (int t = 0; t < walk.s.steps; t++)
      for (std::int64_t i = 0; i < walk.s.n; i++) {
        const T* dz = walk.dz(t, i);
        const Vec<T> before = at.read(walk.c_before(t, i));
        di += at.read(dz) * before, df += at.read(dz + units) * before;
        d_o += at.read(dz + 3 * units) * at.read(walk.extra(t, i));
      }
    at.write(dpeepholes, di), at.write(dpeepholes + units, df), at.write(dpeepholes + 2 * units, d_o);
  });
}

// The gradients of what the products with the state before learn, after the way back; db is known.
template <class T>
void recurrent_backward_weights(const RecurrentWalk<T>& walk, const RecurrentGradients<T>& d) {
  const Team& team = walk.team;
  const RecurrentShape& s = walk.s;
  const RecurrentArrays<T>& a = walk.a;
  const RecurrentSpace<T>& space = walk.space;
  const int units = walk.units, gates = walk.gates, rows = s.steps * s.n, main = is_gru(s.cell) ? 2 * units : gates;
  recurrent_weights<T>(team, s, a, main, space.dz, gates, d.dw_hh, gates, space.gemm);
  if (s.cell == Cell::gru)
    gemm<T>(team,
            {.m = units,
             .n = units,
             .depth = rows,
             .a = {a.extra, 1, units},
             .b = {space.dz + main, gates, 1},
             .c = d.dw_hh + main,
             .bias = nullptr,
             .resume = false,
             .c_stride = gates},
            space.gemm);
  if (s.cell == Cell::gru_reset_after)
    recurrent_weights<T>(team, s, a, units, space.dq, units, d.dw_hh + main, gates, space.gemm);
  if (d.db_hh) {
    sum_rows(team, rows, units, space.dq, d.db_hh + main);
    if (team.rank == 0) __builtin_memcpy(d.db_hh, d.db, main * sizeof(T));
  }
  if (d.dpeepholes) recurrent_peepholes(team, walk, d.dpeepholes);
  team.sync();
}

template <class T>
void recurrent_backward(const Team& team, const RecurrentShape& s, const RecurrentArrays<T>& a,
                        const RecurrentGradients<T>& d) {
  RecurrentWalk<T> walk(team, s, a);
  walk.pack(true);
  walk.begin_backward();
  for (int t = s.steps - 1; t >= 0; t--) walk.backward(t, d);
  walk.end_backward(d);
  team.sync();
  const int gates = walk.gates, rows = s.steps * s.n;
  const RecurrentSpace<T>& space = walk.space;
  if (d.dx) dense_backward_data(team, rows, s.features, gates, space.dz, a.w_ih, d.dx, space.gemm);
  if (!d.dw_ih) return;
  dense_backward_weights(team, rows, s.features, gates, a.x, space.dz, d.dw_ih, d.db, space.gemm);
  recurrent_backward_weights(walk, d);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
