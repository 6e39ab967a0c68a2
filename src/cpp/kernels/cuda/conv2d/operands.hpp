// The factors of a convolution's products. A block's loader copies SIZE rows of one to shared memory, slice after slice
// of the depth, packs of V values at once. It keeps the places of what it reads, and goes on without a division.
#pragma once

#include <mma.hpp>
#include "kernels/cuda/conv2d/window.hpp"
#include "kernels/cuda/gemm_operand.hpp"
#include "kernels/cuda/pack.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int passes_of(int size, int at_once) { return (size + at_once - 1) / at_once; }

template <int V, class T>
__device__ inline void copy_pack(T* to, const T* from, bool there) {
  copy_async<V* int(sizeof(T))>(to, from, there);
}

// Whether both factors can be read in packs: each side by side so many, from addresses that allow it.
template <class T>
bool in_packs(int a, int b, const T* x, const T* y) {
  return a % pack<T> == 0 && b % pack<T> == 0 && takes_packs(x) && takes_packs(y);
}

// Which packs are a thread's: `lane` of those that lie side by side, and every at_once-th row of them from `first` on.
template <class Engine, int SIDE, int ROWS, int V>
struct Turns {
  static constexpr int lanes = SIDE / V, at_once = Engine::threads / lanes, passes = passes_of(ROWS, at_once);
  static_assert(Engine::threads % lanes == 0);
  static __device__ int lane() { return int(threadIdx.x) % lanes * V; }
  static __device__ int row(int pass) { return pass * at_once + int(threadIdx.x) / lanes; }
  // Of a slice by depth. Eight rows on its order repeats itself.
  template <class Slice, class T>
  static __device__ T* row_of(T* tile, int pass) {
    if (at_once % 8) return tile + Slice::index(row(pass), lane());
    return tile + Slice::index(row(0), lane()) + pass * at_once * Slice::pitch;
  }
  static __device__ bool has(int pass) { return ROWS % at_once == 0 || row(pass) < ROWS; }
};

// What each output sees: rows the outputs, depth the taps and channels. Shared memory keeps the places of rows: the
// registers are the sums'.
template <class T, class Source, int V>
struct Seen {
  static constexpr bool by_depth = true;
  Source source;

  template <class Engine, int SIZE, class Slice>
  struct Loader {
    using Mine = Turns<Engine, Engine::depth, SIZE, V>;
    using Row = typename Source::Row;
    const Source& source;
    const Row* rows;
    Tap tap, step;

    __device__ Loader(const Seen& of, std::int64_t first) : source(of.source) {
      tap = tap_of(Mine::lane(), source.kw, source.channels);
      step = tap_of(Engine::depth, source.kw, source.channels);
      SHARED(Row, all, [SIZE]);
      for (int i = int(threadIdx.x); i < SIZE; i += Engine::threads) {
        all[i] = source.row(output_of(least(first + i, source.rows() - 1), source.oh, source.ow));
        if (first + i >= source.rows()) all[i].y = nowhere;
      }
      __syncthreads();
      rows = all;
    }
    __device__ void fetch(T* tile) {
      UNROLL_TWO
      for (int p = 0; p < Mine::passes; p++) {
        if (!Mine::has(p)) continue;
        const Row row = rows[Mine::row(p)];
        const bool there = (tap.a < source.kh) & source.sees(row, tap.a, tap.b);  // without a branch
        copy_pack<V>(Mine::template row_of<Slice>(tile, p), source.place(row, tap.a, tap.b) + tap.c, there);
      }
      go_on(tap, step, source.kw, source.channels);
    }
  };
};

// The same the other way round: rows the taps and channels, depth the outputs from `begin` to `end`.
template <class T, class Source, int V>
struct SeenAcross {
  static constexpr bool by_depth = false;
  Source source;
  std::int64_t begin, end;

  template <class Engine, int SIZE, class Slice>
  struct Loader {
    using Mine = Turns<Engine, SIZE, Engine::depth, V>;
    const Source& source;
    Tap tap;
    Output at[Mine::passes], step;
    int left;

    __device__ Loader(const SeenAcross& of, std::int64_t first) : source(of.source) {
      tap = tap_of(int(first) + Mine::lane(), source.kw, source.channels);
      step = output_of(Engine::depth, source.oh, source.ow);
      left = int(of.end - of.begin);
      for (int p = 0; p < Mine::passes; p++) at[p] = output_of(of.begin + Mine::row(p), source.oh, source.ow);
    }
    __device__ void fetch(T* tile) {
      for (int p = 0; p < Mine::passes; p++) {
        const auto row = source.row(at[p]);
        const bool there = tap.a < source.kh && Mine::row(p) < left && source.sees(row, tap.a, tap.b);
        if (Mine::has(p))
          copy_pack<V>(tile + Slice::index(Mine::lane(), Mine::row(p)), source.place(row, tap.a, tap.b) + tap.c, there);
        go_on(at[p], step, source.oh, source.ow);
      }
      left -= Engine::depth;
    }
  };
};

// Rows `begin` to `end` of a matrix (depth, columns), whose columns are the rows of the product's second factor.
template <class T, int V, bool SUMMED>
struct Columns {
  static constexpr bool by_depth = false, summed = SUMMED;  // summed: their sums are wanted too
  const T* x;
  std::int64_t begin, end, pitch;
  int columns;

  template <class Engine, int SIZE, class Slice>
  struct Loader {
    using Mine = Turns<Engine, SIZE, Engine::depth, V>;
    const T *x, *from;
    std::int64_t pitch;
    int left;

    __device__ Loader(const Columns& of, std::int64_t first) : x(of.x), pitch(of.pitch) {
      const int column = int(first) + Mine::lane();
      from = of.x + (of.begin + Mine::row(0)) * pitch + column;
      left = column < of.columns ? int(of.end - of.begin) : 0;
    }
    __device__ void fetch(T* tile) {
      const T* at = from;
      UNROLL_TWO
      for (int p = 0; p < Mine::passes; p++, at += Mine::at_once * pitch)
        if (Mine::has(p)) copy_pack<V>(tile + Slice::index(Mine::lane(), Mine::row(p)), at, Mine::row(p) < left);
      from += Engine::depth * pitch, left -= Engine::depth;
    }
  };
};

// Weights as the gradient of the data meets them: rows the channels, depth the taps and filters. Tap (a, b) stands
// a*down + b*across from the first.
template <class T, int V>
struct Turned {
  static constexpr bool by_depth = true, summed = false;
  const T* w;
  int kh, kw, down, across, filters, channels, pitch;

  template <class Engine, int SIZE, class Slice>
  struct Loader {
    using Mine = Turns<Engine, Engine::depth, SIZE, V>;
    const Turned& of;
    const T* from;
    int left;  // rows
    Tap tap, step;

    __device__ Loader(const Turned& of, std::int64_t first) : of(of) {
      tap = tap_of(Mine::lane(), of.kw, of.filters);
      step = tap_of(Engine::depth, of.kw, of.filters);
      from = of.w + (first + Mine::row(0)) * of.pitch;
      left = of.channels - int(first);
    }
    __device__ void fetch(T* tile) {
      const T* at = from + (tap.a * of.down + tap.b * of.across + tap.c);
      const int there = tap.a < of.kh ? left : 0;
      UNROLL_TWO
      for (int p = 0; p < Mine::passes; p++, at += Mine::at_once * of.pitch)
        if (Mine::has(p)) copy_pack<V>(Mine::template row_of<Slice>(tile, p), at, Mine::row(p) < there);
      go_on(tap, step, of.kw, of.filters);
    }
  };
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
