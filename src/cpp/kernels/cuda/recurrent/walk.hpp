// recurrent: the arrays of a layer, and where a step's rows lie in them, on the device and on the host.
#pragma once

#include "kernels/cuda/each.hpp"
#include "kernels/sequence.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

FASTDL_INLINE constexpr bool is_gru(Cell cell) { return cell == Cell::gru || cell == Cell::gru_reset_after; }
FASTDL_INLINE constexpr bool is_rnn(Cell cell) { return cell == Cell::rnn_tanh || cell == Cell::rnn_relu; }
FASTDL_INLINE constexpr int cell_gates(Cell cell) { return cell == Cell::lstm ? 4 : is_gru(cell) ? 3 : 1; }
// A GRU whose reset comes before the product has two products a step, one after the other: of the gates
// before n first.
FASTDL_INLINE constexpr int cell_phases(Cell cell) { return cell == Cell::gru ? 2 : 1; }
FASTDL_INLINE constexpr int first_gates(Cell cell) { return cell == Cell::gru ? 2 : cell_gates(cell); }

// f(constant) for the cell, whose value is the constant's
template <Cell cell>
struct CellConstant {
  static constexpr Cell value = cell;
};
template <class F>
void with_cell(Cell cell, F f) {
  switch (cell) {
    case Cell::rnn_tanh: return f(CellConstant<Cell::rnn_tanh>{});
    case Cell::rnn_relu: return f(CellConstant<Cell::rnn_relu>{});
    case Cell::lstm: return f(CellConstant<Cell::lstm>{});
    case Cell::gru: return f(CellConstant<Cell::gru>{});
    case Cell::gru_reset_after: return f(CellConstant<Cell::gru_reset_after>{});
  }
}

template <class T>
struct Walk {
  Cell cell;
  int n, steps, units, width;   // width: gates * units
  const std::int32_t* lengths;  // (n,)
  RecurrentArrays<T> a;
  const T *dh_out, *dc_out;  // of the states, (steps, n, units); dc_out or null
  T *dh0, *dc0;              // or null
  // In the scratch. dz (steps, n, width); dz_hh what flows into the products with the states: dz, but for a GRU with
  // the reset after them, whose n has dq there. The others (n, units): products; what reaches the states before past
  // them.
  T *dz, *dz_hh, *sums, *dh, *dc, *dseen;

  FASTDL_INLINE std::int64_t row(int t, int i) const { return std::int64_t(t) * n + i; }
  FASTDL_INLINE bool goes_on(int t, int i) const { return t < lengths[i]; }
  FASTDL_INLINE T* z(int t, int i) const { return a.gates + row(t, i) * width; }
  // Of step t, (n, units): states before, those that the products see; null for zeros
  FASTDL_INLINE const T* h_before(int t) const { return t > 0 ? a.h + row(t - 1, 0) * units : a.h0; }
  FASTDL_INLINE const T* c_before(int t) const { return t > 0 ? a.extra + row(t - 1, 0) * units : a.c0; }
  FASTDL_INLINE const T* seen(int t) const {
    return t == 0 && !a.h0 ? nullptr : a.mask ? a.masked + row(t, 0) * units : h_before(t);
  }
};

template <class T>
struct RecurrentSpace {
  std::int64_t size = 0;
  T *gates{}, *dz{}, *dz_hh{}, *sums{}, *dh{}, *dc{}, *dseen{};
  RecurrentSpace(const RecurrentShape& s, T* scratch) {
    const std::int64_t states = std::int64_t(s.n) * s.units, of_gates = states * s.steps * cell_gates(s.cell);
    auto take = [&](std::int64_t count) {
      T* at = scratch + size;
      size += ceil_div<std::int64_t>(count, 64) * 64;
      return at;
    };
    gates = take(s.passing && !is_rnn(s.cell) ? of_gates : 0), sums = take(states);
    if (s.passing) return;
    dz = take(of_gates), dz_hh = s.cell == Cell::gru_reset_after ? take(of_gates) : dz;
    dh = take(states), dc = take(states), dseen = take(states);
  }
};

template <class T>
Walk<T> walk_of(const RecurrentShape& s, const RecurrentArrays<T>& a, const RecurrentGradients<T>& d) {
  const RecurrentSpace<T> space(s, a.scratch);
  RecurrentArrays<T> arrays = a;
  if (is_rnn(s.cell))
    arrays.gates = a.h;  // an RNN's become h
  else if (s.passing)
    arrays.gates = space.gates;
  return {.cell = s.cell,
          .n = s.n,
          .steps = s.steps,
          .units = s.units,
          .width = cell_gates(s.cell) * s.units,
          .lengths = s.lengths,
          .a = arrays,
          .dh_out = d.dh,
          .dc_out = d.dc,
          .dh0 = d.dh0,
          .dc0 = d.dc0,
          .dz = space.dz,
          .dz_hh = space.dz_hh,
          .sums = space.sums,
          .dh = space.dh,
          .dc = space.dc,
          .dseen = space.dseen};
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
