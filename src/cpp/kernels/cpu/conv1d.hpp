// conv1d: y (out_steps, n, f) = x (steps, n, c) * w (size, c/groups, f) + b (f,), by products of matrices whose rows
// are the steps under the kernel, side by side.
#pragma once

#include "kernels/conv1d.hpp"
#include "kernels/cpu/dense.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int stretch_rows = 240;               // of a matrix that a thread makes for itself
constexpr int shared_stretch_rows = 512;        // of one that the team makes together
constexpr std::int64_t stretch_room = 1 << 16;  // elements of a thread's matrix: they stay in its cache

// How many steps of padding stand before a sequence: "same" centres the windows on it, whatever stands beside it.
FASTDL_INLINE int steps_before(const StepWindow& s, int i) {
  const int reach = s.dilation * (s.size - 1) + 1;
  if (s.padding == StepPadding::valid) return 0;
  if (s.padding == StepPadding::causal) return reach - 1;
  return most((s.out_lengths[i] - 1) * s.stride + reach - s.lengths[i], 0) / 2;
}

// Rows of a thread's matrix. With strides they are those of one step, where the same taps meet nothing.
FASTDL_INLINE int rows_at_once(const Conv1DShape& s, std::int64_t row) {
  const std::int64_t fit = most<std::int64_t>(stretch_room / row, 12);
  const int rows = int(least<std::int64_t>(fit, stretch_rows));
  return s.window.stride > 1 ? least(rows, s.window.n) : rows;
}

template <class T>
std::size_t conv1d_scratch(const Conv1DShape& s, int threads) {
  const std::int64_t taps = std::int64_t(s.window.size) * s.window.c;
  const std::int64_t own = most(rows_at_once(s, taps) * taps, std::int64_t(rows_at_once(s, s.f)) * s.f);
  return threads * gemm_scratch<T> + most(threads * own, shared_stretch_rows * taps);
}

// Row r of out rows (t, i) as (groups, size, c/groups): what its taps see, zero past either end.
template <class T>
FASTDL_INLINE void take_taps(const Conv1DShape& s, const T* x, std::int64_t r, T* to) {
  const StepWindow& w = s.window;
  const int i = int(r % w.n), t = int(r / w.n), channels = w.c / s.groups;
  const bool goes_on = t < w.out_lengths[i];
  for (int tap = 0, step = goes_on ? t * w.stride - steps_before(w, i) : 0; tap < w.size; tap++, step += w.dilation) {
    const T* from = x + (std::int64_t(step) * w.n + i) * w.c;
    const bool there = goes_on && step >= 0 && step < w.lengths[i];
    for (int g = 0; g < s.groups; g++) {
      T* row = to + (std::int64_t(g) * w.size + tap) * channels;
      if (there)
        __builtin_memcpy(row, from + g * channels, channels * sizeof(T));
      else
        __builtin_memset(row, 0, channels * sizeof(T));
    }
  }
}

// body(first row, rows, matrix, scratch of its gemm) for this thread's stretches of rows, each so wide
template <class T, class Body>
FASTDL_INLINE void each_stretch(const Team& team, std::int64_t rows, int at_once, std::int64_t width, T* scratch,
                                Body body) {
  T *packed = scratch + team.rank * gemm_scratch<T>,
    *matrix = scratch + team.size * gemm_scratch<T> + team.rank * at_once * width;
  const Range part = team.share(ceil_div<std::int64_t>(rows, at_once));
  for (std::int64_t u = part.begin; u < part.end; u++)
    body(u * at_once, int(least<std::int64_t>(at_once, rows - u * at_once)), matrix, packed);
  team.sync();
}

template <class T>
void conv1d_forward(const Team& team, const Conv1DShape& s, const T* x, const T* w, const T* b, T* y, T* scratch) {
  const StepWindow& v = s.window;
  const int channels = v.c / s.groups, filters = s.f / s.groups, depth = v.size * channels;
  const std::int64_t width = std::int64_t(v.size) * v.c;
  each_stretch<T>(team, std::int64_t(v.out_steps) * v.n, rows_at_once(s, width), width, scratch,
                  [&](std::int64_t first, int rows, T* taps, T* packed) {
                    for (int r = 0; r < rows; r++) take_taps(s, x, first + r, taps + r * width);
                    for (int g = 0; g < s.groups; g++)
                      gemm<T>({},
                              {.m = rows,
                               .n = filters,
                               .depth = depth,
                               .a = {taps + std::int64_t(g) * depth, width, 1},
                               .b = {w + g * filters, s.f, 1},
                               .c = y + first * s.f + g * filters,
                               .bias = b ? b + g * filters : nullptr,
                               .c_stride = s.f},
                              packed);
                  });
}

// Row r of rows (t, i): the gradient of the output that saw it at this tap. Whether there is one.
template <class T>
FASTDL_INLINE bool take_gradient(const Conv1DShape& s, const T* dy, std::int64_t r, int tap, T* to) {
  const StepWindow& w = s.window;
  const int i = int(r % w.n), t = int(r / w.n);
  const int start = t + steps_before(w, i) - tap * w.dilation, out = start / w.stride;
  const bool there = t < w.lengths[i] && start >= 0 && out * w.stride == start && out < w.out_lengths[i];
  if (there)
    __builtin_memcpy(to, dy + (std::int64_t(out) * w.n + i) * s.f, s.f * sizeof(T));
  else
    __builtin_memset(to, 0, s.f * sizeof(T));
  return there;
}

// dx: tap by tap, in their order, so that each dx is one chain
template <class T>
void conv1d_backward_data(const Team& team, const Conv1DShape& s, const T* dy, const T* w, T* dx, T* scratch) {
  const StepWindow& v = s.window;
  const int channels = v.c / s.groups, filters = s.f / s.groups;
  each_stretch<T>(team, std::int64_t(v.steps) * v.n, rows_at_once(s, s.f), s.f, scratch,
                  [&](std::int64_t first, int rows, T* slopes, T* packed) {
                    T* to = dx + first * v.c;
                    bool resume = false;
                    for (int tap = 0; tap < v.size; tap++) {
                      bool any = false;
                      for (int r = 0; r < rows; r++)
                        any |= take_gradient(s, dy, first + r, tap, slopes + std::int64_t(r) * s.f);
                      for (int g = 0; any && g < s.groups; g++)
                        gemm<T>({},
                                {.m = rows,
                                 .n = channels,
                                 .depth = filters,
                                 .a = {slopes + g * filters, s.f, 1},
                                 .b = {w + std::int64_t(tap) * channels * s.f + g * filters, 1, s.f},
                                 .c = to + g * channels,
                                 .bias = nullptr,
                                 .resume = resume,
                                 .c_stride = v.c},
                                packed);
                      resume |= any;
                    }
                    if (!resume) __builtin_memset(to, 0, std::int64_t(rows) * v.c * sizeof(T));
                  });
}

// dw = taps^T dy, and db the rows of dy: stretch by stretch, in the order of the rows
template <class T>
void conv1d_backward_weights(const Team& team, const Conv1DShape& s, const T* x, const T* dy, T* dw, T* db,
                             T* scratch) {
  const StepWindow& v = s.window;
  const int channels = v.c / s.groups, filters = s.f / s.groups, depth = v.size * channels;
  const std::int64_t width = std::int64_t(v.size) * v.c, rows = std::int64_t(v.out_steps) * v.n;
  T* taps = scratch + team.size * gemm_scratch<T>;
  if (db) sum_rows(team, int(rows), s.f, dy, db);
  for (std::int64_t first = 0; first < rows; first += shared_stretch_rows) {
    const int count = int(least<std::int64_t>(shared_stretch_rows, rows - first));
    const Range part = team.share(count);
    for (std::int64_t r = part.begin; r < part.end; r++) take_taps(s, x, first + r, taps + r * width);
    team.sync();
    for (int g = 0; g < s.groups; g++)
      gemm<T>(team,
              {.m = depth,
               .n = filters,
               .depth = count,
               .a = {taps + std::int64_t(g) * depth, 1, width},
               .b = {dy + first * s.f + g * filters, s.f, 1},
               .c = dw + g * filters,
               .bias = nullptr,
               .resume = first > 0,
               .c_stride = s.f},
              scratch);
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
