// A decoder's way through the steps, forward and back, of one thread's samples.
#pragma once

#include "kernels/cpu/recurrent/attention.hpp"
#include "kernels/cpu/recurrent/decoder_space.hpp"
#include "kernels/cpu/recurrent/recurrent.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
struct DecoderWalk {
  const Team team;
  const DecoderShape s;
  const DecoderArrays<T> a;
  const DecoderSpace<T> space;
  RecurrentWalk<T> cells[most_cells];
  DecoderWeights<T> w;
  const int last = s.n_cells - 1, top = s.top();
  const std::int64_t n = s.n;

  DecoderWalk(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a, bool back)
      : team(team), s(s), a(a), space(s, team.size, a.scratch) {
    for (int l = 0; l < s.n_cells; l++) {
      cells[l] = RecurrentWalk<T>(team, cell_shape(l), cell_arrays(l));
      cells[l].pack(back);
    }
    w = DecoderWeights<T>(team, s, a, space.packed, back);
    team.sync();
  }

  RecurrentShape cell_shape(int l) const {
    return {.cell = s.cells[l].cell,
            .n = s.n,
            .steps = s.steps,
            .features = inputs_of(s, l),
            .units = units_of(s, l),
            .lengths = s.lengths};
  }
  RecurrentArrays<T> cell_arrays(int l) const {
    const DecoderCell<T>& c = a.cells[l];
    RecurrentArrays<T> r{};
    r.w_ih = c.w_ih, r.w_hh = c.w_hh, r.b = c.b, r.b_hh = c.b_hh;
    r.h0 = c.h0, r.c0 = c.c0, r.mask = c.mask, r.masked = c.masked;
    r.h = c.h, r.gates = c.gates, r.extra = c.extra, r.scratch = c.scratch;
    return r;
  }

  std::int64_t row(int t, std::int64_t i) const { return t * n + i; }
  T* z(int t, std::int64_t i) const { return cells[0].z(t, i); }
  T* query(int t, std::int64_t i) const { return a.query + row(t, i) * s.size; }
  T* found(int t, std::int64_t i) const { return a.found + row(t, i) * s.features; }
  T* weights(int t, std::int64_t i) const { return a.weights + row(t, i) * s.source_steps; }
  T* combined(int t, std::int64_t i) const { return a.combined + row(t, i) * top; }
  T* y(int t, std::int64_t i) const { return a.y + row(t, i) * s.outputs; }
  // What a cell gives to what is above it.
  const T* up(int l, int t, std::int64_t i) const {
    return (a.cells[l].drop ? a.cells[l].dropped : a.cells[l].h) + row(t, i) * units_of(s, l);
  }
  // y (units,): x, a state or its gradient, with the units dropped that sample i goes without
  void thin(int l, std::int64_t i, const T* x, T* y) const {
    const std::int64_t units = units_of(s, l);
    const T* factors = a.cells[l].drop + i * units;
    for_slices<T>(0, units, [&](Slice<T> at) { at.write(y, at.read(x) * at.read(factors)); });
  }
  Source<T> source(std::int64_t i) const {
    return {a.keys + i * s.size, a.values + i * s.features, n * s.size,
            n * s.features,      int(s.source_lengths[i]),  s.source_steps};
  }

  template <class F>
  FASTDL_INLINE void each_going(int t, F f) const {
    cells[0].each_going(t, f);
  }
  template <class F>
  FASTDL_INLINE void each_ended(int t, F f) const {
    cells[0].each_ended(t, f);
  }
  template <class From, class To>
  void multiply(int t, const PackedWeights<T>& b, std::int64_t from_row, std::int64_t to_row, const T* bias,
                bool resume, From from, To to) const {
    cells[0].multiply(t, b, from_row, to_row, bias, resume, from, to);
  }

  std::int32_t fed(int t, std::int64_t i) const;
  void forward(int t) const;
  void write(int t) const;
  void outputs() const;
  void outputs_backward(const DecoderGradients<T>& d) const;
  void backward(int t, const DecoderGradients<T>& d) const;
  void backward_weights(const DecoderGradients<T>& d) const;
};

// The symbol that a row is fed with: of the answer, or the likeliest of those that the step before gave.
template <class T>
std::int32_t DecoderWalk<T>::fed(int t, std::int64_t i) const {
  if (t == 0) return s.start;
  if (!a.teacher || a.teacher[i * s.steps + t] != 0) return a.answers[row(t - 1, i)];
  const T* before = y(t - 1, i);
  std::int32_t best = 0;
  for (std::int32_t j = 1; j < s.start; j++)
    if (before[j] > before[best]) best = j;
  return best;
}

template <class T>
void DecoderWalk<T>::forward(int t) const {
  const int gates = gates_of(s, 0);
  each_going(t, [&](auto i) {
    const std::int32_t symbol = a.inputs[row(t, i)] = fed(t, i);
    __builtin_memcpy(z(t, i), a.table + std::int64_t(symbol) * gates, gates * sizeof(T));
  });
  each_ended(t, [&](auto i) {
    a.inputs[row(t, i)] = s.start;
    clear(z(t, i), gates);
    if (s.score == Score::none) return;
    clear(found(t, i), s.features);
    clear(weights(t, i), s.source_steps);
  });
  const auto at_found = [&](std::int64_t i) { return found(t, i); };
  if (s.score == Score::additive) {
    multiply(
        t, w.query, top, s.size, nullptr, false, [&](std::int64_t i) { return cells[last].h_before(t, i); },
        [&](std::int64_t i) { return query(t, i); });
    each_going(t, [&](auto i) {
      attend(s.score, s.size, s.features, query(t, i), a.w_score, source(i), weights(t, i), found(t, i));
    });
    multiply(t, w.in[0], s.features, gates, nullptr, true, at_found, [&](std::int64_t i) { return z(t, i); });
  }
  for (int l = 0; l < s.n_cells; l++) {
    if (l > 0)
      multiply(
          t, w.in[l], units_of(s, l - 1), gates_of(s, l), a.cells[l].b, false,
          [&](std::int64_t i) { return up(l - 1, t, i); }, [&](std::int64_t i) { return cells[l].z(t, i); });
    cells[l].forward(t);
    if (a.cells[l].drop)
      for (std::int64_t i = cells[0].mine.begin; i < cells[0].mine.end; i++) {
        const std::int64_t at = row(t, i) * units_of(s, l);
        thin(l, i, a.cells[l].h + at, a.cells[l].dropped + at);
      }
  }
  if (s.score == Score::dot)
    each_going(t, [&](auto i) {
      attend(s.score, s.size, s.features, cells[last].h(t, i), a.w_score, source(i), weights(t, i), found(t, i));
    });
  if (a.teacher) write(t);
}

// The outputs of a step, where the next one may be fed with them; the same bits as `outputs` gives.
template <class T>
void DecoderWalk<T>::write(int t) const {
  const auto state = [&](std::int64_t i) { return up(last, t, i); };
  const auto at_found = [&](std::int64_t i) { return found(t, i); };
  const auto at_combined = [&](std::int64_t i) { return combined(t, i); };
  const auto to = [&](std::int64_t i) { return y(t, i); };
  if (s.score == Score::dot) {
    multiply(t, w.combine, top, top, nullptr, false, state, at_combined);
    multiply(t, w.combine_found, s.features, top, nullptr, true, at_found, at_combined);
    each_going(t, [&](auto i) {
      for_slices<T>(0, top, [&](Slice<T> at) { at.write(combined(t, i), vtanh(at.read(combined(t, i)))); });
    });
    multiply(t, w.out, top, s.outputs, a.b_out, false, at_combined, to);
  } else {
    multiply(t, w.out, top, s.outputs, found_at_output(s) ? nullptr : a.b_out, false, state, to);
    if (found_at_output(s)) multiply(t, w.out_found, s.features, s.outputs, a.b_out, true, at_found, to);
  }
  each_ended(t, [&](auto i) {
    clear(y(t, i), s.outputs);
    if (s.score == Score::dot) clear(combined(t, i), top);
  });
}

// y (n, out) += x (n, in) w (in, out) + b (out,)
template <class T>
void dense_add(const Team& team, int n, int in, int out, const T* x, const T* w, const T* b, T* y, T* scratch) {
  gemm<T>(team, {.m = n, .n = out, .depth = in, .a = {x, in, 1}, .b = {w, out, 1}, .c = y, .bias = b, .resume = true},
          scratch);
}

// The outputs of all steps.
template <class T>
void DecoderWalk<T>::outputs() const {
  const int rows = s.steps * s.n, features = s.features;
  const T *state = up(last, 0, 0), *w_found = a.w_out + std::int64_t(top) * s.outputs;
  if (s.score == Score::dot) {
    dense_forward<T>(team, rows, top, top, state, a.w_combine, nullptr, false, a.combined, space.gemm);
    dense_add<T>(team, rows, features, top, a.found, a.w_combine + std::int64_t(top) * top, nullptr, a.combined,
                 space.gemm);
    each_slice<T>(team, std::int64_t(rows) * top,
                  [&](Slice<T> at) { at.write(a.combined, vtanh(at.read(a.combined))); });
    state = a.combined;
  }
  const bool sees_found = found_at_output(s) > 0;
  dense_forward<T>(team, rows, top, s.outputs, state, a.w_out, sees_found ? nullptr : a.b_out, false, a.y, space.gemm);
  if (sees_found) dense_add<T>(team, rows, features, s.outputs, a.found, w_found, a.b_out, a.y, space.gemm);
}

// --- the way back ---------------------------------------------------------------------------------------------------
// Through the output of all steps: the gradients of the states and of what was found, and of the weights.
template <class T>
void DecoderWalk<T>::outputs_backward(const DecoderGradients<T>& d) const {
  const int rows = s.steps * s.n, features = s.features, k = s.outputs;
  const T* state = up(last, 0, 0);
  T* dh = d.cells[last].dh;
  const T* w_found = a.w_out + std::int64_t(top) * k;
  const bool dot = s.score == Score::dot, additive = s.score == Score::additive;
  const auto backward_weights = [&](int inputs, int outputs, const T* x, const T* dy, T* dw, T* db) {
    dense_backward_weights<T>(team, rows, inputs, outputs, x, dy, dw, db, space.gemm);
  };
  if (d.dw_out) {
    backward_weights(top, k, dot ? a.combined : state, d.dy, d.dw_out, d.db_out);
    if (additive) backward_weights(features, k, a.found, d.dy, d.dw_out + std::int64_t(top) * k, nullptr);
  }
  T* through = dot ? d.dcombined : dh;
  dense_backward_data<T>(team, rows, top, k, d.dy, a.w_out, through, space.gemm);
  if (additive) dense_backward_data<T>(team, rows, features, k, d.dy, w_found, d.dfound, space.gemm);
  if (dot) {
    const T* w_combine_found = a.w_combine + std::int64_t(top) * top;
    each_slice<T>(team, std::int64_t(rows) * top, [&](Slice<T> at) {
      const Vec<T> value = at.read(a.combined);
      at.write(d.dcombined, at.read(d.dcombined) * (1 - value * value));
    });
    if (d.dw_combine) {
      backward_weights(top, top, state, d.dcombined, d.dw_combine, nullptr);
      backward_weights(features, top, a.found, d.dcombined, d.dw_combine + std::int64_t(top) * top, nullptr);
    }
    dense_backward_data<T>(team, rows, top, top, d.dcombined, a.w_combine, dh, space.gemm);
    dense_backward_data<T>(team, rows, features, top, d.dcombined, w_combine_found, d.dfound, space.gemm);
  }
  if (a.cells[last].drop) {
    const Range part = team.share(rows);
    for (std::int64_t r = part.begin; r < part.end; r++) thin(last, r % n, dh + r * top, dh + r * top);
    team.sync();
  }
}

template <class T>
void DecoderWalk<T>::backward(int t, const DecoderGradients<T>& d) const {
  const auto dfound = [&](std::int64_t i) { return d.dfound + row(t, i) * s.features; };
  const auto dquery = [&](std::int64_t i) { return d.dquery + row(t, i) * s.size; };
  const auto attention = [&](std::int64_t i, const T* q) {
    attend_backward(s.score, s.size, s.features, q, a.w_score, source(i), weights(t, i), dfound(i),
                    space.dweights + i * s.source_steps, dquery(i), d.dkeys + i * s.size, d.dvalues + i * s.features,
                    d.dw_score_of_each + i * s.size);
  };
  if (s.score == Score::dot)
    each_going(t, [&](auto i) {
      attention(i, cells[last].h(t, i));
      add_row(top, T(1), dquery(i), d.cells[last].dh + row(t, i) * top);
    });
  for (int l = last; l >= 0; l--) {
    RecurrentGradients<T> of_cell{};
    of_cell.dh = d.cells[l].dh, of_cell.dh0 = d.cells[l].dh0, of_cell.dc0 = d.cells[l].dc0;
    cells[l].backward(t, of_cell);
    if (l == 0) break;
    const std::int64_t units = units_of(s, l - 1);
    const auto dh = [&](std::int64_t i) { return d.cells[l - 1].dh + row(t, i) * units; };
    multiply(t, w.in[l], gates_of(s, l), units, nullptr, false, [&](std::int64_t i) { return cells[l].dz(t, i); }, dh);
    if (a.cells[l - 1].drop) each_going(t, [&](auto i) { thin(l - 1, i, dh(i), dh(i)); });
  }
  if (s.score != Score::additive) return;
  multiply(
      t, w.in[0], gates_of(s, 0), s.features, nullptr, true, [&](std::int64_t i) { return cells[0].dz(t, i); }, dfound);
  each_going(t, [&](auto i) { attention(i, query(t, i)); });
  each_ended(t, [&](auto i) { clear(dquery(i), s.size); });
  multiply(t, w.query, s.size, top, nullptr, true, dquery,
           [&](std::int64_t i) { return t > 0 ? d.cells[last].dh + row(t - 1, i) * top : cells[last].dh(i); });
}

template <class T>
void DecoderWalk<T>::backward_weights(const DecoderGradients<T>& d) const {
  const int rows = s.steps * s.n;
  for (int l = 0; l < s.n_cells; l++) {
    const DecoderCellGradients<T>& to = d.cells[l];
    if (!to.dw_hh) continue;
    const int gates = gates_of(s, l), inputs = inputs_of(s, l);
    const T *dz = cells[l].space.dz, *x = l > 0 ? up(l - 1, 0, 0) : a.found;
    sum_rows(team, rows, gates, dz, to.db);
    if (inputs) dense_backward_weights<T>(team, rows, inputs, gates, x, dz, to.dw_ih, nullptr, space.gemm);
    team.sync();
    RecurrentGradients<T> g{};
    g.dw_hh = to.dw_hh, g.db = to.db, g.db_hh = to.db_hh;
    recurrent_backward_weights(cells[l], g);
  }
  if (s.score == Score::additive && d.dw_query) {
    RecurrentArrays<T> states = cells[last].a;
    states.mask = nullptr;
    recurrent_weights<T>(team, cells[last].s, states, s.size, d.dquery, s.size, d.dw_query, s.size, space.gemm);
    sum_rows(team, s.n, s.size, d.dw_score_of_each, d.dw_score);
    team.sync();
  }
  // Of the table: the gradients of the gates, added to their symbols' in the order of the rows; threads share columns.
  const int gates = gates_of(s, 0);
  const Range part = team.share(gates);
  for (std::int64_t k = 0; k < s.symbols; k++) clear(d.dtable + k * gates + part.begin, part.end - part.begin);
  for (int t = 0; t < s.steps; t++)
    for (std::int64_t i = 0; i < n; i++) {
      if (t >= s.lengths[i]) continue;
      T* to = d.dtable + std::int64_t(a.inputs[row(t, i)]) * gates;
      const T* from = cells[0].dz(t, i);
      for_slices<T>(part.begin, part.end, [&](Slice<T> at) { at.write(to, at.read(to) + at.read(from)); });
    }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
