// conv1d: y (out_steps, n, f) = x (steps, n, c) * w (size, c/groups, f) + b (f,), by products of matrices whose rows
// are the steps under the kernel, side by side.
#pragma once

#include "kernels/conv1d.hpp"
#include "kernels/cpu/dense.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int stretch_rows = 240;               // of the matrix that a thread makes for itself
constexpr std::int64_t stretch_room = 1 << 16;  // its elements: they stay in the thread's cache

// How many steps of padding stand before a sequence: "same" centres the windows on it, whatever stands beside it.
FASTDL_INLINE int steps_before(const StepWindow& s, int i) {
  const int reach = s.dilation * (s.size - 1) + 1;
  if (s.padding == StepPadding::valid) return 0;
  if (s.padding == StepPadding::causal) return reach - 1;
  return most((s.out_lengths[i] - 1) * s.stride + reach - s.lengths[i], 0) / 2;
}

// Rows of a thread's matrix whose rows have so many elements.
FASTDL_INLINE int rows_of_room(std::int64_t row) {
  return int(least<std::int64_t>(most<std::int64_t>(stretch_room / row, 12), stretch_rows));
}
// With strides they are those of one step, where the same taps meet nothing.
FASTDL_INLINE int rows_at_once(const Conv1DShape& s, std::int64_t row) {
  return s.window.stride > 1 ? least(rows_of_room(row), s.window.n) : rows_of_room(row);
}

// Elements for one thread: a gemm's, and a matrix of rows of at most so many.
template <class T>
std::int64_t stretch_space(const Conv1DShape& s) {
  const std::int64_t row = most(std::int64_t(s.window.size) * s.window.c, std::int64_t(s.f));
  return gemm_scratch<T> + least(most(stretch_room, 12 * row), stretch_rows * row);
}
template <class T>
std::size_t conv1d_scratch(const Conv1DShape& s, int threads) {
  return threads * stretch_space<T>(s);
}

// Row r of out rows (t, i) as (groups, size, c/groups), or some columns of it: what its taps see, zero past either end.
template <class T>
FASTDL_INLINE void take_taps(const Conv1DShape& s, const T* x, std::int64_t r, Range columns, T* to) {
  const StepWindow& w = s.window;
  const int i = int(r % w.n), t = int(r / w.n), channels = w.c / s.groups;
  const bool goes_on = t < w.out_lengths[i];
  const int before = goes_on ? steps_before(w, i) : 0;
  int tap = columns.begin / channels % w.size, skipped = columns.begin % channels;
  std::int64_t group = columns.begin / channels / w.size * channels;  // its first feature
  for (std::int64_t column = columns.begin, count; column < columns.end; column += count) {
    count = least<std::int64_t>(channels - skipped, columns.end - column);
    const int step = t * w.stride - before + tap * w.dilation;
    if (goes_on && step >= 0 && step < w.lengths[i])
      __builtin_memcpy(to, x + (std::int64_t(step) * w.n + i) * w.c + group + skipped, count * sizeof(T));
    else
      __builtin_memset(to, 0, count * sizeof(T));
    to += count, skipped = 0;
    if (++tap == w.size) tap = 0, group += channels;
  }
}

// body(first row, rows, matrix, scratch of its gemm) for this thread's stretches of rows
template <class T, class Body>
FASTDL_INLINE void each_stretch(const Team& team, const Conv1DShape& s, std::int64_t rows, int at_once, T* scratch,
                                Body body) {
  T *packed = scratch + team.rank * stretch_space<T>(s), *matrix = packed + gemm_scratch<T>;
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
  each_stretch<T>(team, s, std::int64_t(v.out_steps) * v.n, rows_at_once(s, width), scratch,
                  [&](std::int64_t first, int rows, T* taps, T* packed) {
                    for (int r = 0; r < rows; r++) take_taps(s, x, first + r, {0, width}, taps + r * width);
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
  each_stretch<T>(team, s, std::int64_t(v.steps) * v.n, rows_at_once(s, s.f), scratch,
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

// dw = taps^T dy, and db the rows of dy: stretch by stretch, in the order of the rows. A thread has some rows of dw, of
// some filters, and gathers the taps of those alone: to read what the other has just written takes longer than that.
template <class T>
void conv1d_backward_weights(const Team& team, const Conv1DShape& s, const T* x, const T* dy, T* dw, T* db,
                             T* scratch) {
  const StepWindow& v = s.window;
  const int filters = s.f / s.groups, depth = v.size * (v.c / s.groups), vectors = ceil_div(filters, lanes<T>);
  const std::int64_t rows = std::int64_t(v.out_steps) * v.n;
  const Gemm<T> all{
      .m = s.groups * depth, .n = filters, .depth = 0, .a = {}, .b = {dy, s.f, 1}, .c = dw, .bias = nullptr};
  const int down = row_parts(all, team.size, vectors);
  const int across = team.size / down;
  const Range mine = part({0, s.groups * depth}, team.rank / across, down);
  const Range some = part({0, vectors}, team.rank % across, across);
  const int filter = some.begin * lanes<T>, width = mine.end - mine.begin, at_once = rows_of_room(most(width, 1));
  T *packed = scratch + team.rank * stretch_space<T>(s), *taps = packed + gemm_scratch<T>;
  if (db) sum_rows(team, int(rows), s.f, dy, db);
  for (std::int64_t first = 0; first < rows; first += at_once) {
    const int count = int(least<std::int64_t>(at_once, rows - first));
    for (int r = 0; r < count; r++) take_taps(s, x, first + r, mine, taps + std::int64_t(r) * width);
    for (std::int64_t begin = mine.begin, end; begin < mine.end; begin = end) {
      const std::int64_t group = begin / depth, f = group * filters + filter;
      end = least((group + 1) * depth, mine.end);
      gemm<T>({},
              {.m = int(end - begin),
               .n = least<int>(some.end * lanes<T>, filters) - filter,
               .depth = count,
               .a = {taps + begin - mine.begin, 1, width},
               .b = {dy + first * s.f + f, s.f, 1},
               .c = dw + (begin - group * depth) * s.f + f,
               .bias = nullptr,
               .resume = first > 0,
               .c_stride = s.f},
              packed);
    }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
