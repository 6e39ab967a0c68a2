// Sequences, (steps, n, features): in and out, turned around.
#pragma once

#include "core/samples.hpp"
#include "kernels/cuda/each.hpp"
#include "kernels/sequence.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// An element of (steps, n, features)
struct StepPlace {
  int t, i, j;
};
// y[k] = f(place of k), and zero where the sequence has ended
template <class T, class F>
void for_each_step(const Team& team, const SequenceShape& s, T* y, F f) {
  const std::int64_t count = std::int64_t(s.steps) * s.n * s.features;
  for_each(team, count, [=] __device__(std::int64_t k) {
    const std::int64_t row = k / s.features;
    const int t = int(row / s.n), i = int(row - std::int64_t(t) * s.n), j = int(k - row * s.features);
    y[k] = t < s.lengths[i] ? f(StepPlace{t, i, j}) : T(0);
  });
}
FASTDL_INLINE std::int64_t step_offset(const SequenceShape& s, int t, int i, int j) {
  return (std::int64_t(t) * s.n + i) * s.features + j;
}

template <class T, class S>
void gather_steps(const Team& team, const S* data, std::int64_t sample, const std::int64_t* order,
                  const SequenceShape& s, T* y) {
  for_each_step(team, s, y, [=] __device__(const StepPlace& at) {
    return T(data[order[at.i] * sample + std::int64_t(at.t) * s.features + at.j]);
  });
}
template <class T>
void gather_sequence(const Team& team, const Samples& x, const std::int64_t* order, const SequenceShape& s, T* y) {
  switch (x.type) {
    case DType::u8: return gather_steps(team, static_cast<const std::uint8_t*>(x.data), x.features, order, s, y);
    case DType::i32: return gather_steps(team, static_cast<const std::int32_t*>(x.data), x.features, order, s, y);
    case DType::f32: return gather_steps(team, static_cast<const float*>(x.data), x.features, order, s, y);
    case DType::f64: return gather_steps(team, static_cast<const double*>(x.data), x.features, order, s, y);
  }
}

template <class T>
void sequence_to_rows(const Team& team, const SequenceShape& s, const T* x, T* y) {
  for_each(team, std::int64_t(s.n) * s.room * s.features, [=] __device__(std::int64_t k) {
    const std::int64_t row = k / s.features;
    const int i = int(row / s.room), t = int(row - std::int64_t(i) * s.room), j = int(k - row * s.features);
    y[k] = t < s.lengths[i] ? x[step_offset(s, t, i, j)] : T(0);
  });
}

template <class T>
void rows_to_sequence(const Team& team, const SequenceShape& s, const T* y, T* x) {
  for_each_step(team, s, x, [=] __device__(const StepPlace& at) {
    return y[(std::int64_t(at.i) * s.room + at.t) * s.features + at.j];
  });
}

template <class T>
void reverse_steps(const Team& team, const SequenceShape& s, const T* x, T* y) {
  for_each_step(team, s, y, [=] __device__(const StepPlace& at) {
    return x[step_offset(s, s.lengths[at.i] - 1 - at.t, at.i, at.j)];
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
