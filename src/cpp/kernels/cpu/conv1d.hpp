// conv1d: y (out_steps, n, f) = x (steps, n, c) * w (size, c/groups, f) + b (f,), by products of matrices whose rows
// are the steps under the kernel, side by side. Where each tap of a step meets a step of every sequence, the products
// read these rows where they lie, one run for each tap; elsewhere they are gathered, with zeros past the ends.
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

// Rows (t, i), of the outputs or with `back` of the inputs, that meet no end: neither of the shortest sequence nor, for
// its taps, of their own. Their taps lie a fixed number of rows apart. With strides there are none.
inline Range rows_inside(const StepWindow& w, bool back) {
  if (w.stride > 1 || w.n == 0) return {0, 0};
  int shortest = w.lengths[0], fewest = w.out_lengths[0];
  for (int i = 1; i < w.n; i++) shortest = least(shortest, w.lengths[i]), fewest = least(fewest, w.out_lengths[i]);
  const int reach = w.dilation * (w.size - 1) + 1, before = steps_before(w, 0);
  const int begin = back ? reach - 1 - before : before;
  const int end = back ? least(shortest, fewest - before) : least(fewest, shortest + before - reach + 1);
  return begin < end ? Range{std::int64_t(w.n) * begin, std::int64_t(w.n) * end} : Range{0, 0};
}

// gathered(first row, rows, matrix, scratch of its gemm) for this thread's stretches of rows, and in_place(first row,
// rows, scratch) for those inside.
template <class T, class Gathered, class InPlace>
FASTDL_INLINE void each_stretch(const Team& team, const Conv1DShape& s, std::int64_t rows, Range inside, int at_once,
                                T* scratch, Gathered gathered, InPlace in_place) {
  T *packed = scratch + team.rank * stretch_space<T>(s), *matrix = packed + gemm_scratch<T>;
  const Range outside[] = {{0, inside.begin}, {inside.end, rows}};
  for (const Range& ends : outside) {
    const Range part = team.share(ceil_div<std::int64_t>(ends.end - ends.begin, at_once));
    for (std::int64_t u = part.begin; u < part.end; u++) {
      const std::int64_t first = ends.begin + u * at_once;
      gathered(first, int(least<std::int64_t>(at_once, ends.end - first)), matrix, packed);
    }
  }
  const Range mine = part(inside, team.rank, team.size);
  if (mine.end > mine.begin) in_place(mine.begin, int(mine.end - mine.begin), packed);
  team.sync();
}

template <class T>
void conv1d_forward(const Team& team, const Conv1DShape& s, const T* x, const T* w, const T* b, T* y, T* scratch) {
  const StepWindow& v = s.window;
  const int channels = v.c / s.groups, filters = s.f / s.groups, depth = v.size * channels;
  const std::int64_t width = std::int64_t(v.size) * v.c, row = std::int64_t(v.n) * v.c;
  const auto multiply = [&](std::int64_t first, int rows, Matrix<T> taps, std::int64_t group, T* packed) {
    for (int g = 0; g < s.groups; g++, taps.data += group)
      gemm<T>({},
              {.m = rows,
               .n = filters,
               .depth = depth,
               .a = taps,
               .b = {w + g * filters, s.f, 1},
               .c = y + first * s.f + g * filters,
               .bias = b ? b + g * filters : nullptr,
               .c_stride = s.f},
              packed);
  };
  each_stretch<T>(
      team, s, std::int64_t(v.out_steps) * v.n, channels > slice_depth ? Range{0, 0} : rows_inside(v, false),
      rows_at_once(s, width), scratch,
      [&](std::int64_t first, int rows, T* taps, T* packed) {
        for (int r = 0; r < rows; r++) take_taps(s, x, first + r, {0, width}, taps + r * width);
        multiply(first, rows, {taps, width, 1}, depth, packed);
      },
      [&](std::int64_t first, int rows, T* packed) {
        const T* at = x + first * v.c - steps_before(v, 0) * row;
        multiply(first, rows, {at, v.c, 1, channels, v.dilation * row - channels}, channels, packed);
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
  const auto multiply = [&](std::int64_t first, int rows, int tap, const T* slopes, bool resume, T* packed) {
    for (int g = 0; g < s.groups; g++)
      gemm<T>({},
              {.m = rows,
               .n = channels,
               .depth = filters,
               .a = {slopes + g * filters, s.f, 1},
               .b = {w + std::int64_t(tap) * channels * s.f + g * filters, 1, s.f},
               .c = dx + first * v.c + g * channels,
               .bias = nullptr,
               .resume = resume,
               .c_stride = v.c},
              packed);
  };
  each_stretch<T>(
      team, s, std::int64_t(v.steps) * v.n, rows_inside(v, true), rows_at_once(s, s.f), scratch,
      [&](std::int64_t first, int rows, T* slopes, T* packed) {
        bool resume = false;
        for (int tap = 0; tap < v.size; tap++) {
          bool any = false;
          for (int r = 0; r < rows; r++) any |= take_gradient(s, dy, first + r, tap, slopes + std::int64_t(r) * s.f);
          if (any) multiply(first, rows, tap, slopes, resume, packed);
          resume |= any;
        }
        if (!resume) __builtin_memset(dx + first * v.c, 0, std::int64_t(rows) * v.c * sizeof(T));
      },
      [&](std::int64_t first, int all, T* packed) {
        const int stretches = ceil_div(all, stretch_rows);
        for (int u = 0; u < stretches; u++) {  // what dx has there stays in the caches
          const Range r = part({first, first + all}, u, stretches);
          for (int tap = 0; tap < v.size; tap++) {
            const std::int64_t out = r.begin + std::int64_t(steps_before(v, 0) - tap * v.dilation) * v.n;
            multiply(r.begin, int(r.end - r.begin), tap, dy + out * s.f, tap > 0, packed);
          }
        }
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
  // Rows begin .. end of dw, of one group, from `count` rows of taps and of dy from the first on
  const auto add = [&](std::int64_t begin, std::int64_t end, std::int64_t first, int count, Matrix<T> turned) {
    const std::int64_t group = begin / depth, f = group * filters + filter;
    gemm<T>({},
            {.m = int(end - begin),
             .n = least<int>(some.end * lanes<T>, filters) - filter,
             .depth = count,
             .a = turned,
             .b = {dy + first * s.f + f, s.f, 1},
             .c = dw + (begin - group * depth) * s.f + f,
             .bias = nullptr,
             .resume = first > 0,
             .c_stride = s.f},
            packed);
  };
  const std::int64_t channels = v.c / s.groups;
  const Range inside = channels < 8 ? Range{0, 0} : rows_inside(v, false);  // fewer are too few rows of a product
  for (std::int64_t first = 0, last; first < rows; first = last) {
    const bool in_place = first >= inside.begin && first < inside.end;
    const std::int64_t stop = in_place ? inside.end : first < inside.begin ? inside.begin : rows;
    last = least(stop, first + (in_place ? slice_depth : at_once));
    const int count = int(last - first);
    const std::int64_t piece = in_place ? channels : depth;  // of the rows of dw
    for (int r = 0; !in_place && r < count; r++) take_taps(s, x, first + r, mine, taps + std::int64_t(r) * width);
    for (std::int64_t begin = mine.begin, end; begin < mine.end; begin = end) {
      const std::int64_t tap = begin / channels % v.size, feature = begin / depth * channels + begin % channels;
      const std::int64_t row = first + (tap * v.dilation - steps_before(v, 0)) * v.n;
      end = least((begin / piece + 1) * piece, mine.end);
      add(begin, end, first, count,
          in_place ? Matrix<T>{x + row * v.c + feature, 1, v.c} : Matrix<T>{taps + begin - mine.begin, 1, width});
    }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
