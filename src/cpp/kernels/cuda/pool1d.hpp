// max_pool1d, avg_pool1d: windows over the steps of sequences (steps, n, c). Gradients are gathered: each dx from the
// outputs that saw it, in their order.
#pragma once

#include "kernels/cuda/conv1d.hpp"
#include "kernels/cuda/places.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// The steps under window t of sequence i that there are.
FASTDL_INLINE Range steps_under(const StepWindow& s, int i, int t) {
  const int start = t * s.stride - steps_before(s, i);
  return {most(start, 0), least(start + s.size, s.lengths[i])};
}
// The windows of sequence i that see step t.
FASTDL_INLINE Range windows_over(const StepWindow& s, int i, int t) {
  const int at = t + steps_before(s, i), first = at - s.size + 1;
  return {first > 0 ? ceil_div(first, s.stride) : 0, least(at / s.stride + 1, s.out_lengths[i])};
}

// --- max_pool1d
template <class T>
void max_pool1d_forward(const Team& team, const StepWindow& s, const T* x, T* y, T* where) {
  Place<T>* const step_of = places(where);
  for_each(team, std::int64_t(s.out_steps) * s.n * s.c, [=] __device__(std::int64_t number) {
    const std::int64_t step = std::int64_t(s.n) * s.c;
    const int i = int(number / s.c % s.n), t = int(number / step);
    if (t >= s.out_lengths[i]) {
      y[number] = 0, step_of[number] = 0;
      return;
    }
    const Range under = steps_under(s, i, t);
    const T* from = x + number % step;
    T top = from[under.begin * step];
    std::int64_t top_step = under.begin;
    for (std::int64_t u = under.begin + 1; u < under.end; u++) {
      const T value = from[u * step];
      if (beats(value, top)) top = value, top_step = u;
    }
    y[number] = top, step_of[number] = Place<T>(top_step);
  });
}

template <class T>
void max_pool1d_backward(const Team& team, const StepWindow& s, const T* dy, const T* where, T* dx) {
  const Place<T>* const step_of = places(where);
  for_each(team, std::int64_t(s.steps) * s.n * s.c, [=] __device__(std::int64_t number) {
    const std::int64_t step = std::int64_t(s.n) * s.c;
    const int i = int(number / s.c % s.n), t = int(number / step);
    const Range over = t < s.lengths[i] ? windows_over(s, i, t) : Range{0, 0};
    T sum = 0;
    for (std::int64_t o = over.begin; o < over.end; o++)
      if (const std::int64_t out = o * step + number % step; step_of[out] == t) sum += dy[out];
    dx[number] = sum;
  });
}

// --- avg_pool1d
template <class T>
void avg_pool1d_forward(const Team& team, const StepWindow& s, const T* x, T* y) {
  for_each(team, std::int64_t(s.out_steps) * s.n * s.c, [=] __device__(std::int64_t number) {
    const std::int64_t step = std::int64_t(s.n) * s.c;
    const int i = int(number / s.c % s.n), t = int(number / step);
    T sum = 0;
    if (t < s.out_lengths[i]) {
      const Range under = steps_under(s, i, t);
      for (std::int64_t u = under.begin; u < under.end; u++) sum += x[u * step + number % step];
      sum *= T(1) / T(under.end - under.begin);
    }
    y[number] = sum;
  });
}

template <class T>
void avg_pool1d_backward(const Team& team, const StepWindow& s, const T* dy, T* dx) {
  for_each(team, std::int64_t(s.steps) * s.n * s.c, [=] __device__(std::int64_t number) {
    const std::int64_t step = std::int64_t(s.n) * s.c;
    const int i = int(number / s.c % s.n), t = int(number / step);
    const Range over = t < s.lengths[i] ? windows_over(s, i, t) : Range{0, 0};
    T sum = 0;
    for (std::int64_t o = over.begin; o < over.end; o++) {
      const Range under = steps_under(s, i, int(o));
      sum += dy[o * step + number % step] * (T(1) / T(under.end - under.begin));
    }
    dx[number] = sum;
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
