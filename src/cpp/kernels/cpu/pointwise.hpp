// Activations and what else goes element by element.
#pragma once

#include "kernels/cpu/views.hpp"
#include "math/functions.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void activation_forward(const Team& team, ActivationKind kind, T alpha, std::int64_t count, const T* x, T* y) {
  with_function<T>(kind, alpha, [&](auto function) {
    each_slice<T>(team, count, [&](Slice<T> at) { at.write(y, function.value(at.read(x))); });
  });
}

template <class T>
void activation_backward(const Team& team, ActivationKind kind, T alpha, std::int64_t count, const T* x, const T* y,
                         const T* dy, T* dx) {
  with_function<T>(kind, alpha, [&](auto function) {
    const T* z = function.reads_x ? x : y;
    each_slice<T>(team, count, [&](Slice<T> at) { at.write(dx, at.read(dy) * function.slope(at.read(z))); });
  });
}

// y = exp(x - max) / sum of it, over channels
template <class T>
void softmax_forward(const Team& team, const NormShape& s, const T* x, T* y) {
  each_site<T>(team, s, [&](auto site) {
    Vec<T> top = site.max([&](auto at) { return at.read(x); });
    Vec<T> sum = site.sum([&](auto at) {
      Vec<T> e = vexp(at.read(x) - top);
      at.write(y, e);
      return e;
    });
    site.each([&](auto at) { at.write(y, at.read(y) / sum); });
  });
}

// dx = y (dy - sum of y dy)
template <class T>
void softmax_backward(const Team& team, const NormShape& s, const T* y, const T* dy, T* dx) {
  each_site<T>(team, s, [&](auto site) {
    Vec<T> mean = site.sum([&](auto at) { return at.read(y) * at.read(dy); });
    site.each([&](auto at) { at.write(dx, at.read(y) * (at.read(dy) - mean)); });
  });
}

template <class T>
void prelu_forward(const Team& team, const NormShape& s, const T* x, const T* alpha, T* y) {
  each_channel<T>(team, s, [&](auto channel) {
    Vec<T> a = channel.get(alpha);
    channel.each([&](auto at) {
      Vec<T> v = at.read(x);
      at.write(y, v > 0 ? v : a * v);
    });
  });
}

template <class T>
void prelu_backward(const Team& team, const NormShape& s, const T* x, const T* alpha, const T* dy, T* dx, T* dalpha) {
  each_channel<T>(team, s, [&](auto channel) {
    Vec<T> a = channel.get(alpha);
    if (dalpha) channel.put(dalpha, channel.sum([&](auto at) { return at.read(dy) * at_most(at.read(x), T(0)); }));
    if (dx)
      channel.each([&](auto at) {
        Vec<T> d = at.read(dy);
        at.write(dx, at.read(x) > 0 ? d : a * d);
      });
  });
}

// y = x + slope (f(x) - x)
template <class T>
void parametric_activation_forward(const Team& team, ActivationKind kind, T alpha, const NormShape& s, const T* x,
                                   const T* slope, T* y) {
  with_activation<T>(kind, alpha, [&](auto function) {
    each_channel<T>(team, s, [&](auto channel) {
      Vec<T> a = channel.get(slope);
      channel.each([&](auto at) {
        Vec<T> v = at.read(x);
        at.write(y, v + a * (function.value(v) - v));
      });
    });
  });
}

// dx = dy (1 + slope (f' - 1)), dslope = sum of dy (f - x): in one pass, for f is computed anew.
template <class T>
void parametric_activation_backward(const Team& team, ActivationKind kind, T alpha, const NormShape& s, const T* x,
                                    const T* slope, const T* dy, T* dx, T* dslope) {
  with_activation<T>(kind, alpha, [&](auto function) {
    each_channel<T>(team, s, [&](auto channel) {
      Vec<T> a = channel.get(slope);
      Vec<T> sum = channel.sum([&](auto at) {
        Vec<T> v = at.read(x), d = at.read(dy), f = function.value(v);
        FASTDL_IN_REGISTER(f);  // the same bits with dx and without
        if (dx) at.write(dx, d * (1 + a * (function.slope(function.reads_x ? v : f) - 1)));
        Vec<T> term = d * (f - v);
        FASTDL_IN_REGISTER(term);
        return term;
      });
      if (dslope) channel.put(dslope, sum);
    });
  });
}

template <class T>
void scale_forward(const Team& team, const NormShape& s, const T* x, const T* gain, T* y) {
  each_channel<T>(team, s, [&](auto channel) {
    Vec<T> g = channel.get(gain);
    channel.each([&](auto at) { at.write(y, g * at.read(x)); });
  });
}

template <class T>
void scale_backward(const Team& team, const NormShape& s, const T* x, const T* gain, const T* dy, T* dx, T* dgain) {
  each_channel<T>(team, s, [&](auto channel) {
    Vec<T> g = channel.get(gain);
    if (dgain) channel.put(dgain, channel.sum([&](auto at) { return at.read(dy) * at.read(x); }));
    if (dx) channel.each([&](auto at) { at.write(dx, g * at.read(dy)); });
  });
}

// y (n, units) = the largest of each unit's pieces, x (n, units, pieces)
template <class T>
void maxout_forward(const Team& team, int n, int units, int pieces, const T* x, T* y) {
  Range part = team.share(std::int64_t(n) * units);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    const T* piece = x + i * pieces;
    T top = piece[0];
    for (int j = 1; j < pieces; j++) top = piece[j] <= top ? top : top != top ? top : piece[j];  // NaN stays
    y[i] = top;
  }
  team.sync();
}

// The first of the largest pieces gets the gradient, or the first NaN.
template <class T>
void maxout_backward(const Team& team, int n, int units, int pieces, const T* x, const T* y, const T* dy, T* dx) {
  Range part = team.share(std::int64_t(n) * units);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    T d = dy[i];
    for (std::int64_t j = i * pieces; j < (i + 1) * pieces; j++) {
      bool taken = x[j] == y[i] || x[j] != x[j];
      dx[j] = taken ? d : 0;
      d = taken ? 0 : d;
    }
  }
  team.sync();
}

template <class T>
void add(const Team& team, std::int64_t count, const T* a, const T* b, T* y) {
  each_slice<T>(team, count, [&](Slice<T> at) { at.write(y, at.read(a) + at.read(b)); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
