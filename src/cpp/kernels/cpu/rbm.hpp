// Restricted Boltzmann machines: stochastic units, and the statistics of data and model.
#pragma once

#include "kernels/cpu/gemm.hpp"
#include "kernels/cpu/philox.hpp"
#include "kernels/cpu/views.hpp"
#include "math/activations.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// --- units ----------------------------------------------------------------------------------------------------------
// body(row, b, offset of the first element, elements) for this thread's blocks of 64 elements of rows (n, features).
template <class Body>
FASTDL_INLINE void each_philox_block(const Team& team, int n, int features, Body body) {
  const std::int64_t blocks = ceil_div(features, philox_block);
  Range part = team.share(n * blocks);
  for (std::int64_t u = part.begin; u < part.end; u++) {
    const std::int64_t row = u / blocks, first = u % blocks * philox_block;
    body(row, int(u % blocks), row * features + first, int(least<std::int64_t>(philox_block, features - first)));
  }
  team.sync();
}

// p = sigmoid(x), and h = 1 where a uniform draw is below p, else 0.
template <class T>
void bernoulli_units(const Team& team, int n, int features, const RandomKey& key, const double* uniform, const T* x,
                     T* p, T* h) {
  const Sigmoid<T> sigmoid;
  const Philox philox(key);
  each_philox_block(team, n, features, [&](std::int64_t row, int b, std::int64_t begin, int size) {
    alignas(64) std::uint32_t word[philox_block];
    if (!uniform) philox.block(key.sample[row], b, word);
    for_slices<T>(begin, begin + size, [&](Slice<T> at) {
      const Vec<T> chance = sigmoid.value(at.read(x));
      if (p) at.write(p, chance);
      if (uniform)  // NumPy's, which are doubles
        for (int j = 0; j < at.count; j++) h[at.i + j] = uniform[at.i + j] < chance[j] ? T(1) : T(0);
      else
        at.write(h, u01<T>(load_random<T>(word + (at.i - begin))) < chance ? splat(T(1)) : Vec<T>{});
    });
  });
}

template <class T>
struct Circle {
  Vec<T> cosine, sine;
};
// Of a full turn times u, 0 <= u <= 1: the series of a quarter of the angle, doubled twice.
template <class T>
FASTDL_INLINE Circle<T> circle(Vec<T> u) {
  const Vec<T> x = (u - T(0.5)) * T(1.57079632679489662), z = x * x;
  Vec<T> s = x * polynomial(z, 1, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800);
  Vec<T> c = polynomial(z, 1, -0.5, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600);
  for (int twice = 0; twice < 2; twice++) {
    const Vec<T> sine = 2 * s * c;
    c = 1 - 2 * s * s, s = sine;
  }
  return {c, s};
}

// v = x + a draw of the normal distribution (Box and Muller 1958: two words, two draws).
template <class T>
void gaussian_units(const Team& team, int n, int features, const RandomKey& key, const T* x, T* v) {
  const Philox philox(key);
  each_philox_block(team, n, features, [&](std::int64_t row, int b, std::int64_t begin, int size) {
    alignas(64) std::uint32_t word[philox_block];
    philox.block(key.sample[row], b, word);
    const auto uniform = [&](int i) {
      return (__builtin_convertvector(load_random<T>(word + i), Vec<T>) + T(0.5)) * T(0x1p-32);
    };
    alignas(64) T noise[philox_block];
    for (int j = 0; j < philox_block; j += 32)
      for (int i = j; i < j + 16; i += lanes<T>) {
        const Vec<T> radius = vsqrt(-2 * vlog(uniform(i)));
        const Circle<T> at = circle<T>(uniform(i + 16));
        store(noise + i, radius * at.cosine);
        store(noise + i + 16, radius * at.sine);
      }
    for_slices<T>(begin, begin + size, [&](Slice<T> at) { at.write(v, at.read(x) + load(noise + (at.i - begin))); });
  });
}

// x (n, in) = y w^T + b
template <class T>
void dense_reconstruct(const Team& team, int n, int in, int out, const T* y, const T* w, const T* b, T* x, T* scratch) {
  gemm<T>(team, {.m = n, .n = in, .depth = out, .a = {y, out, 1}, .b = {w, 1, out}, .c = x, .bias = b}, scratch);
}

// --- learning -------------------------------------------------------------------------------------------------------
// w (in, out) += rate x^T y
template <class T>
void dense_accumulate(const Team& team, int n, int in, int out, T rate, const T* x, const T* y, T* w, T* scratch) {
  gemm<T>(team,
          {.m = in, .n = out, .depth = n, .a = {x, 1, in}, .b = {y, out, 1}, .c = w, .bias = nullptr, .rate = rate},
          scratch);
}

// sum (features,) += rate times the terms x + shift of the data's rows and -ratio x of the model's, which follow them.
template <class T>
void phase_difference(const Team& team, int data, int model, int features, double rate, T ratio, const T* shift,
                      const T* x, T* terms, T* sum) {
  const Range part = team.share(ceil_div(features, lanes<T>));
  for_slices<T>(part.begin * lanes<T>, least<std::int64_t>(part.end * lanes<T>, features), [&](Slice<T> column) {
    const Vec<T> shifts = shift ? column.read(shift) : Vec<T>{};
    Vec<T> total{};
    for (int row = 0; row < data + model; row++) {
      const Slice<T> at{row * std::int64_t(features) + column.i, column.count};
      const Vec<T> term = row < data ? at.read(x) + shifts : -ratio * at.read(x);
      if (terms) at.write(terms, term);
      total += term;
    }
    for (int j = 0; j < column.count; j++) sum[column.i + j] = T(sum[column.i + j] + rate * total[j]);  // in double
  });
  team.sync();
}

template <class T>
void pull_to_target(const Team& team, int features, double target, double cost, const T* activity, T* shift) {
  const Range part = team.share(features);
  for (std::int64_t j = part.begin; j < part.end; j++) shift[j] = cost * (target - activity[j]);
  team.sync();
}

template <class T>
void free_energy(const Team& team, int n, int visible, int hidden, bool gaussian, const T* v, const T* b,
                 const T* softplus, T* energy) {
  const Range part = team.share(n);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    const T *row = v + i * visible, *terms = softplus + i * hidden;
    double sum = 0;
    for (int j = 0; j < visible; j++) {
      const double apart = double(row[j]) - b[j];
      double term = gaussian ? 0.5 * apart * apart : -double(row[j]) * b[j];
      FASTDL_IN_REGISTER(term);
      sum += term;
    }
    for (int j = 0; j < hidden; j++) sum -= terms[j];
    energy[i] = T(sum);
  }
  team.sync();
}

// y = a y + b x
template <class T>
void blend(const Team& team, std::int64_t count, T a, T b, const T* x, T* y) {
  each_slice<T>(team, count, [&](Slice<T> at) { at.write(y, a * at.read(y) + b * at.read(x)); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
