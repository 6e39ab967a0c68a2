// The factors of a convolution's products. A block's loader brings SIZE rows of one, DEPTH deep, to registers and from
// there to shared memory, V values at once; the next slice is the one DEPTH further. Depth-first: values that follow
// each other in memory do so in the depth, else among the rows.
#pragma once

#include "kernels/cuda/conv2d/pack.hpp"
#include "kernels/cuda/conv2d/window.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int passes_of(int size, int at_once) { return (size + at_once - 1) / at_once; }

// What each output sees: rows the outputs, depth the taps and channels.
template <class T, class Source, int V>
struct Seen {
  static constexpr bool depth_first = true;
  Source source;

  template <class Engine, int SIZE>
  struct Loader {
    static constexpr int lanes = Engine::depth / V, at_once = Engine::threads / lanes,
                         passes = passes_of(SIZE, at_once);
    const Source& source;
    typename Source::Row rows[passes];
    Tap tap, step;
    Pack<T, V> got[passes];

    __device__ Loader(const Seen& of, std::int64_t first) : source(of.source) {
      tap = tap_of(int(threadIdx.x) % lanes * V, source.kw, source.channels);
      step = tap_of(Engine::depth, source.kw, source.channels);
      for (int p = 0; p < passes; p++) {
        const std::int64_t row = first + p * at_once + int(threadIdx.x) / lanes;
        rows[p] = row < source.rows() ? source.row(place_of(row, source.oh, source.ow)) : typename Source::Row{};
        if (row >= source.rows()) rows[p].y = -(1 << 30);
      }
    }
    __device__ void fetch() {
      for (int p = 0; p < passes; p++) {
        const T* from = tap.a < source.kh ? source.seen(rows[p], tap.a, tap.b) : nullptr;
        got[p] = from ? read<V>(from + tap.c) : Pack<T, V>{};
      }
      go_on(tap, step, source.kw, source.channels);
    }
    __device__ void store(typename Engine::Word* tile) const {
      for (int p = 0; p < passes; p++)
        if (const int row = p * at_once + int(threadIdx.x) / lanes; SIZE % at_once == 0 || row < SIZE)
          Engine::template store<true, SIZE>(tile, row, int(threadIdx.x) % lanes * V, got[p]);
    }
  };
};

// The same the other way round: rows the taps and channels, depth the outputs from `begin` to `end`.
template <class T, class Source, int V>
struct SeenAcross {
  static constexpr bool depth_first = false;
  Source source;
  std::int64_t begin, end;

  template <class Engine, int SIZE>
  struct Loader {
    static constexpr int lanes = SIZE / V, at_once = Engine::threads / lanes,
                         passes = passes_of(Engine::depth, at_once);
    const SeenAcross& of;
    Tap tap;
    Place at[passes], step;
    int left;
    Pack<T, V> got[passes];

    __device__ Loader(const SeenAcross& of, std::int64_t first) : of(of) {
      const Source& s = of.source;
      tap = tap_of(int(first) + int(threadIdx.x) % lanes * V, s.kw, s.channels);
      step = place_of(Engine::depth, s.oh, s.ow);
      left = int(of.end - of.begin) - int(threadIdx.x) / lanes;
      for (int p = 0; p < passes; p++) at[p] = place_of(of.begin + p * at_once + int(threadIdx.x) / lanes, s.oh, s.ow);
    }
    __device__ void fetch() {
      const Source& s = of.source;
      for (int p = 0; p < passes; p++) {
        const T* from = tap.a < s.kh && p * at_once < left ? s.seen(s.row(at[p]), tap.a, tap.b) : nullptr;
        got[p] = from ? read<V>(from + tap.c) : Pack<T, V>{};
        go_on(at[p], step, s.oh, s.ow);
      }
      left -= Engine::depth;
    }
    __device__ void store(typename Engine::Word* tile) const {
      for (int p = 0; p < passes; p++)
        if (const int k = p * at_once + int(threadIdx.x) / lanes; Engine::depth % at_once == 0 || k < Engine::depth)
          Engine::template store<false, SIZE>(tile, int(threadIdx.x) % lanes * V, k, got[p]);
    }
  };
};

// A matrix (depth, columns): its columns are the rows of the product's second factor. With `summed` the loader also
// adds up each column.
template <class T, int V, bool SUMMED>
struct Columns {
  static constexpr bool depth_first = false, summed = SUMMED;
  const T* x;
  std::int64_t begin, end, pitch;
  int columns;

  template <class Engine, int SIZE>
  struct Loader {
    static constexpr int lanes = SIZE / V, at_once = Engine::threads / lanes,
                         passes = passes_of(Engine::depth, at_once);
    const T* from;
    std::int64_t pitch;
    int left;
    Pack<T, V> got[passes], sum{};

    __device__ Loader(const Columns& of, std::int64_t first) : pitch(of.pitch) {
      const int k = int(threadIdx.x) / lanes, column = int(first) + int(threadIdx.x) % lanes * V;
      from = of.x + (of.begin + k) * pitch + column;
      left = column < of.columns ? int(of.end - of.begin) - k : 0;
    }
    __device__ void fetch() {
      for (int p = 0; p < passes; p++) {
        const bool there = p * at_once < left && (Engine::depth % at_once == 0 || k_of(p) < Engine::depth);
        got[p] = there ? read<V>(from + p * at_once * pitch) : Pack<T, V>{};
        if constexpr (SUMMED)
          for (int v = 0; v < V; v++) sum.v[v] += got[p].v[v];
      }
      from += Engine::depth * pitch, left -= Engine::depth;
    }
    static __device__ int k_of(int p) { return p * at_once + int(threadIdx.x) / lanes; }
    __device__ void store(typename Engine::Word* tile) const {
      for (int p = 0; p < passes; p++)
        if (Engine::depth % at_once == 0 || k_of(p) < Engine::depth)
          Engine::template store<false, SIZE>(tile, int(threadIdx.x) % lanes * V, k_of(p), got[p]);
    }
    // room: shared, (at_once, SIZE)
    template <class Put>
    __device__ void put_sums(T* room, Put put) const {
      for (int v = 0; v < V; v++) room[int(threadIdx.x) / lanes * SIZE + int(threadIdx.x) % lanes * V + v] = sum.v[v];
      __syncthreads();
      for (int i = int(threadIdx.x); i < SIZE; i += Engine::threads) {
        T total = room[i];
        for (int k = 1; k < least(at_once, Engine::depth); k++) total += room[k * SIZE + i];
        put(i, total);
      }
    }
  };
};

// Weights as the gradient of the data meets them: rows the channels, depth the taps and filters. Tap (a, b) stands
// a*down + b*across from the first.
template <class T, int V>
struct Turned {
  static constexpr bool depth_first = true, summed = false;
  const T* w;
  int kh, kw, down, across, filters, channels, pitch;

  template <class Engine, int SIZE>
  struct Loader {
    static constexpr int lanes = Engine::depth / V, at_once = Engine::threads / lanes,
                         passes = passes_of(SIZE, at_once);
    const Turned& of;
    const T* from;
    int left;
    Tap tap, step;
    Pack<T, V> got[passes];

    __device__ Loader(const Turned& of, std::int64_t first) : of(of) {
      tap = tap_of(int(threadIdx.x) % lanes * V, of.kw, of.filters);
      step = tap_of(Engine::depth, of.kw, of.filters);
      from = of.w + (first + int(threadIdx.x) / lanes) * of.pitch;
      left = of.channels - int(first) - int(threadIdx.x) / lanes;
    }
    __device__ void fetch() {
      const T* tapped = from + std::int64_t(tap.a) * of.down + std::int64_t(tap.b) * of.across + tap.c;
      for (int p = 0; p < passes; p++)
        got[p] =
            tap.a < of.kh && p * at_once < left ? read<V>(tapped + std::int64_t(p) * at_once * of.pitch) : Pack<T, V>{};
      go_on(tap, step, of.kw, of.filters);
    }
    __device__ void store(typename Engine::Word* tile) const {
      for (int p = 0; p < passes; p++)
        if (const int row = p * at_once + int(threadIdx.x) / lanes; SIZE % at_once == 0 || row < SIZE)
          Engine::template store<true, SIZE>(tile, row, int(threadIdx.x) % lanes * V, got[p]);
    }
  };
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
