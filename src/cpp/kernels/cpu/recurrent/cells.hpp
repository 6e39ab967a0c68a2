// recurrent: what a cell does to one row (sample) in one step, after the products; backward directly under forward.
// z: the sums that enter the gates, replaced by the gates' values; dz their gradients.
#pragma once

#include "kernels/cpu/views.hpp"
#include "math/activations.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// h = f(z), in place
template <class T, class F>
FASTDL_INLINE void rnn_row(int units, const F& f, T* h) {
  for_slices<T>(0, units, [&](Slice<T> at) { at.write(h, f.value(at.read(h))); });
}
template <class T, class F>
FASTDL_INLINE void rnn_row_backward(int units, const F& f, const T* h, const T* dh, T* dz) {
  for_slices<T>(0, units, [&](Slice<T> at) { at.write(dz, at.read(dh) * f.slope(at.read(h))); });
}

// Hochreiter and Schmidhuber 1997 with forget gates (Gers et al. 2000); gates (i, f, g, o):
// c = f c_before + i g, h = o tanh(c). Peepholes p (3, units), or null: i and f see c_before, o sees c.
template <class T>
FASTDL_INLINE void lstm_row(int units, T* z, const T* p, const T* c_before, T* c, T* h) {
  const Sigmoid<T> sigmoid;
  for_slices<T>(0, units, [&](Slice<T> at) {
    Vec<T> before = at.read(c_before), i = at.read(z), f = at.read(z + units), o = at.read(z + 3 * units);
    if (p) i += at.read(p) * before, f += at.read(p + units) * before;
    i = sigmoid.value(i), f = sigmoid.value(f);
    Vec<T> g = vtanh(at.read(z + 2 * units)), now = f * before + i * g;
    if (p) o += at.read(p + 2 * units) * now;
    o = sigmoid.value(o);
    at.write(z, i), at.write(z + units, f), at.write(z + 2 * units, g), at.write(z + 3 * units, o);
    at.write(c, now), at.write(h, o * vtanh(now));
  });
}
// dc comes in as the gradient of c from later steps and goes out as that of c_before.
template <class T>
FASTDL_INLINE void lstm_row_backward(int units, const T* z, const T* p, const T* c_before, const T* c, const T* dh,
                                     T* dc, T* dz) {
  for_slices<T>(0, units, [&](Slice<T> at) {
    Vec<T> i = at.read(z), f = at.read(z + units), g = at.read(z + 2 * units), o = at.read(z + 3 * units);
    Vec<T> before = at.read(c_before), s = vtanh(at.read(c)), d = at.read(dh);
    Vec<T> dzo = d * s * o * (1 - o);
    Vec<T> dnow = at.read(dc) + d * o * (1 - s * s);
    if (p) dnow += at.read(p + 2 * units) * dzo;
    Vec<T> dzi = dnow * g * i * (1 - i), dzf = dnow * before * f * (1 - f), dbefore = dnow * f;
    if (p) dbefore += at.read(p) * dzi + at.read(p + units) * dzf;
    at.write(dz, dzi), at.write(dz + units, dzf), at.write(dz + 2 * units, dnow * i * (1 - g * g));
    at.write(dz + 3 * units, dzo), at.write(dc, dbefore);
  });
}

// Cho et al. 2014; gates (r, z, n): h = (1 - z) n + z h_before, where n = tanh(zn + q w_n) of q = r h_before, or, with
// the reset after the product (cuDNN, PyTorch), n = tanh(zn + r q) of q = h_before w_n + b_n.
template <class T>
FASTDL_INLINE void gru_row_reset(int units, T* z, const T* h_before,
                                 T* q) {  // r, z and q; the product with w_n follows
  const Sigmoid<T> sigmoid;
  for_slices<T>(0, units, [&](Slice<T> at) {
    Vec<T> r = sigmoid.value(at.read(z));
    at.write(z, r), at.write(z + units, sigmoid.value(at.read(z + units)));
    at.write(q, r * at.read(h_before));
  });
}
template <class T>
FASTDL_INLINE void gru_row(int units, T* z, const T* h_before, T* h) {
  for_slices<T>(0, units, [&](Slice<T> at) {
    Vec<T> update = at.read(z + units), n = vtanh(at.read(z + 2 * units));
    at.write(z + 2 * units, n), at.write(h, n + update * (at.read(h_before) - n));
  });
}
template <class T>
FASTDL_INLINE void gru_row_after(int units, T* z, const T* h_before, const T* q, T* h) {
  const Sigmoid<T> sigmoid;
  for_slices<T>(0, units, [&](Slice<T> at) {
    Vec<T> r = sigmoid.value(at.read(z)), update = sigmoid.value(at.read(z + units));
    Vec<T> n = vtanh(at.read(z + 2 * units) + r * at.read(q));
    at.write(z, r), at.write(z + units, update), at.write(z + 2 * units, n);
    at.write(h, n + update * (at.read(h_before) - n));
  });
}
// dh comes in as the gradient of h and goes out as its direct part of h_before's.
template <class T>
FASTDL_INLINE void gru_row_backward(int units, const T* z, const T* h_before, T* dh, T* dz) {
  for_slices<T>(0, units, [&](Slice<T> at) {
    Vec<T> update = at.read(z + units), n = at.read(z + 2 * units), d = at.read(dh);
    at.write(dz + units, d * (at.read(h_before) - n) * update * (1 - update));
    at.write(dz + 2 * units, d * (1 - update) * (1 - n * n));
    at.write(dh, d * update);
  });
}
// dq = dn w_n^T is known: through q = r h_before.
template <class T>
FASTDL_INLINE void gru_row_reset_backward(int units, const T* z, const T* h_before, const T* dq, T* dh, T* dz) {
  for_slices<T>(0, units, [&](Slice<T> at) {
    Vec<T> r = at.read(z), d = at.read(dq);
    at.write(dz, d * at.read(h_before) * r * (1 - r));
    at.write(dh, at.read(dh) + d * r);
  });
}
template <class T>
FASTDL_INLINE void gru_row_after_backward(int units, const T* z, const T* q, T* dz, T* dq) {
  for_slices<T>(0, units, [&](Slice<T> at) {
    Vec<T> r = at.read(z), dn = at.read(dz + 2 * units);
    at.write(dz, dn * at.read(q) * r * (1 - r));
    at.write(dq, dn * r);
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
