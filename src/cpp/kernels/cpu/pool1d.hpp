// max_pool1d, avg_pool1d: windows over the steps of sequences (steps, n, c). Gradients are gathered: each dx from the
// outputs that saw it, in their order.
#pragma once

#include "kernels/cpu/conv1d.hpp"
#include "kernels/cpu/sequence.hpp"

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

// body(row, i, t, goes_on) for this thread's output rows, or input rows.
template <class Body>
FASTDL_INLINE void each_out_row(const Team& team, const StepWindow& s, Body body) {
  each_step_row(team, {s.n, s.out_steps, s.c, s.out_steps, s.out_lengths}, body);
}
template <class Body>
FASTDL_INLINE void each_in_row(const Team& team, const StepWindow& s, Body body) {
  each_step_row(team, {s.n, s.steps, s.c, s.steps, s.lengths}, body);
}

// --- max_pool1d
template <class T>
void max_pool1d_forward(const Team& team, const StepWindow& s, const T* x, T* y, T* where) {
  const std::int64_t step = std::int64_t(s.n) * s.c;
  each_out_row(team, s, [&](std::int64_t row, int i, int t, bool goes_on) {
    if (!goes_on) return clear(y + row * s.c, s.c), clear(where + row * s.c, s.c);
    const Range under = steps_under(s, i, t);
    const T* from = x + std::int64_t(i) * s.c;
    for_slices<T>(0, s.c, [&](Slice<T> at) {
      Vec<T> top = at.read(from + under.begin * step);
      Mask<T> top_step = place_of<T>(under.begin);
      for (std::int64_t u = under.begin + 1; u < under.end; u++) {
        const Vec<T> value = at.read(from + u * step);
        const Mask<T> take = beats(value, top);
        top = take ? value : top, top_step = take ? place_of<T>(u) : top_step;
      }
      at.write(y + row * s.c, top), at.write(where + row * s.c, place_bits<T>(top_step));
    });
  });
}

template <class T>
void max_pool1d_backward(const Team& team, const StepWindow& s, const T* dy, const T* where, T* dx) {
  each_in_row(team, s, [&](std::int64_t row, int i, int t, bool goes_on) {
    if (!goes_on) return clear(dx + row * s.c, s.c);
    const Range over = windows_over(s, i, t);
    for_slices<T>(0, s.c, [&](Slice<T> at) {
      Vec<T> sum{};
      for (std::int64_t o = over.begin; o < over.end; o++) {
        const std::int64_t out = (o * s.n + i) * s.c;
        sum += place_in<T>(at.read(where + out)) == place_of<T>(t) ? at.read(dy + out) : Vec<T>{};
      }
      at.write(dx + row * s.c, sum);
    });
  });
}

// --- avg_pool1d
template <class T>
void avg_pool1d_forward(const Team& team, const StepWindow& s, const T* x, T* y) {
  const std::int64_t step = std::int64_t(s.n) * s.c;
  each_out_row(team, s, [&](std::int64_t row, int i, int t, bool goes_on) {
    if (!goes_on) return clear(y + row * s.c, s.c);
    const Range under = steps_under(s, i, t);
    const T share = T(1) / T(under.end - under.begin);
    const T* from = x + std::int64_t(i) * s.c;
    for_slices<T>(0, s.c, [&](Slice<T> at) {
      Vec<T> sum{};
      for (std::int64_t u = under.begin; u < under.end; u++) sum += at.read(from + u * step);
      at.write(y + row * s.c, sum * share);
    });
  });
}

template <class T>
void avg_pool1d_backward(const Team& team, const StepWindow& s, const T* dy, T* dx) {
  each_in_row(team, s, [&](std::int64_t row, int i, int t, bool goes_on) {
    if (!goes_on) return clear(dx + row * s.c, s.c);
    const Range over = windows_over(s, i, t);
    for_slices<T>(0, s.c, [&](Slice<T> at) {
      Vec<T> sum{};
      for (std::int64_t o = over.begin; o < over.end; o++) {
        const Range under = steps_under(s, i, int(o));
        sum += at.read(dy + (o * s.n + i) * s.c) * (T(1) / T(under.end - under.begin));
      }
      at.write(dx + row * s.c, sum);
    });
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
