// Columns with parameters of their own. A thread has whole columns, whose samples lie side by side in its scratch:
// vectors run over samples, so that no sum but those of gradients goes over lanes.
#pragma once

#include "kernels/columns.hpp"
#include "kernels/cpu/reduce.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// to (room,) = column of x (n, width), zero past n
template <class T>
FASTDL_INLINE void read_column(int n, std::int64_t room, std::int64_t width, const T* x, T* to) {
  for (int i = 0; i < n; i++) to[i] = x[i * width];
  for (std::int64_t i = n; i < room; i++) to[i] = 0;
}
template <class T>
FASTDL_INLINE void write_column(int n, std::int64_t width, const T* from, T* y) {
  for (int i = 0; i < n; i++) y[i * width] = from[i];
}

// y (n, y_width) = x (n, x_width), some features of each row
template <class T>
FASTDL_INLINE void copy_features(const Team& team, int n, int features, const T* x, std::int64_t x_width, T* y,
                                 std::int64_t y_width) {
  Range part = team.share(n);
  for (std::int64_t i = part.begin; i < part.end && features > 0; i++)
    __builtin_memcpy(y + i * y_width, x + i * x_width, features * sizeof(T));
}

// --- numeric_embedding: the first columns x_j of rows become [V_j' cos(2 pi w_j x_j + b_j) + c_j, x_j]
// ----------------
template <class T>
std::size_t numeric_embedding_scratch(const NumericEmbeddingShape& s, int threads) {
  return std::size_t(threads) * (s.units + 1) * s.room;
}

// What a thread has of column j: its samples, and units lines of room for what comes of them.
template <class T>
struct Column {
  std::int64_t vectors, room;
  T *x, *lines;
  const T *frequency, *phase, *weight, *bias;
  T *cosine, *sine;
  FASTDL_INLINE Column(const Team& team, const NumericEmbeddingShape& s, const NumericEmbeddingArrays<T>& a,
                       std::int64_t j)
      : vectors(ceil_div<std::int64_t>(s.n, lanes<T>)),
        room(s.room),
        x(a.scratch + team.rank * (s.units + 1) * s.room),
        lines(x + s.room),
        frequency(a.frequency + j * s.frequencies),
        phase(a.phase + j * s.frequencies),
        weight(a.weight + j * s.frequencies * (s.units - 1)),
        bias(a.bias + j * (s.units - 1)),
        cosine(a.cosine + j * s.frequencies * s.room),
        sine(a.sine + j * s.frequencies * s.room) {
    read_column(s.n, vectors * lanes<T>, s.features, a.x + j, x);
  }
  FASTDL_INLINE T* line(int m) const { return lines + m * room; }
};

template <class T>
void numeric_embedding_forward(const Team& team, const NumericEmbeddingShape& s, const NumericEmbeddingArrays<T>& a,
                               T* y) {
  constexpr int w = lanes<T>;
  const int mixed = s.units - 1;
  const std::int64_t width = std::int64_t(s.columns) * s.units + s.features - s.columns;
  Range part = team.share(s.columns);
  for (std::int64_t j = part.begin; j < part.end; j++) {
    const Column<T> column(team, s, a, j);
    for (int m = 0; m < mixed; m++)
      for (std::int64_t i = 0; i < column.vectors; i++) store(column.line(m) + i * w, splat(column.bias[m]));
    for (int k = 0; k < s.frequencies; k++) {
      const T *weight = column.weight + k * mixed, turns = column.phase[k] * T(0.15915494309189534);
      T *cosine = column.cosine + k * s.room, *sine = column.sine + k * s.room;
      for (std::int64_t i = 0; i < column.vectors; i++) {
        const CosSin<Vec<T>> u = vcossin_turns(column.frequency[k] * load(column.x + i * w) + turns);
        store(cosine + i * w, u.cosine), store(sine + i * w, u.sine);
        for (int m = 0; m < mixed; m++) {
          T* to = column.line(m) + i * w;
          store(to, load(to) + weight[m] * u.cosine);
        }
      }
    }
    T* to = y + j * s.units;
    for (int m = 0; m < mixed; m++) write_column(s.n, width, column.line(m), to + m);
    write_column(s.n, width, column.x, to + mixed);
  }
  copy_features(team, s.n, s.features - s.columns, a.x + s.columns, s.features, y + s.columns * s.units, width);
  team.sync();
}

// With e = V' u + c and u = cos: dV = u de', dc = de, du = V de, db = -sin du, dw = -2 pi x sin du.
template <class T>
void numeric_embedding_backward(const Team& team, const NumericEmbeddingShape& s, const NumericEmbeddingArrays<T>& a,
                                const NumericEmbeddingGradients<T>& g) {
  constexpr int w = lanes<T>;
  constexpr T full_turn = 6.283185307179586;
  const int mixed = s.units - 1;
  const std::int64_t width = std::int64_t(s.columns) * s.units + s.features - s.columns;
  Range part = team.share(s.columns);
  for (std::int64_t j = part.begin; j < part.end; j++) {
    const Column<T> column(team, s, a, j);
    const std::int64_t vectors = column.vectors;
    const T* dy = g.dy + j * s.units;
    for (int m = 0; m < mixed; m++) read_column(s.n, vectors * w, width, dy + m, column.line(m));
    T* dx = g.dx ? column.line(mixed) : nullptr;
    if (dx) read_column(s.n, vectors * w, width, dy + mixed, dx);
    for (int k = 0; k < s.frequencies; k++) {
      const T *weight = column.weight + k * mixed, *cosine = column.cosine + k * s.room;
      const T *sine = column.sine + k * s.room, turns = -full_turn * column.frequency[k];
      const Pair<T> sums = sum_of(vectors, [&](std::int64_t i) {
        Vec<T> du{};
        for (int m = 0; m < mixed; m++) du += weight[m] * load(column.line(m) + i * w);
        Vec<T> p = load(sine + i * w) * du;
        FASTDL_IN_REGISTER(p);  // the same bits with dx and without
        if (dx) store(dx + i * w, load(dx + i * w) + turns * p);
        return Pair<T>{p, p * load(column.x + i * w)};
      });
      if (!g.dfrequency) continue;
      const std::int64_t at = j * s.frequencies + k;
      g.dphase[at] = -lane_sum<T>(sums.a);
      g.dfrequency[at] = -full_turn * lane_sum<T>(sums.b);
      for (int m = 0; m < mixed; m++)
        g.dweight[at * mixed + m] = lane_sum<T>(
            sum_of(vectors, [&](std::int64_t i) { return load(cosine + i * w) * load(column.line(m) + i * w); }));
    }
    for (int m = 0; m < mixed && g.dfrequency; m++)
      g.dbias[j * mixed + m] =
          lane_sum<T>(sum_of(vectors, [&](std::int64_t i) { return load(column.line(m) + i * w); }));
    if (dx) write_column(s.n, s.features, dx, g.dx + j);
  }
  if (g.dx)
    copy_features(team, s.n, s.features - s.columns, g.dy + s.columns * s.units, width, g.dx + s.columns, s.features);
  team.sync();
}

// --- embed_categories: the last columns hold codes, which become rows of their tables
// --------------------------------- Code 0 stands for all that is not among 0 .. size - 1.
template <class T>
FASTDL_INLINE std::int64_t code_of(T x, int size) {
  return x > T(-0.5) && x < size - T(0.5) ? std::int64_t(x + T(0.5)) : 0;
}

template <class T>
void embed_categories_forward(const Team& team, const CategoryShape& s, const T* x, const T* table, T* y) {
  const int others = s.features - s.columns;
  const std::int64_t width = others + std::int64_t(s.columns) * s.units;
  copy_features(team, s.n, others, x, s.features, y, width);
  Range part = team.share(s.n);
  for (std::int64_t i = part.begin; i < part.end; i++)
    for (int j = 0; j < s.columns; j++) {
      const std::int64_t row = s.first[j] + code_of(x[i * s.features + others + j], s.size[j]);
      __builtin_memcpy(y + i * width + others + j * s.units, table + row * s.units, s.units * sizeof(T));
    }
  team.sync();
}

// dtable: the rows of dy added to those of their codes in their order; threads share the columns. Codes have no
// gradient.
template <class T>
void embed_categories_backward(const Team& team, const CategoryShape& s, const T* x, const T* dy, T* dx, T* dtable) {
  const int others = s.features - s.columns;
  const std::int64_t width = others + std::int64_t(s.columns) * s.units;
  if (dx) {
    copy_features(team, s.n, others, dy, width, dx, s.features);
    Range part = team.share(s.n);
    for (std::int64_t i = part.begin; i < part.end; i++)
      for (int j = others; j < s.features; j++) dx[i * s.features + j] = 0;
  }
  Range part = team.share(s.columns);
  for (std::int64_t j = part.begin; j < part.end && dtable; j++) {
    T* own = dtable + std::int64_t(s.first[j]) * s.units;
    __builtin_memset(own, 0, std::int64_t(s.size[j]) * s.units * sizeof(T));
    for (int i = 0; i < s.n; i++) {
      T* to = own + code_of(x[i * std::int64_t(s.features) + others + j], s.size[j]) * s.units;
      const T* from = dy + i * width + others + j * s.units;
      for (int k = 0; k < s.units; k++) to[k] += from[k];
    }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
