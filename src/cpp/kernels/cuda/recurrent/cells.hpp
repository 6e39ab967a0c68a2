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
  FASTDL_INLINE T& z(int gate) const { return w.z(t, i)[gate * w.units + u]; }
  FASTDL_INLINE T bias(int gate) const { return w.a.b_hh ? w.a.b_hh[gate * w.units + u] : T(0); }
  FASTDL_INLINE T peephole(int k) const { return w.a.peepholes ? w.a.peepholes[k * w.units + u] : T(0); }
  FASTDL_INLINE void write_h(T h) const {  // and, with dropout of the state, what the next step's products see
    w.a.h[at] = h;
    if (w.a.mask && t + 1 < w.steps) w.a.masked[at + std::int64_t(w.n) * w.units] = h * w.a.mask[state];
  }
  FASTDL_INLINE void end() const {
    write_h(0);
    if (w.a.extra) w.a.extra[at] = 0;
  }

  // --- backward
  FASTDL_INLINE T& dz(int gate) const { return w.dz[(w.row(t, i) * w.width) + gate * w.units + u]; }
  FASTDL_INLINE T& dz_hh(int gate) const { return w.dz_hh[(w.row(t, i) * w.width) + gate * w.units + u]; }
  FASTDL_INLINE bool carries() const { return t + 1 < w.lengths[i]; }  // later steps have a gradient
  FASTDL_INLINE T carried(const T* states) const { return carries() ? states[state] : T(0); }
  // What later steps say of h, from the product p of their dz with w_hh
  FASTDL_INLINE T dh_carried(T p) const {
    if (!carries()) return 0;
    if (w.cell == Cell::gru) p += w.dseen[state];
    if (w.a.mask) p *= w.a.mask[state];
    return is_gru(w.cell) ? p + w.dh[state] : p;
  }
  FASTDL_INLINE T dh(T p) const { return dh_carried(p) + w.dh_out[at]; }
  FASTDL_INLINE void end_backward() const {
    for (int gate = 0; gate < cell_gates(w.cell); gate++) dz(gate) = 0, dz_hh(gate) = 0;
  }
};

template <class T, class F>
FASTDL_INLINE void rnn_forward(const Place<T>& at, const F& f, const T* p) {
  at.write_h(f.value(at.z(0) + p[0] + at.bias(0)));
}
template <class T, class F>
FASTDL_INLINE void rnn_backward(const Place<T>& at, const F& f, T p) {
  at.dz(0) = at.dh(p) * f.slope(at.w.a.h[at.at]);
}

// Hochreiter and Schmidhuber 1997 with forget gates (Gers et al. 2000); gates (i, f, g, o):
// c = f c_before + i g, h = o tanh(c). Peepholes (3, units), or null: i and f see c_before, o sees c.
template <class T>
FASTDL_INLINE void lstm_forward(const Place<T>& at, const T* p) {
  const Sigmoid<T> sigmoid;
  const T before = at.of(at.w.c_before(at.t));
  const T i = sigmoid.value(at.z(0) + p[0] + at.bias(0) + at.peephole(0) * before);
  const T f = sigmoid.value(at.z(1) + p[1] + at.bias(1) + at.peephole(1) * before);
  const T g = vtanh(at.z(2) + p[2] + at.bias(2)), c = f * before + i * g;
  const T o = sigmoid.value(at.z(3) + p[3] + at.bias(3) + at.peephole(2) * c);
  at.z(0) = i, at.z(1) = f, at.z(2) = g, at.z(3) = o;
  at.w.a.extra[at.at] = c;
  at.write_h(o * vtanh(c));
}
template <class T>
FASTDL_INLINE void lstm_backward(const Place<T>& at, T p) {
  const T before = at.of(at.w.c_before(at.t)), s = vtanh(at.w.a.extra[at.at]);
  const T i = at.z(0), f = at.z(1), g = at.z(2), o = at.z(3), dh = at.dh(p);
  const T dzo = dh * s * o * (1 - o);
  T dc = at.carried(at.w.dc) + dh * o * (1 - s * s) + at.peephole(2) * dzo;
  if (at.w.dc_out) dc += at.w.dc_out[at.at];
  const T dzi = dc * g * i * (1 - i), dzf = dc * before * f * (1 - f);
  at.dz(0) = dzi, at.dz(1) = dzf, at.dz(2) = dc * i * (1 - g * g), at.dz(3) = dzo;
  at.w.dc[at.state] = dc * f + at.peephole(0) * dzi + at.peephole(1) * dzf;
}

// Cho et al. 2014; gates (r, z, n): h = (1 - z) n + z h_before, where n = tanh(zn + q w_n) of q = r h_before, or, with
// the reset after the product (cuDNN, PyTorch), n = tanh(zn + r q) of q = h_before w_n + b_n.
template <class T>
FASTDL_INLINE void gru_reset(const Place<T>& at, const T* p) {  // r, z and q; the product with w_n follows
  const Sigmoid<T> sigmoid;
  const T r = sigmoid.value(at.z(0) + p[0] + at.bias(0));
  at.z(0) = r, at.z(1) = sigmoid.value(at.z(1) + p[1] + at.bias(1));
  at.w.a.extra[at.at] = r * at.of(at.w.seen(at.t));
}
template <class T>
FASTDL_INLINE void gru_output(const Place<T>& at, T update, T n) {
  at.z(1) = update, at.z(2) = n;
  at.write_h(n + update * (at.of(at.w.h_before(at.t)) - n));
}
template <class T>
FASTDL_INLINE void gru_after_forward(const Place<T>& at, const T* p) {
  const Sigmoid<T> sigmoid;
  const T r = sigmoid.value(at.z(0) + p[0] + at.bias(0)), update = sigmoid.value(at.z(1) + p[1] + at.bias(1));
  const T q = p[2] + at.bias(2);
  at.z(0) = r, at.w.a.extra[at.at] = q;
  gru_output(at, update, vtanh(at.z(2) + r * q));
}
template <class T>
FASTDL_INLINE T gru_output_backward(const Place<T>& at, T p) {  // dn
  const T update = at.z(1), n = at.z(2), dh = at.dh(p), dn = dh * (1 - update) * (1 - n * n);
  const T dupdate = dh * (at.of(at.w.h_before(at.t)) - n) * update * (1 - update);
  at.dz(1) = dupdate, at.dz_hh(1) = dupdate, at.dz(2) = dn;
  at.w.dh[at.state] = dh * update;
  return dn;
}
template <class T>
FASTDL_INLINE void gru_reset_backward(const Place<T>& at, T dq) {  // dq = dn w_n^T is known
  const T r = at.z(0);
  at.dz(0) = dq * at.of(at.w.seen(at.t)) * r * (1 - r);
  at.w.dseen[at.state] = dq * r;
}
template <class T>
FASTDL_INLINE void gru_after_backward(const Place<T>& at, T p) {
  const T r = at.z(0), dn = gru_output_backward(at, p), dr = dn * at.w.a.extra[at.at] * r * (1 - r);
  at.dz(0) = dr, at.dz_hh(0) = dr, at.dz_hh(2) = dn * r;
}

// --- a unit's part of a phase: forward has one or two phases, backward as many, in the order in which they are done
template <Cell cell, int phase, class T>
FASTDL_INLINE void cell_forward(const Walk<T>& w, int t, int i, int u, const T* p) {
  const Place<T> at(w, t, i, u);
  if (!w.goes_on(t, i)) return at.end();
  if constexpr (cell == Cell::rnn_tanh) rnn_forward(at, Tanh<T>{}, p);
  if constexpr (cell == Cell::rnn_relu) rnn_forward(at, Relu<T>{}, p);
  if constexpr (cell == Cell::lstm) lstm_forward(at, p);
  if constexpr (cell == Cell::gru_reset_after) gru_after_forward(at, p);
  if constexpr (cell == Cell::gru && phase == 0) gru_reset(at, p);
  if constexpr (cell == Cell::gru && phase == 1) gru_output(at, at.z(1), vtanh(at.z(2) + p[0]));
}
// Step -1: the gradients of h0 and c0
template <Cell cell, int phase, class T>
FASTDL_INLINE void cell_backward(const Walk<T>& w, int t, int i, int u, T p) {
  const Place<T> at(w, t, i, u);
  if (t < 0) {
    if (w.dh0) w.dh0[at.state] = at.dh_carried(p);
    if (w.dc0) w.dc0[at.state] = at.carried(w.dc);
    return;
  }
  if (!w.goes_on(t, i)) return at.end_backward();
  if constexpr (cell == Cell::rnn_tanh) rnn_backward(at, Tanh<T>{}, p);
  if constexpr (cell == Cell::rnn_relu) rnn_backward(at, Relu<T>{}, p);
  if constexpr (cell == Cell::lstm) lstm_backward(at, p);
  if constexpr (cell == Cell::gru_reset_after) gru_after_backward(at, p);
  if constexpr (cell == Cell::gru && phase == 0) gru_output_backward(at, p);
  if constexpr (cell == Cell::gru && phase == 1) gru_reset_backward(at, p);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
