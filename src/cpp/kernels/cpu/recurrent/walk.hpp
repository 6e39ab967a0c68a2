// A recurrent layer's way through the steps, forward and back, of one thread's samples.
#pragma once

#include "kernels/cpu/recurrent/cells.hpp"
#include "kernels/cpu/recurrent/space.hpp"
#include "kernels/cpu/sequence.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Weights that do not stay in a core's own cache are read from memory that all share, once for each step and thread
// that multiplies with them. Then the threads go together: each multiplies the rows of all with its part of the
// weights.
constexpr std::int64_t own_weights = 1 << 20;  // bytes

template <class T>
struct RecurrentWalk {
  Team team;
  RecurrentShape s;
  RecurrentArrays<T> a;
  RecurrentSpace<T> space;
  Range mine;
  int units, gates;
  bool together;
  PackedWeights<T> w{}, w_n{};  // of all gates; of a GRU w of r and z, w_n of n

  RecurrentWalk() = default;
  RecurrentWalk(const Team& team, const RecurrentShape& s, const RecurrentArrays<T>& a)
      : team(team),
        s(s),
        a(a),
        space(s, team.size, a.scratch),
        mine(share_samples(team, s)),
        units(s.units),
        gates(cell_gates(s.cell) * units),
        together(team.size > 1 && std::int64_t(units) * gates * sizeof(T) > own_weights) {
    if (team.rank == 0) clear(space.zeros, std::int64_t(s.n) * units);
    if (!is_gated(s.cell))
      this->a.gates = a.h;  // an RNN's become h
    else if (s.passing)
      this->a.gates = space.gates;
  }

  std::int64_t row(int t, std::int64_t i) const { return std::int64_t(t) * s.n + i; }
  bool goes_on(int t, std::int64_t i) const { return t < s.lengths[i]; }
  T* h(int t, std::int64_t i) const { return a.h + row(t, i) * units; }
  T* z(int t, std::int64_t i) const { return a.gates + row(t % space.window, i) * gates; }
  T* extra(int t, std::int64_t i) const { return a.extra + row(t, i) * units; }
  T* dz(int t, std::int64_t i) const { return space.dz + row(t, i) * gates; }
  T* dq(int t, std::int64_t i) const { return space.dq + row(t, i) * units; }
  T* dh(std::int64_t i) const { return space.dh + i * units; }  // of the state after the step that is done next,
  T* dc(std::int64_t i) const { return space.dc + i * units; }  // from the steps after it
  const T* h_before(int t, std::int64_t i) const { return before(a.h, a.h0, t, i); }
  const T* c_before(int t, std::int64_t i) const { return before(a.extra, a.c0, t, i); }
  // What the products with w_hh see of the state before, and its gradient
  const T* seen(int t, std::int64_t i) const { return a.mask ? a.masked + row(t, i) * units : h_before(t, i); }
  T* dseen(std::int64_t i) const { return a.mask ? space.dmasked + i * units : dh(i); }
  const T* before(const T* states, const T* first, int t, std::int64_t i) const {
    return t > 0 ? states + row(t - 1, i) * units : (first ? first : space.zeros) + i * units;
  }

  // With the weights w_hh (units, gates) for forward, or their transpose.
  void pack(bool transposed) {
    const int main = is_gru(s.cell) ? 2 * units : gates;
    if (a.kept && !transposed) {
      const RecurrentForms<T> forms(s.cell, s.features, units, const_cast<T*>(a.kept));
      w = forms.w, w_n = forms.w_n;
      return team.sync();
    }
    auto columns = [&](int first, int count, T* to) {
      const T* from = a.w_hh + first;
      return transposed ? pack_weights<T>(team, units, count, {from, 1, gates}, to)
                        : pack_weights<T>(team, count, units, {from, gates, 1}, to, s.n);
    };
    w = columns(0, main, space.packed);
    const std::int64_t space_of_w = most(PackedWeights<T>::space(main, units), PackedWeights<T>::space(units, main));
    if (is_gru(s.cell)) w_n = columns(main, units, space.packed + space_of_w);
    team.sync();
  }

  // f(i) for my rows that go on, or do not, in step t
  template <class F>
  FASTDL_INLINE void each_going(int t, F f) const {
    for (std::int64_t i = mine.begin; i < mine.end; i++)
      if (goes_on(t, i)) f(i);
  }
  template <class F>
  FASTDL_INLINE void each_ended(int t, F f) const {
    for (std::int64_t i = mine.begin; i < mine.end; i++)
      if (!goes_on(t, i)) f(i);
  }
  // to(i) = from(i) B + bias, or going on from to(i), for rows up to the last that goes on in step t
  template <class From, class To>
  void multiply(int t, const PackedWeights<T>& b, std::int64_t from_row, std::int64_t to_row, const T* bias,
                bool resume, From from, To to) const {
    Range rows = together ? Range{0, s.n} : mine;
    while (rows.end > rows.begin && !goes_on(t, rows.end - 1)) rows.end--;
    const Range panels = together ? team.share(b.panels()) : Range{0, b.panels()};
    meet();
    multiply_rows<T>(b, panels, int(rows.end - rows.begin), from(rows.begin), from_row, to(rows.begin), to_row, bias,
                     resume);
    meet();
  }
  void meet() const {
    if (together) team.sync();
  }

  void mask_forward(int t) const;
  void mask_backward(int t) const;
  void inputs(int t) const;
  void forward(int t) const;
  void backward(int t, const RecurrentGradients<T>& d) const;

  // Of my samples, the gradients of the states: zero after the last step, those of h0 and c0 before the first.
  void begin_backward() const {
    const std::int64_t first = mine.begin * units, states = (mine.end - mine.begin) * units;
    clear(space.dh + first, states);
    clear(space.dc + first, states);
  }
  void end_backward(const RecurrentGradients<T>& d) const {
    const std::int64_t first = mine.begin * units, states = (mine.end - mine.begin) * units;
    if (d.dh0) __builtin_memcpy(d.dh0 + first, space.dh + first, states * sizeof(T));
    if (d.dc0) __builtin_memcpy(d.dc0 + first, space.dc + first, states * sizeof(T));
  }
};

// Dropout of the state, the same units at every step (Gal and Ghahramani 2016); of ended rows too, for the weights'
// gradients read them all.
template <class T>
void RecurrentWalk<T>::mask_forward(int t) const {
  for (std::int64_t i = mine.begin; i < mine.end; i++)
    for_slices<T>(0, units, [&](Slice<T> at) {
      at.write(a.masked + row(t, i) * units, at.read(h_before(t, i)) * at.read(a.mask + i * units));
    });
}
// dh, in a GRU what comes past the products, else nothing, plus the masked part of dseen
template <class T>
void RecurrentWalk<T>::mask_backward(int t) const {
  each_going(t, [&](auto i) {
    for_slices<T>(0, units, [&](Slice<T> at) {
      const Vec<T> part = at.read(dseen(i)) * at.read(a.mask + i * units);
      at.write(dh(i), is_gru(s.cell) ? at.read(dh(i)) + part : part);
    });
  });
}

// What the inputs of the next steps give to their gates.
template <class T>
void RecurrentWalk<T>::inputs(int t) const {
  const int rows = least(space.window, s.steps - t) * s.n;
  const T* const x = a.x + row(t, 0) * s.features;
  if (t > 0) team.sync();  // the steps before are done with their gates
  if (!a.kept) return dense_forward(team, rows, s.features, gates, x, a.w_ih, a.b, false, z(t, 0), space.gemm);
  const RecurrentForms<T> forms(s.cell, s.features, units, const_cast<T*>(a.kept));
  dense_kept_forward(team, rows, s.features, gates, x, forms.w_ih.data, a.b, false, z(t, 0));
}

template <class T>
void RecurrentWalk<T>::forward(int t) const {
  auto to_z = [&](std::int64_t i) { return z(t, i); };
  auto from_h = [&](std::int64_t i) { return seen(t, i); };
  auto q = [&](std::int64_t i) { return extra(t, i); };
  if (a.mask) mask_forward(t);
  if (t > 0 || a.h0 || a.b_hh) multiply(t, w, units, gates, a.b_hh, true, from_h, to_z);
  switch (s.cell) {
    case Cell::rnn_tanh: each_going(t, [&](auto i) { rnn_row(units, Tanh<T>{}, h(t, i)); }); break;
    case Cell::rnn_relu: each_going(t, [&](auto i) { rnn_row(units, Relu<T>{}, h(t, i)); }); break;
    case Cell::lstm:
      each_going(t, [&](auto i) { lstm_row(units, z(t, i), a.peepholes, c_before(t, i), extra(t, i), h(t, i)); });
      break;
    case Cell::gru:
      each_going(t, [&](auto i) { gru_row_reset(units, z(t, i), seen(t, i), q(i)); });
      multiply(t, w_n, units, gates, nullptr, true, q, [&](std::int64_t i) { return z(t, i) + 2 * units; });
      each_going(t, [&](auto i) { gru_row(units, z(t, i), h_before(t, i), h(t, i)); });
      break;
    case Cell::gru_reset_after:
      multiply(t, w_n, units, units, a.b_hh ? a.b_hh + 2 * units : nullptr, false, from_h, q);
      each_going(t, [&](auto i) { gru_row_after(units, z(t, i), h_before(t, i), q(i), h(t, i)); });
      break;
  }
  each_ended(t, [&](auto i) {
    clear(h(t, i), units);
    if (a.extra) clear(extra(t, i), units);
  });
}

template <class T>
void RecurrentWalk<T>::backward(int t, const RecurrentGradients<T>& d) const {
  auto add = [&](const T* more, std::int64_t i, T* sum) {
    for_slices<T>(0, units, [&](Slice<T> at) { at.write(sum, at.read(sum) + at.read(more + row(t, i) * units)); });
  };
  each_going(t, [&](auto i) {
    add(d.dh, i, dh(i));
    if (d.dc) add(d.dc, i, dc(i));
    if (a.mask) clear(dseen(i), units);
  });
  each_ended(t, [&](auto i) {
    clear(dz(t, i), gates);
    if (is_gru(s.cell)) clear(dq(t, i), units);
  });
  auto to_dh = [&](std::int64_t i) { return dseen(i); };
  auto from_dz = [&](std::int64_t i) { return dz(t, i); };
  auto from_dn = [&](std::int64_t i) { return dz(t, i) + 2 * units; };
  auto at_dq = [&](std::int64_t i) { return dq(t, i); };
  const bool further = t > 0 || d.dh0;  // somebody wants the gradient of the state before
  switch (s.cell) {
    case Cell::rnn_tanh:
      each_going(t, [&](auto i) { rnn_row_backward(units, Tanh<T>{}, h(t, i), dh(i), dz(t, i)); });
      break;
    case Cell::rnn_relu:
      each_going(t, [&](auto i) { rnn_row_backward(units, Relu<T>{}, h(t, i), dh(i), dz(t, i)); });
      break;
    case Cell::lstm:
      each_going(t, [&](auto i) {
        lstm_row_backward(units, z(t, i), a.peepholes, c_before(t, i), extra(t, i), dh(i), dc(i), dz(t, i));
      });
      break;
    case Cell::gru:
      each_going(t, [&](auto i) { gru_row_backward(units, z(t, i), h_before(t, i), dh(i), dz(t, i)); });
      multiply(t, w_n, gates, units, nullptr, false, from_dn, at_dq);
      each_going(t, [&](auto i) { gru_row_reset_backward(units, z(t, i), seen(t, i), dq(t, i), dseen(i), dz(t, i)); });
      break;
    case Cell::gru_reset_after:
      each_going(t, [&](auto i) {
        gru_row_backward(units, z(t, i), h_before(t, i), dh(i), dz(t, i));
        gru_row_after_backward(units, z(t, i), extra(t, i), dz(t, i), dq(t, i));
      });
      if (further) multiply(t, w_n, units, units, nullptr, true, at_dq, to_dh);
      break;
  }
  if (further) multiply(t, w, gates, units, nullptr, is_gru(s.cell), from_dz, to_dh);
  if (a.mask && further) mask_backward(t);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
