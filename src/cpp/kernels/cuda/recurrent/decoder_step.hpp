// decoder, one step alone: rows of a search, each with a source and a state of its own, as a walk of one step.
#pragma once

#include "kernels/cuda/recurrent/decoder.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// No other form of the weights is of use.
inline std::size_t decoder_packed(const DecoderShape&) { return 0; }
template <class T>
void decoder_pack(const Team&, const DecoderShape&, const DecoderArrays<T>&, T*) {}

inline int states_of(const DecoderShape& s, int l) { return s.cells[l].cell == Cell::lstm ? 2 : 1; }

template <class T>
struct StepSpace {
  std::int32_t* lengths;  // one step each
  T *query, *weights, *found, *combined;
  T *first[most_cells][2], *gates[most_cells], *extra[most_cells];
  std::int64_t size = 0;

  StepSpace(const DecoderShape& s, std::int64_t rows, T* scratch) {
    const auto take = [&](std::int64_t columns) {
      T* at = scratch + size;
      size += ceil_div<std::int64_t>(rows * columns, 64) * 64;
      return at;
    };
    lengths = reinterpret_cast<std::int32_t*>(take(1));
    query = take(s.size), weights = take(s.source_steps), found = take(s.features), combined = take(s.top());
    for (int l = 0; l < s.n_cells; l++) {
      for (T*& states : first[l]) states = take(units_of(s, l));
      gates[l] = take(gates_of(s, l)), extra[l] = take(units_of(s, l));
    }
  }
};
template <class T>
std::size_t decoder_step_scratch(const DecoderShape& s, int rows) {
  return std::size_t(StepSpace<T>(s, rows, nullptr).size);
}

// to (n, units): the rows that they go on from
template <class T>
void gather_states(const Team& team, int n, std::int64_t units, const std::int32_t* before, const T* from, T* to) {
  for_each(team, n * units, [=] __device__(std::int64_t k) {
    const std::int64_t i = k / units;
    to[k] = from[before[i] * units + k - i * units];
  });
}

// In place: x - log sum exp x
template <class T>
void log_softmax(const Team& team, int rows, int columns, T* y) {
  auto row = [=] __device__(std::int64_t i, const RowThreads& threads) {
    T *x = y + i * columns, top = -INFINITY, sum = 0;
    for (int j = threads.lane; j < columns; j += threads.size) top = vmax(x[j], top);
    top = threads.max(top);
    for (int j = threads.lane; j < columns; j += threads.size) sum += vexp(x[j] - top);
    const T shift = top + vlog(threads.sum(sum));
    for (int j = threads.lane; j < columns; j += threads.size) x[j] -= shift;
  };
  for_each_row_of(team, rows, columns, row);
}

template <class T>
void decoder_step(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a, const T*, const DecoderRows<T>& r,
                  T* scratch) {
  if (r.n == 0) return;
  const StepSpace<T> space(s, r.n, scratch);
  std::int32_t* const lengths = space.lengths;
  for_each(team, r.n, [=] __device__(std::int64_t i) { lengths[i] = 1; });
  DecoderShape one = s;
  one.n = r.n, one.steps = 1, one.lengths = lengths;
  DecoderArrays<T> x = a;
  x.inputs = const_cast<std::int32_t*>(r.symbols);  // not written
  x.keys = r.keys, x.values = r.values, x.y = r.y;
  x.query = space.query, x.weights = space.weights, x.found = space.found, x.combined = space.combined;
  const T* from = r.states_before;
  T* to = r.states;
  for (int l = 0; l < s.n_cells; l++) {
    const std::int64_t units = units_of(s, l);
    DecoderCell<T>& c = x.cells[l];
    c.h0 = space.first[l][0], c.c0 = space.first[l][1];
    c.gates = space.gates[l], c.extra = space.extra[l], c.scratch = nullptr;  // nobody goes back
    T** const after[] = {&c.h, &c.extra};
    for (int k = 0; k < states_of(s, l); k++) {
      gather_states(team, r.n, units, r.before, from, space.first[l][k]);
      *after[k] = to;
      from += r.rows_before * units, to += r.n * units;
    }
  }
  const DecoderWalk<T> walk(team, one, x, {r.n_sources, r.source_lengths, r.sources});
  walk.forward(0);
  walk.outputs(0, 1);
  log_softmax(team, r.n, s.outputs, r.y);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
