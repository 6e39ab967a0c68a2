// recurrent: what a cell does to one unit u of one sample i in one step t, after the product p of the states with w_hh
// (one sum a gate); backward directly under forward. A sequence that has ended has h = 0 and no gradient.
#pragma once

#include "kernels/cuda/recurrent/walk.hpp"
#include "math/activations.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Of one unit in one step
template <class T>
struct Place {
  const Walk<T>& w;
  int t, i, u;
  std::int64_t state, at;  // in (n, units), in (steps, n, units)

  FASTDL_INLINE Place(const Walk<T>& w, int t, int i, int u)
      : w(w), t(t), i(i), u(u), state(std::int64_t(i) * w.units + u), at(std::int64_t(t) * w.n * w.units + state) {}
  FASTDL_INLINE T of(const T* states) const { return states ? states[state] : T(0); }
  FASTDL_INLINE T bias(int gate) const { return w.a.b_hh ? w.a.b_hh[gate * w.units + u] : T(0); }
  FASTDL_INLINE T peephole(int k) const { return w.a.peepholes ? w.a.peepholes[k * w.units + u] : T(0); }
  FASTDL_INLINE T& z(int gate) const { return w.z(t, i)[gate * w.units + u]; }
  FASTDL_INLINE T& dz(int gate) const { return w.dz[w.row(t, i) * w.width + gate * w.units + u]; }
  FASTDL_INLINE T& dz_hh(int gate) const { return w.dz_hh[w.row(t, i) * w.width + gate * w.units + u]; }
  FASTDL_INLINE bool carries() const { return t + 1 < w.lengths[i]; }  // later steps have a gradient

  FASTDL_INLINE T write_h(T h) const {  // and, with dropout of the state, what the next step's products see
    w.a.h[at] = h;
    if (w.a.mask && t + 1 < w.steps) w.a.masked[at + std::int64_t(w.n) * w.units] = h * w.a.mask[state];
    return h;
  }
  FASTDL_INLINE void end() const {
    write_h(0);
    if (w.a.extra) w.a.extra[at] = 0;
  }
  FASTDL_INLINE void end_backward() const {
    for (int gate = 0; gate < cell_gates(w.cell); gate++) dz(gate) = 0, dz_hh(gate) = 0;
  }
};

// What a step reads besides the product: early, while that is done.
template <class T>
struct CellInput {
  T x[4];    // the inputs' part of each gate; backward the gates
  T before;  // c of an LSTM, h of a GRU
  T seen;    // what a GRU's products see of that
  T state;   // backward: h of an RNN, `extra` of the others
  T dh, dc;  // backward: of the states
};
template <Cell cell, class T>
FASTDL_INLINE void read_gates(const Place<T>& at, CellInput<T>& in) {
  for (int gate = 0; gate < cell_gates(cell); gate++) in.x[gate] = at.z(gate);
}
template <Cell cell, class T>
FASTDL_INLINE void read_before(const Place<T>& at, CellInput<T>& in) {
  if (cell == Cell::lstm) in.before = at.of(at.w.c_before(at.t));
  if (is_gru(cell)) in.before = at.of(at.w.h_before(at.t));
  if (cell == Cell::gru) in.seen = at.of(at.w.seen(at.t));
}
template <Cell cell, class T>
FASTDL_INLINE CellInput<T> forward_input(const Walk<T>& w, int t, int i, int u) {
  const Place<T> at(w, t, i, u);
  CellInput<T> in{};
  read_gates<cell>(at, in), read_before<cell>(at, in);
  return in;
}
template <Cell cell, class T>
FASTDL_INLINE CellInput<T> backward_input(const Walk<T>& w, int t, int i, int u) {
  CellInput<T> in{};
  if (t < 0) return in;
  const Place<T> at(w, t, i, u);
  read_gates<cell>(at, in), read_before<cell>(at, in);
  in.state = is_rnn(cell) ? w.a.h[at.at] : w.a.extra[at.at];
  in.dh = w.dh_out[at.at], in.dc = w.dc_out ? w.dc_out[at.at] : T(0);
  return in;
}

// What a step leaves to the next
template <class T>
struct State {
  T h, c;  // of a GRU whose product with w_n follows: q and its update gate
};
template <class T>
struct Carried {
  T dh, dc, dseen;  // of the states before, past the products; dseen of what those see
};

// What later steps say of h, from the product p of their dz with w_hh
template <Cell cell, class T>
FASTDL_INLINE T dh_carried(const Place<T>& at, const Carried<T>& carried, T p) {
  if (!at.carries()) return 0;
  if (cell == Cell::gru) p += carried.dseen;
  if (at.w.a.mask) p *= at.w.a.mask[at.state];
  return is_gru(cell) ? p + carried.dh : p;
}

// --- the cells: p the products, one of each gate; dz_hh the gradients that flow into the products of the step before
template <class T, class F>
FASTDL_INLINE State<T> rnn_forward(const Place<T>& at, const F& f, const CellInput<T>& in, const T* p) {
  return {at.write_h(f.value(in.x[0] + p[0] + at.bias(0))), 0};
}
template <class T, class F>
FASTDL_INLINE void rnn_backward(const Place<T>& at, const F& f, const CellInput<T>& in, T dh, T* dz_hh) {
  at.dz(0) = dz_hh[0] = dh * f.slope(in.state);
}

// Hochreiter and Schmidhuber 1997 with forget gates (Gers et al. 2000); gates (i, f, g, o):
// c = f c_before + i g, h = o tanh(c). Peepholes (3, units), or null: i and f see c_before, o sees c.
template <class T>
FASTDL_INLINE State<T> lstm_forward(const Place<T>& at, const CellInput<T>& in, const T* p) {
  const Sigmoid<T> sigmoid;
  const T i = sigmoid.value(in.x[0] + p[0] + at.bias(0) + at.peephole(0) * in.before);
  const T f = sigmoid.value(in.x[1] + p[1] + at.bias(1) + at.peephole(1) * in.before);
  const T g = vtanh(in.x[2] + p[2] + at.bias(2)), c = f * in.before + i * g;
  const T o = sigmoid.value(in.x[3] + p[3] + at.bias(3) + at.peephole(2) * c);
  at.z(0) = i, at.z(1) = f, at.z(2) = g, at.z(3) = o;
  at.w.a.extra[at.at] = c;
  return {at.write_h(o * vtanh(c)), c};
}
template <class T>
FASTDL_INLINE void lstm_backward(const Place<T>& at, const CellInput<T>& in, T dh, Carried<T>& carried, T* dz_hh) {
  const T i = in.x[0], f = in.x[1], g = in.x[2], o = in.x[3], s = vtanh(in.state);
  const T dzo = dh * s * o * (1 - o), dc_after = at.carries() ? carried.dc : T(0);
  const T dc = dc_after + in.dc + dh * o * (1 - s * s) + at.peephole(2) * dzo;
  const T dzi = dc * g * i * (1 - i), dzf = dc * in.before * f * (1 - f);
  dz_hh[0] = dzi, dz_hh[1] = dzf, dz_hh[2] = dc * i * (1 - g * g), dz_hh[3] = dzo;
  for (int gate = 0; gate < 4; gate++) at.dz(gate) = dz_hh[gate];
  carried.dc = dc * f + at.peephole(0) * dzi + at.peephole(1) * dzf;
}

// Cho et al. 2014; gates (r, z, n): h = (1 - z) n + z h_before, where n = tanh(zn + q w_n) of q = r h_before, or, with
// the reset after the product (cuDNN, PyTorch), n = tanh(zn + r q) of q = h_before w_n + b_n.
template <class T>
FASTDL_INLINE State<T> gru_reset(const Place<T>& at, const CellInput<T>& in, const T* p) {
  const Sigmoid<T> sigmoid;
  const T r = sigmoid.value(in.x[0] + p[0] + at.bias(0)), update = sigmoid.value(in.x[1] + p[1] + at.bias(1));
  const T q = r * in.seen;
  at.z(0) = r, at.z(1) = update, at.w.a.extra[at.at] = q;
  return {q, update};
}
template <class T>
FASTDL_INLINE State<T> gru_output(const Place<T>& at, const CellInput<T>& in, T update, T n) {
  at.z(2) = n;
  return {at.write_h(n + update * (in.before - n)), 0};
}
template <class T>
FASTDL_INLINE State<T> gru_after_forward(const Place<T>& at, const CellInput<T>& in, const T* p) {
  const Sigmoid<T> sigmoid;
  const T r = sigmoid.value(in.x[0] + p[0] + at.bias(0)), update = sigmoid.value(in.x[1] + p[1] + at.bias(1));
  const T q = p[2] + at.bias(2);
  at.z(0) = r, at.z(1) = update, at.w.a.extra[at.at] = q;
  return gru_output(at, in, update, vtanh(in.x[2] + r * q));
}
template <class T>
FASTDL_INLINE void gru_output_backward(const Place<T>& at, const CellInput<T>& in, T dh, Carried<T>& carried,
                                       T* dz_hh) {
  const T update = in.x[1], n = in.x[2];
  at.dz(1) = dz_hh[1] = dh * (in.before - n) * update * (1 - update);
  at.dz(2) = dz_hh[2] = dh * (1 - update) * (1 - n * n);
  carried.dh = dh * update;
}
template <class T>
FASTDL_INLINE void gru_reset_backward(const Place<T>& at, const CellInput<T>& in, T dq, Carried<T>& carried,
                                      T* dz_hh) {  // dq = dn w_n^T is known
  const T r = in.x[0];
  at.dz(0) = dz_hh[0] = dq * in.seen * r * (1 - r);
  carried.dseen = dq * r;
}
template <class T>
FASTDL_INLINE void gru_after_backward(const Place<T>& at, const CellInput<T>& in, T dh, Carried<T>& carried, T* dz_hh) {
  gru_output_backward(at, in, dh, carried, dz_hh);
  const T r = in.x[0], dn = dz_hh[2];
  at.dz(0) = dz_hh[0] = dn * in.state * r * (1 - r);
  dz_hh[2] = dn * r;
  for (int gate = 0; gate < 3; gate++) at.dz_hh(gate) = dz_hh[gate];
}

// --- a unit's part of a phase: of each direction in the order in which they are done
template <Cell cell, int phase, class T>
FASTDL_INLINE State<T> cell_forward(const Walk<T>& w, int t, int i, int u, const CellInput<T>& in, const T* p) {
  const Place<T> at(w, t, i, u);
  if (!w.goes_on(t, i)) return at.end(), State<T>{};
  if constexpr (cell == Cell::rnn_tanh) return rnn_forward(at, Tanh<T>{}, in, p);
  if constexpr (cell == Cell::rnn_relu) return rnn_forward(at, Relu<T>{}, in, p);
  if constexpr (cell == Cell::lstm) return lstm_forward(at, in, p);
  if constexpr (cell == Cell::gru_reset_after) return gru_after_forward(at, in, p);
  if constexpr (cell == Cell::gru && phase == 0) return gru_reset(at, in, p);
  if constexpr (cell == Cell::gru && phase == 1) return gru_output(at, in, in.x[1], vtanh(in.x[2] + p[0]));
}
// Step -1: the gradients of h0 and c0
template <Cell cell, int phase, class T>
FASTDL_INLINE void cell_backward(const Walk<T>& w, int t, int i, int u, const CellInput<T>& in, T p,
                                 Carried<T>& carried, T* dz_hh) {
  const Place<T> at(w, t, i, u);
  if (t < 0) {
    if (w.dh0) w.dh0[at.state] = dh_carried<cell>(at, carried, p);
    if (w.dc0) w.dc0[at.state] = at.carries() ? carried.dc : T(0);
    return;
  }
  if (!w.goes_on(t, i)) return at.end_backward();
  const T dh = phase == 0 ? dh_carried<cell>(at, carried, p) + in.dh : T(0);
  if constexpr (cell == Cell::rnn_tanh) rnn_backward(at, Tanh<T>{}, in, dh, dz_hh);
  if constexpr (cell == Cell::rnn_relu) rnn_backward(at, Relu<T>{}, in, dh, dz_hh);
  if constexpr (cell == Cell::lstm) lstm_backward(at, in, dh, carried, dz_hh);
  if constexpr (cell == Cell::gru_reset_after) gru_after_backward(at, in, dh, carried, dz_hh);
  if constexpr (cell == Cell::gru && phase == 0) gru_output_backward(at, in, dh, carried, dz_hh);
  if constexpr (cell == Cell::gru && phase == 1) gru_reset_backward(at, in, p, carried, dz_hh);
}
// With what is carried in the scratch
template <Cell cell, int phase, class T>
FASTDL_INLINE void cell_backward(const Walk<T>& w, int t, int i, int u, const CellInput<T>& in, T p) {
  const std::int64_t at = std::int64_t(i) * w.units + u;
  Carried<T> carried{w.dh[at], w.dc[at], w.dseen[at]};
  T dz_hh[4];
  cell_backward<cell, phase>(w, t, i, u, in, p, carried, dz_hh);
  w.dh[at] = carried.dh, w.dc[at] = carried.dc, w.dseen[at] = carried.dseen;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
