// decoder: recurrent layers that write an answer and attend to a source. A step is a few products and kernels, each
// after the one before. What needs no step for itself is done of all together: the outputs, where no row is fed with
// the symbol that the step before gave, and all gradients of weights.
#pragma once

#include "kernels/attention.hpp"
#include "kernels/cuda/attention.hpp"
#include "kernels/cuda/embedding.hpp"
#include "kernels/cuda/map.hpp"
#include "kernels/cuda/recurrent/steps.hpp"
#include "kernels/cuda/rows.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

inline int units_of(const DecoderShape& s, int l) { return s.cells[l].units; }
inline int gates_of(const DecoderShape& s, int l) { return cell_gates(s.cells[l].cell) * s.cells[l].units; }

// y (steps, n, units) = x times the factors (n, units), the same at every step
template <class T>
void drop_units(const Team& team, int steps, std::int64_t states, const T* factors, const T* x, T* y) {
  for_each(team, steps * states, [=] __device__(std::int64_t k) { y[k] = x[k] * factors[k % states]; });
}

// What rows are fed with that see the answer, and how long their sources are: 0 where the answer has ended.
inline void begin_answers(const Team& team, const DecoderShape& s, const std::int32_t* answers, std::int32_t* inputs,
                          std::int32_t* source_lengths) {
  const int n = s.n, start = s.start;
  const std::int32_t *lengths = s.lengths, *of_sources = s.source_lengths;
  for_each(team, std::int64_t(s.steps) * n, [=] __device__(std::int64_t k) {
    const std::int64_t t = k / n, i = k - t * n;
    const bool goes_on = t < lengths[i];
    source_lengths[k] = goes_on ? of_sources[i] : 0;
    if (inputs) inputs[k] = goes_on && t > 0 ? answers[k - n] : start;
  });
}

// What rows are fed with that do not: the likeliest symbol of the step before, the first of equal ones, never the end.
template <class T>
void feed_back(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a, int t) {
  const int steps = s.steps, outputs = s.outputs, end = s.start;
  const std::int32_t* lengths = s.lengths;
  const T *teacher = a.teacher, *y = a.y + std::int64_t(t - 1) * s.n * outputs;
  std::int32_t* inputs = a.inputs + std::int64_t(t) * s.n;
  auto row = [=] __device__(std::int64_t i, const RowThreads& threads) {
    if (t >= lengths[i] || teacher[i * steps + t] != 0) return;
    const T* before = y + i * outputs;
    T top = -INFINITY;
    for (int j = threads.lane; j < end; j += threads.size) top = vmax(before[j], top);
    top = threads.max(top);
    int first = end;
    for (int j = threads.lane; j < first; j += threads.size)
      if (before[j] == top) first = j;
    first = -threads.max(-first);
    if (threads.lane == 0) inputs[i] = first;
  };
  for_each_row_of(team, s.n, end, row);
}

// Whose sources the rows attend to: of a search each has one of a batch of n; else row i has source i.
struct DecoderSources {
  int n;
  const std::int32_t* lengths;  // (n,); of a walk (steps, n), 0 where an answer has ended
  const std::int32_t* of_rows;  // of a search, or null
};

template <class T>
struct DecoderWalk {
  Team team;
  DecoderShape s;
  DecoderArrays<T> a;
  DecoderSources sources;
  Walk<T> cells[most_cells];
  int n, last, top;

  DecoderWalk(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a, const DecoderSources& sources,
              const DecoderGradients<T>& d = {})
      : team(team), s(s), a(a), sources(sources), n(s.n), last(s.n_cells - 1), top(s.top()) {
    for (int l = 0; l < s.n_cells; l++) cells[l] = cell(a.cells[l], d.cells[l], l);
  }
  Walk<T> cell(const DecoderCell<T>& c, const DecoderCellGradients<T>& d, int l) const {
    const RecurrentShape shape{.cell = s.cells[l].cell,
                               .n = n,
                               .steps = s.steps,
                               .features = 0,
                               .units = units_of(s, l),
                               .lengths = s.lengths};
    RecurrentArrays<T> r{};
    r.w_hh = c.w_hh, r.b_hh = c.b_hh, r.h0 = c.h0, r.c0 = c.c0, r.mask = c.mask, r.masked = c.masked;
    r.h = c.h, r.gates = c.gates, r.extra = c.extra, r.scratch = c.scratch;
    RecurrentGradients<T> g{};
    g.dh = d.dh, g.dh0 = d.dh0, g.dc0 = d.dc0;
    return walk_of(shape, r, g);
  }

  // Of step t, the first row
  std::int64_t row(int t) const { return std::int64_t(t) * n; }
  T* h(int t) const { return a.cells[last].h + row(t) * top; }
  T* query(int t) const { return a.query + row(t) * s.size; }
  T* found(int t) const { return a.found + row(t) * s.features; }
  const T* up(int l, int t) const {  // what a cell gives to what is above it
    return (a.cells[l].drop ? a.cells[l].dropped : a.cells[l].h) + row(t) * units_of(s, l);
  }

  // y (rows, out) = x (rows, in) w (in, out) + b, or that added to it
  void multiply(int rows, int in, int out, const T* x, const T* w, const T* b, T beta, T* y) const {
    gemm<T>(team, false, false, rows, out, in, 1, x, in, w, out, beta, y, out, b);
  }
  // dx (rows, in) = dy (rows, out) w^T, or that added to it
  void multiply_back(int rows, int in, int out, const T* dy, const T* w, T beta, T* dx) const {
    gemm<T>(team, false, true, rows, in, out, 1, dy, out, w, out, beta, dx, in, nullptr);
  }
  AttentionShape attention(const std::int32_t* lengths) const {
    return {.score = s.score,
            .n = sources.n,
            .queries = s.steps,
            .steps = s.source_steps,
            .size = s.size,
            .features = s.features,
            .lengths = lengths};
  }

  void attend(int t, const T* q) const;
  void forward(int t) const;
  void outputs(int t, int steps) const;
};

template <class T>
void DecoderWalk<T>::attend(int t, const T* q) const {
  const AttentionShape shape = attention(sources.of_rows ? sources.lengths : sources.lengths + row(t));
  T* weights = a.weights + row(t) * s.source_steps;
  attend_rows<T>(team, shape, {q, a.keys, a.values, a.w_score, weights, found(t)}, n, sources.of_rows);
}

template <class T>
void DecoderWalk<T>::forward(int t) const {
  T* const z = cells[0].z(t, 0);
  embedding_forward<T>(team, n, s.symbols, gates_of(s, 0), a.inputs + row(t), a.table, z);
  if (s.score == Score::additive) {
    multiply(n, top, s.size, cells[last].h_before(t), a.w_query, nullptr, 0, query(t));
    attend(t, query(t));
    multiply(n, s.features, gates_of(s, 0), found(t), a.cells[0].w_ih, nullptr, 1, z);
  }
  for (int l = 0; l < s.n_cells; l++) {
    const int units = units_of(s, l);
    if (l > 0)
      multiply(n, units_of(s, l - 1), gates_of(s, l), up(l - 1, t), a.cells[l].w_ih, a.cells[l].b, 0, cells[l].z(t, 0));
    with_cell(s.cells[l].cell, [&](auto cell) { forward_step<decltype(cell)::value>(team, cells[l], t); });
    const std::int64_t states = std::int64_t(n) * units, at = row(t) * units;
    if (a.cells[l].drop) drop_units(team, 1, states, a.cells[l].drop, a.cells[l].h + at, a.cells[l].dropped + at);
  }
  if (s.score == Score::dot) attend(t, h(t));
}

// The outputs of so many steps from t on.
template <class T>
void DecoderWalk<T>::outputs(int t, int steps) const {
  const int rows = steps * n;
  const T* state = up(last, t);
  T* const y = a.y + row(t) * s.outputs;
  if (s.score == Score::dot) {
    T* const combined = a.combined + row(t) * top;
    multiply(rows, top, top, state, a.w_combine, nullptr, 0, combined);
    multiply(rows, s.features, top, found(t), a.w_combine + std::int64_t(top) * top, nullptr, 1, combined);
    map(team, std::int64_t(rows) * top, [=] __device__(T x) { return vtanh(x); }, combined, combined);
    state = combined;
  }
  multiply(rows, top, s.outputs, state, a.w_out, a.b_out, 0, y);
  if (s.score == Score::additive)
    multiply(rows, s.features, s.outputs, found(t), a.w_out + std::int64_t(top) * s.outputs, nullptr, 1, y);
}

// --- in the scratch
template <class T>
struct DecoderSpace {
  std::int32_t* source_lengths;  // (steps, n)
  T* dscores;                    // (steps, n, source_steps)
  std::int64_t size;
  DecoderSpace(const DecoderShape& s, T* scratch) {
    const std::int64_t rows = std::int64_t(s.steps) * s.n, before = ceil_div<std::int64_t>(rows, 64) * 64;
    source_lengths = reinterpret_cast<std::int32_t*>(scratch);
    dscores = scratch + before, size = before + ceil_div<std::int64_t>(rows * s.source_steps, 64) * 64;
  }
};
template <class T>
std::size_t decoder_scratch(const DecoderShape& s, int) {
  return std::size_t(DecoderSpace<T>(s, nullptr).size);
}

template <class T>
void decoder_forward(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a) {
  if (s.n == 0 || s.steps == 0) return;
  const DecoderSpace<T> space(s, a.scratch);
  begin_answers(team, s, a.answers, a.inputs, space.source_lengths);
  for (int l = 0; l < s.n_cells; l++)
    if (const DecoderCell<T>& c = a.cells[l]; c.mask)
      drop_units(team, 1, std::int64_t(s.n) * units_of(s, l), c.mask, c.h0, c.masked);
  const DecoderWalk<T> walk(team, s, a, {s.n, space.source_lengths, nullptr});
  for (int t = 0; t < s.steps; t++) {
    if (a.teacher && t > 0) feed_back(team, s, a, t);
    walk.forward(t);
    if (a.teacher) walk.outputs(t, 1);
  }
  if (!a.teacher) walk.outputs(0, s.steps);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
