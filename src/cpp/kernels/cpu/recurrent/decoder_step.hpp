// decoder, one step alone: rows of a search, each with a source and a state of its own. What it computes of a row are
// the bits that the walk gives.
#pragma once

#include "kernels/cpu/recurrent/decoder.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// All weights of a search: those of the walk, and of each cell its recurrent ones.
template <class T>
struct SearchWeights {
  PackedWeights<T> hh[most_cells]{}, hh_n[most_cells]{};
  DecoderWeights<T> walk;
  std::int64_t size = 0;

  // With `packed` only said where they are, not written: a team of no panels.
  SearchWeights(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a, T* space) {
    T* at = space;
    for (int l = 0; l < s.n_cells; l++) {
      const int units = units_of(s, l), gates = gates_of(s, l), main = is_gru(s.cells[l].cell) ? 2 * units : gates;
      const auto pack = [&](int first, int count) {
        T* to = take_space(at, PackedWeights<T>::space(count, units));
        return space ? pack_weights<T>(team, count, units, {a.cells[l].w_hh + first, gates, 1}, to)
                     : PackedWeights<T>{count, units, to};
      };
      hh[l] = pack(0, main);
      if (main < gates) hh_n[l] = pack(main, units);
    }
    size = at - space;
    walk = DecoderWeights<T>(team, s, a, space ? at : nullptr, false);
    size += walk.size;
  }
};
constexpr Team nobody{.rank = 0, .size = 1 << 30, .barrier = nullptr};  // whose share of the panels is none

template <class T>
std::size_t decoder_packed(const DecoderShape& s) {
  return SearchWeights<T>(Team{}, s, {}, nullptr).size;
}

template <class T>
void decoder_pack(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a, T* packed) {
  SearchWeights<T>(team, s, a, packed);
  team.sync();
}

template <class T>
struct StepSpace {
  std::int32_t* lengths;
  T *query, *weights, *found, *combined;
  T *h0[most_cells], *c0[most_cells], *h[most_cells], *gates[most_cells], *extra[most_cells], *cell[most_cells];
  std::int64_t size = 0;

  StepSpace(const DecoderShape& s, int rows, T* scratch) {
    T* at = scratch;
    lengths = reinterpret_cast<std::int32_t*>(take_space(at, rows));
    query = take_space(at, std::int64_t(rows) * s.size), weights = take_space(at, s.source_steps);
    found = take_space(at, std::int64_t(rows) * s.features), combined = take_space(at, std::int64_t(rows) * s.top());
    for (int l = 0; l < s.n_cells; l++) {
      const std::int64_t states = std::int64_t(rows) * units_of(s, l);
      h0[l] = take_space(at, states), c0[l] = take_space(at, states), h[l] = take_space(at, states);
      gates[l] = take_space(at, std::int64_t(rows) * gates_of(s, l)), extra[l] = take_space(at, states);
      const RecurrentShape of_cell{
          .cell = s.cells[l].cell, .n = rows, .steps = 1, .features = 0, .units = units_of(s, l), .lengths = nullptr};
      cell[l] = take_space(at, RecurrentSpace<T>(of_cell, 1, nullptr).size);
    }
    size = at - scratch;
  }
};

template <class T>
std::size_t decoder_step_scratch(const DecoderShape& s, int rows) {
  return StepSpace<T>(s, rows, nullptr).size;
}

// In place: x - log sum exp x
template <class T>
FASTDL_INLINE void log_softmax_row(int count, T* x) {
  const RowSite<T> row{count, 0};
  const Vec<T> top = row.max([&](auto at) { return at.read(x); });
  const Vec<T> shift = top + vlog(row.sum([&](auto at) { return vexp(at.read(x) - top); }));
  row.each([&](auto at) { at.write(x, at.read(x) - shift); });
}

FASTDL_INLINE int states_of(const DecoderShape& s, int l) { return s.cells[l].cell == Cell::lstm ? 2 : 1; }

template <class T>
void decoder_step(const Team& alone, const DecoderShape& s, const DecoderArrays<T>& a, const T* packed,
                  const DecoderRows<T>& r, T* scratch) {
  const StepSpace<T> space(s, r.n, scratch);
  const SearchWeights<T> w(nobody, s, a, const_cast<T*>(packed));  // not written
  const int last = s.n_cells - 1, top = s.top(), gates = gates_of(s, 0);
  // The states that the rows go on from.
  const T* from = r.states_before;
  for (int l = 0; l < s.n_cells; l++) {
    const std::int64_t units = units_of(s, l);
    for (int part = 0; part < states_of(s, l); part++) {
      T* to = part ? space.c0[l] : space.h0[l];
      for (std::int64_t i = 0; i < r.n; i++)
        __builtin_memcpy(to + i * units, from + r.before[i] * units, units * sizeof(T));
      from += r.rows_before * units;
    }
  }
  const auto multiply = [&](const PackedWeights<T>& b, const T* x, int columns, T* y, int outputs, const T* bias,
                            bool resume) {
    multiply_rows<T>(b, {0, b.panels()}, r.n, x, columns, y, outputs, bias, resume);
  };
  const auto attend_all = [&](const T* queries) {
    for (std::int64_t i = 0; i < r.n; i++) {
      const std::int64_t source = r.sources[i], n = r.n_sources;
      attend(s.score, s.size, s.features, queries + i * s.size, a.w_score,
             Source<T>{r.keys + source * s.size, r.values + source * s.features, n * s.size, n * s.features,
                       int(r.source_lengths[source]), s.source_steps},
             space.weights, space.found + i * s.features);
    }
  };
  for (std::int64_t i = 0; i < r.n; i++) {
    space.lengths[i] = 1;
    __builtin_memcpy(space.gates[0] + i * gates, a.table + std::int64_t(r.symbols[i]) * gates, gates * sizeof(T));
  }
  if (s.score == Score::additive) {
    multiply(w.walk.query, space.h0[last], top, space.query, s.size, nullptr, false);
    attend_all(space.query);
    multiply(w.walk.in[0], space.found, s.features, space.gates[0], gates, nullptr, true);
  }
  T* states = r.states;
  for (int l = 0; l < s.n_cells; l++) {
    const std::int64_t units = units_of(s, l);
    if (l > 0)
      multiply(w.walk.in[l], space.h[l - 1], units_of(s, l - 1), space.gates[l], gates_of(s, l), a.cells[l].b, false);
    RecurrentArrays<T> of_cell{};
    of_cell.b_hh = a.cells[l].b_hh, of_cell.h0 = space.h0[l], of_cell.c0 = space.c0[l], of_cell.h = space.h[l];
    of_cell.gates = space.gates[l], of_cell.extra = space.extra[l], of_cell.scratch = space.cell[l];
    RecurrentWalk<T> cell(
        alone,
        {.cell = s.cells[l].cell, .n = r.n, .steps = 1, .features = 0, .units = int(units), .lengths = space.lengths},
        of_cell);
    cell.w = w.hh[l], cell.w_n = w.hh_n[l];
    cell.forward(0);
    for (int part = 0; part < states_of(s, l); part++) {
      __builtin_memcpy(states, part ? space.extra[l] : space.h[l], r.n * units * sizeof(T));
      states += r.n * units;
    }
  }
  const T* seen = space.h[last];
  if (s.score == Score::dot) {
    attend_all(space.h[last]);
    multiply(w.walk.combine, space.h[last], top, space.combined, top, nullptr, false);
    multiply(w.walk.combine_found, space.found, s.features, space.combined, top, nullptr, true);
    for_slices<T>(0, std::int64_t(r.n) * top,
                  [&](Slice<T> at) { at.write(space.combined, vtanh(at.read(space.combined))); });
    seen = space.combined;
  }
  const bool sees_found = found_at_output(s) > 0;
  multiply(w.walk.out, seen, top, r.y, s.outputs, sees_found ? nullptr : a.b_out, false);
  if (sees_found) multiply(w.walk.out_found, space.found, s.features, r.y, s.outputs, a.b_out, true);
  for (std::int64_t i = 0; i < r.n; i++) log_softmax_row(s.outputs, r.y + i * s.outputs);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
