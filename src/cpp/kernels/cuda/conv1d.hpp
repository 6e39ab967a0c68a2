// conv1d: y (out_steps, n, f) = x (steps, n, c) * w (size, c/groups, f) + b (f,), by the products of conv2d/.
#pragma once

#include "kernels/conv1d.hpp"
#include "kernels/cuda/conv2d/product.hpp"
#include "kernels/cuda/conv2d/rows.hpp"
#include "kernels/cuda/conv2d/weights.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// How many steps of padding stand before a sequence: "same" centres the windows on it, whatever stands beside it.
FASTDL_INLINE int steps_before(const StepWindow& s, int i) {
  const int reach = s.dilation * (s.size - 1) + 1;
  if (s.padding == StepPadding::valid) return 0;
  if (s.padding == StepPadding::causal) return reach - 1;
  return most((s.out_lengths[i] - 1) * s.stride + reach - s.lengths[i], 0) / 2;
}

// What outputs see of their sequences: windows as Images has them, of one column; a place's row is a step, its column
// a sample.
template <class T>
struct StepsSeen {
  const T* x;  // of the group's first channel
  StepWindow window;
  int pitch, channels, oh, ow, kh;
  static constexpr int kw = 1;

  struct Row {
    const T* sequence;
    int y, steps;
  };
  FASTDL_INLINE std::int64_t rows() const { return std::int64_t(oh) * ow; }
  FASTDL_INLINE int depth() const { return kh * channels; }
  FASTDL_INLINE Row row(const Output& at) const {
    const bool goes_on = at.n == 0 && at.i < window.out_lengths[at.j];
    return {x + std::int64_t(at.j) * pitch, goes_on ? at.i * window.stride - steps_before(window, at.j) : nowhere,
            window.lengths[at.j]};
  }
  FASTDL_INLINE bool sees(const Row& row, int tap, int) const {
    return unsigned(row.y + tap * window.dilation) < unsigned(row.steps);
  }
  FASTDL_INLINE const T* place(const Row& row, int tap, int) const {
    return row.sequence + std::int64_t(row.y + tap * window.dilation) * window.n * pitch;
  }
};

template <class T>
struct Conv1DSources {
  Conv1DShape s;
  const T* x;
  FASTDL_INLINE StepsSeen<T> group(int number) const {
    const StepWindow& v = s.window;
    const int channels = v.c / s.groups;
    return {x + number * channels, v, v.c, channels, v.out_steps, v.n, v.size};
  }
};

template <class T, int V>
struct Conv1DForward {
  using Value = T;
  static constexpr bool packs = V > 1;
  Conv1DShape s;
  const T *x, *w, *b;
  T* y;

  __device__ Part<Seen<T, StepsSeen<T>, V>, Columns<T, V, false>, Rows<T>> part(int group) const {
    const int f = s.f / s.groups, first = group * f;
    const StepsSeen<T> steps = Conv1DSources<T>{s, x}.group(group);
    return {.a = {steps},
            .b = {w + first, 0, steps.depth(), s.f, f},
            .out = {y + first, b ? b + first : nullptr, steps.rows(), f, s.f},
            .depth = steps.depth()};
  }
};

template <class T>
void conv1d_forward(const Team& team, const Conv1DShape& s, const T* x, const T* w, const T* b, T* y, T*) {
  const std::int64_t rows = std::int64_t(s.window.out_steps) * s.window.n;
  const int c = s.window.c / s.groups, f = s.f / s.groups;
  if (in_packs<T>(c, f, x, w))
    multiply(team, Conv1DForward<T, pack<T>>{s, x, w, b, y}, rows, f, s.groups);
  else
    multiply(team, Conv1DForward<T, 1>{s, x, w, b, y}, rows, f, s.groups);
}

// The outputs that saw a step: at each tap one or, with strides, none.
template <class T>
struct StepsMet {
  const T* x;  // dy of the group's first filter
  StepWindow window;
  int pitch, channels, oh, ow, kh;  // channels: filters of the group
  static constexpr int kw = 1;

  struct Row {
    const T* sequence;
    int y, steps;
  };
  FASTDL_INLINE std::int64_t rows() const { return std::int64_t(oh) * ow; }
  FASTDL_INLINE int depth() const { return kh * channels; }
  FASTDL_INLINE Row row(const Output& at) const {
    const bool there = at.i < window.lengths[at.j];
    return {x + std::int64_t(at.j) * pitch, there ? at.i + steps_before(window, at.j) : nowhere,
            window.out_lengths[at.j]};
  }
  FASTDL_INLINE int out_of(const Row& row, int tap) const {
    const int start = row.y - tap * window.dilation;
    return window.stride == 1 ? start : start / window.stride;
  }
  FASTDL_INLINE bool sees(const Row& row, int tap, int) const {
    const int start = row.y - tap * window.dilation, out = out_of(row, tap);
    return start >= 0 && out * window.stride == start && out < row.steps;
  }
  FASTDL_INLINE const T* place(const Row& row, int tap, int) const {
    return row.sequence + std::int64_t(out_of(row, tap)) * window.n * pitch;
  }
};

template <class T, int V>
struct Conv1DData {
  using Value = T;
  static constexpr bool packs = V > 1;
  Conv1DShape s;
  const T *dy, *w;
  T* dx;

  __device__ Part<Seen<T, StepsMet<T>, V>, Turned<T, V>, Rows<T>> part(int group) const {
    const StepWindow& v = s.window;
    const int c = v.c / s.groups, f = s.f / s.groups;
    const StepsMet<T> steps{dy + group * f, v, s.f, f, v.steps, v.n, v.size};
    return {.a = {steps},
            .b = {w + group * f, v.size, 1, c * s.f, 0, f, c, s.f},
            .out = {dx + group * c, nullptr, steps.rows(), c, v.c},
            .depth = steps.depth()};
  }
};

template <class T>
void conv1d_backward_data(const Team& team, const Conv1DShape& s, const T* dy, const T* w, T* dx, T*) {
  const std::int64_t rows = std::int64_t(s.window.steps) * s.window.n;
  const int c = s.window.c / s.groups, f = s.f / s.groups;
  if (in_packs<T>(c, f, dy, w))
    multiply(team, Conv1DData<T, pack<T>>{s, dy, w, dx}, rows, c, s.groups);
  else
    multiply(team, Conv1DData<T, 1>{s, dy, w, dx}, rows, c, s.groups);
}

template <class T>
void conv1d_backward_weights(const Team& team, const Conv1DShape& s, const T* x, const T* dy, T* dw, T* db, T*) {
  weights_gradient(team, Conv1DSources<T>{s, x}, x, dy, dw, db, s.f, s.groups);
}

inline std::size_t no_scratch(const Conv1DShape&, int) { return 0; }

}  // namespace
}  // namespace fastdl::FASTDL_ISA
