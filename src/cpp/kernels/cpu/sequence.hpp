// Sequences, (steps, n, features): in and out, turned around, pooled over time; embedding.
#pragma once

#include "kernels/cpu/layout.hpp"
#include "kernels/cpu/views.hpp"
#include "kernels/sequence.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// body(i, t, goes_on) for this thread's rows of (steps, n, ...), or all of (n, room, ...).
template <class Body>
FASTDL_INLINE void each_step_row(const Team& team, const SequenceShape& s, Body body) {
  Range part = team.share(std::int64_t(s.steps) * s.n);
  for (std::int64_t row = part.begin; row < part.end; row++) {
    const int t = int(row / s.n), i = int(row % s.n);
    body(row, i, t, t < s.lengths[i]);
  }
  team.sync();
}
template <class T>
FASTDL_INLINE void clear(T* p, std::int64_t count) {
  __builtin_memset(p, 0, count * sizeof(T));
}

template <class T>
void gather_sequence(const Team& team, const Samples& x, const std::int64_t* order, const SequenceShape& s, T* y) {
  with_source(x, [&](const auto* data) {
    each_step_row(team, s, [&](std::int64_t row, int i, int t, bool goes_on) {
      T* to = y + row * s.features;
      if (!goes_on) return clear(to, s.features);
      const auto* from = data + order[i] * x.features + std::int64_t(t) * s.features;
      for (int j = 0; j < s.features; j++) to[j] = T(from[j]);
    });
  });
}

template <class T>
void sequence_to_rows(const Team& team, const SequenceShape& s, const T* x, T* y) {
  Range part = team.share(s.n);
  for (std::int64_t i = part.begin; i < part.end; i++)
    for (int t = 0; t < s.room; t++) {
      T* to = y + (i * s.room + t) * s.features;
      if (t < s.lengths[i])
        __builtin_memcpy(to, x + (std::int64_t(t) * s.n + i) * s.features, s.features * sizeof(T));
      else
        clear(to, s.features);
    }
  team.sync();
}

template <class T>
void rows_to_sequence(const Team& team, const SequenceShape& s, const T* y, T* x) {
  each_step_row(team, s, [&](std::int64_t row, int i, int t, bool goes_on) {
    T* to = x + row * s.features;
    if (!goes_on) return clear(to, s.features);
    __builtin_memcpy(to, y + (std::int64_t(i) * s.room + t) * s.features, s.features * sizeof(T));
  });
}

template <class T>
void reverse_steps(const Team& team, const SequenceShape& s, const T* x, T* y) {
  each_step_row(team, s, [&](std::int64_t row, int i, int t, bool goes_on) {
    T* to = y + row * s.features;
    if (!goes_on) return clear(to, s.features);
    const std::int64_t from = std::int64_t(s.lengths[i] - 1 - t) * s.n + i;
    __builtin_memcpy(to, x + from * s.features, s.features * sizeof(T));
  });
}

// --- pooling over time: the last step, the mean, the first of the largest values ------------------------------------
template <class T>
void step_pool_forward(const Team& team, StepPool pool, const SequenceShape& s, const T* x, T* y, T* where) {
  const std::int64_t step = std::int64_t(s.n) * s.features;
  Range part = team.share(s.n);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    const int length = s.lengths[i];
    const T* first = x + i * s.features;
    T *row = y + i * s.features, *at_step = where ? where + i * s.features : nullptr;
    if (length == 0) {
      if (pool != StepPool::carry) clear(row, s.features);
      continue;
    }
    for_slices<T>(0, s.features, [&](Slice<T> at) {
      if (pool == StepPool::last || pool == StepPool::carry) {
        at.write(row, at.read(first + (length - 1) * step));
      } else if (pool == StepPool::avg) {
        at.write(row, sum_of(length, [&](std::int64_t t) { return at.read(first + t * step); }) / T(length));
      } else {
        Vec<T> top = at.read(first);
        Mask<T> top_step{};
        for (int t = 1; t < length; t++) {
          const Vec<T> value = at.read(first + t * step);
          const Mask<T> take = beats(value, top);
          top = take ? value : top, top_step = take ? place_of<T>(t) : top_step;
        }
        at.write(row, top), at.write(at_step, place_bits<T>(top_step));
      }
    });
  }
  team.sync();
}

template <class T>
void step_pool_backward(const Team& team, StepPool pool, const SequenceShape& s, const T* dy, const T* where, T* dx) {
  each_step_row(team, s, [&](std::int64_t row, int i, int t, bool goes_on) {
    const T* from = dy + std::int64_t(i) * s.features;
    T* to = dx + row * s.features;
    if (!goes_on || (pool == StepPool::last && t != s.lengths[i] - 1)) return clear(to, s.features);
    for_slices<T>(0, s.features, [&](Slice<T> at) {
      Vec<T> d = at.read(from);
      if (pool == StepPool::avg) d /= T(s.lengths[i]);
      if (pool == StepPool::max)
        d = place_in<T>(at.read(where + std::int64_t(i) * s.features)) == place_of<T>(t) ? d : Vec<T>{};
      at.write(to, d);
    });
  });
}

// --- embedding: y (rows, units) = table (symbols, units)[ids] -------------------------------------------------------
template <class T>
FASTDL_INLINE std::int64_t symbol_of(T id, int symbols) {  // never outside of the table, whatever the id
  return id >= 0 && id < T(symbols) ? std::int64_t(id) : 0;
}

template <class T>
void embedding_forward(const Team& team, int rows, int symbols, int units, const T* ids, const T* table, T* y) {
  Range part = team.share(rows);
  for (std::int64_t i = part.begin; i < part.end; i++)
    __builtin_memcpy(y + i * units, table + symbol_of(ids[i], symbols) * units, units * sizeof(T));
  team.sync();
}

// dtable: the rows of dy added to their symbols' in their order; threads share the columns.
template <class T>
void embedding_backward(const Team& team, int rows, int symbols, int units, const T* ids, const T* dy, T* dtable) {
  const Range part = team.share(units);
  const std::int64_t first = part.begin, last = part.end;
  for (std::int64_t k = 0; k < symbols; k++) clear(dtable + k * units + first, last - first);
  for (std::int64_t i = 0; i < rows; i++) {
    T* to = dtable + symbol_of(ids[i], symbols) * units;
    for_slices<T>(first, last, [&](Slice<T> at) { at.write(to, at.read(to) + at.read(dy + i * units)); });
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
