// decoder, backward: through the outputs of all steps, back through the steps, then the gradients of keys, values and
// weights, each of all steps at once.
#pragma once

#include "kernels/cuda/dense.hpp"
#include "kernels/cuda/recurrent/decoder.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
struct DecoderWayBack : DecoderWalk<T> {
  DecoderGradients<T> d;
  T* dscores;  // (steps, n, source_steps)

  DecoderWayBack(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a, const DecoderGradients<T>& d,
                 const DecoderSpace<T>& space)
      : DecoderWalk<T>(team, s, a, {s.n, space.source_lengths, nullptr}, d), d(d), dscores(space.dscores) {}

  using DecoderWalk<T>::team, DecoderWalk<T>::s, DecoderWalk<T>::a, DecoderWalk<T>::sources, DecoderWalk<T>::cells;
  using DecoderWalk<T>::n, DecoderWalk<T>::last, DecoderWalk<T>::top, DecoderWalk<T>::row, DecoderWalk<T>::up;
  using DecoderWalk<T>::multiply_back;

  T* dh(int l, int t) const { return d.cells[l].dh + row(t) * units_of(s, l); }
  // Of the attention of steps first .. end
  AttentionBackward<T> attended(const std::int32_t* lengths, int first, int end) const {
    const T* q = s.score == Score::dot ? a.cells[last].h : a.query;
    return {.s = this->attention(lengths),
            .a = {q, a.keys, a.values, a.w_score, a.weights, a.found},
            .d = {d.dfound, d.dquery, d.dkeys, d.dvalues, d.dw_score, d.dw_score_of_each, nullptr},
            .first = first,
            .end = end,
            .dscores = dscores + row(first) * s.source_steps};
  }
  void attend_back(int t) const {  // dquery of a step
    launch_blocks(team, n, attend_backward<T>, attended(sources.lengths + row(t), t, t + 1));
  }

  void outputs() const;
  void step(int t) const;
  void step_of_cell(int l, int t) const {
    with_cell(s.cells[l].cell, [&](auto cell) { backward_step<decltype(cell)::value>(team, cells[l], t); });
  }
  void attention_gradients() const;
  void cell_gradients(int l) const;
};

template <class T>
void DecoderWayBack<T>::outputs() const {
  const int rows = s.steps * n, features = s.features, k = s.outputs;
  const bool dot = s.score == Score::dot, additive = s.score == Score::additive;
  const T *state = up(last, 0), *w_found = a.w_out + std::int64_t(top) * k;
  const auto learn = [&](int in, int out, const T* x, const T* dy, T* dw, T* db) {
    dense_backward_weights<T>(team, rows, in, out, x, dy, dw, db, nullptr);
  };
  if (d.dw_out) learn(top, k, dot ? a.combined : state, d.dy, d.dw_out, d.db_out);
  if (d.dw_out && additive) learn(features, k, a.found, d.dy, d.dw_out + std::int64_t(top) * k, nullptr);
  multiply_back(rows, top, k, d.dy, a.w_out, 0, dot ? d.dcombined : dh(last, 0));
  if (additive) multiply_back(rows, features, k, d.dy, w_found, 0, d.dfound);
  if (dot) {
    const std::int64_t count = std::int64_t(top) * top;
    map(
        team, std::int64_t(rows) * top, [=] __device__(T dy, T y) { return dy * (1 - y * y); }, d.dcombined,
        d.dcombined, a.combined);
    if (d.dw_combine) {
      learn(top, top, state, d.dcombined, d.dw_combine, nullptr);
      learn(features, top, a.found, d.dcombined, d.dw_combine + count, nullptr);
    }
    multiply_back(rows, top, top, d.dcombined, a.w_combine, 0, dh(last, 0));
    multiply_back(rows, features, top, d.dcombined, a.w_combine + count, 0, d.dfound);
  }
  if (const T* drop = a.cells[last].drop)
    drop_units(team, s.steps, std::int64_t(n) * top, drop, dh(last, 0), dh(last, 0));
}

template <class T>
void DecoderWayBack<T>::step(int t) const {
  T* const dquery = d.dquery + row(t) * s.size;
  if (s.score == Score::dot) {
    attend_back(t);
    T* const to = dh(last, t);
    map(team, std::int64_t(n) * top, [=] __device__(T x, T y) { return x + y; }, to, to, dquery);
  }
  for (int l = last; l >= 0; l--) {
    step_of_cell(l, t);
    if (l == 0) break;
    const int below = units_of(s, l - 1);
    T* const to = dh(l - 1, t);
    multiply_back(n, below, gates_of(s, l), cells[l].dz + row(t) * gates_of(s, l), a.cells[l].w_ih, 0, to);
    if (const T* drop = a.cells[l - 1].drop) drop_units(team, 1, std::int64_t(n) * below, drop, to, to);
  }
  if (s.score != Score::additive) return;
  const int gates = gates_of(s, 0);
  multiply_back(n, s.features, gates, cells[0].dz + row(t) * gates, a.cells[0].w_ih, 1, d.dfound + row(t) * s.features);
  attend_back(t);
  if (t > 0) multiply_back(n, top, s.size, dquery, a.w_query, 1, dh(last, t - 1));
}

template <class T>
void DecoderWayBack<T>::attention_gradients() const {
  if (s.score == Score::none) return;
  const AttentionBackward<T> all = attended(s.source_lengths, 0, s.steps);
  source_gradients(team, all);
  if (s.score != Score::additive || !d.dw_query) return;
  launch_blocks(team, n, weight_gradients<T>, all);
  sum_rows(team, n, s.size, d.dw_score_of_each, d.dw_score);
  const auto add = [&](int rows, const T* states, const T* dquery, T beta) {
    gemm<T>(team, true, false, top, s.size, rows, 1, states, top, dquery, s.size, beta, d.dw_query, s.size, nullptr);
  };
  add(n, a.cells[last].h0, d.dquery, 0);
  if (s.steps > 1) add((s.steps - 1) * n, a.cells[last].h, d.dquery + row(1) * s.size, 1);
}

template <class T>
void DecoderWayBack<T>::cell_gradients(int l) const {
  const DecoderCellGradients<T>& to = d.cells[l];
  if (!to.dw_hh) return;
  const int rows = s.steps * n, gates = gates_of(s, l);
  const T* dz = cells[l].dz;
  sum_rows(team, rows, gates, dz, to.db);
  if (l > 0)
    dense_backward_weights<T>(team, rows, units_of(s, l - 1), gates, up(l - 1, 0), dz, to.dw_ih, nullptr, nullptr);
  else if (s.score == Score::additive)
    dense_backward_weights<T>(team, rows, s.features, gates, a.found, dz, to.dw_ih, nullptr, nullptr);
  recurrent_weights(team, cells[l], to.dw_hh);
  if (to.db_hh) sum_rows(team, rows, gates, cells[l].dz_hh, to.db_hh);
}

template <class T>
void decoder_backward(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a,
                      const DecoderGradients<T>& d) {
  if (s.n == 0 || s.steps == 0) return;
  const DecoderSpace<T> space(s, a.scratch);
  begin_answers(team, s, nullptr, nullptr, space.source_lengths);
  const std::int64_t rows = std::int64_t(s.steps) * s.n;
  if (s.score != Score::none)  // those of ended answers stay zero
    cudaMemsetAsync(space.dscores, 0, rows * s.source_steps * sizeof(T), stream_of(team));
  const DecoderWayBack<T> walk(team, s, a, d, space);
  walk.outputs();
  for (int t = s.steps - 1; t >= 0; t--) walk.step(t);
  for (int l = 0; l < s.n_cells; l++) walk.step_of_cell(l, -1);
  if (s.score == Score::additive)  // the first queries are h0
    walk.multiply_back(s.n, walk.top, s.size, d.dquery, a.w_query, 1, d.cells[walk.last].dh0);
  walk.attention_gradients();
  for (int l = 0; l < s.n_cells; l++) walk.cell_gradients(l);
  embedding_backward<T>(team, int(rows), s.symbols, gates_of(s, 0), a.inputs, walk.cells[0].dz, d.dtable);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
