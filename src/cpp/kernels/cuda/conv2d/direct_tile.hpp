// A convolution of stride 1 whose weights fit shared memory: a block keeps those of some filters there, and tile after
// tile of the images with what lies around it. Each value is read once, not once for each tap, and rounded once.
#pragma once

#include "kernels/cuda/conv2d/direct_engines.hpp"
#include "kernels/cuda/conv2d/window.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

struct Direct {
  int n, h, w, c, oh, ow, f, kh, kw, top, left;
  int first, tap, channel, filter;  // weights: where tap 0, channel 0, filter 0 lies; from one to the next
  int images, rows, columns;        // of outputs, in a tile
  int down, across, tiles;          // tiles in a column and in a row of an image, and in all
  int words, pitch, depth;          // of a pixel in shared memory; of all taps, in whole steps of 8
  int side;                         // filters that are stored at once, 4 or 1

  FASTDL_INLINE int lines() const { return rows + kh - 1; }  // of what a tile sees
  FASTDL_INLINE int line() const { return columns + kw - 1; }
  FASTDL_INLINE int pixels() const { return images * lines() * line(); }
};

// A tile's first output.
FASTDL_INLINE Output tile_of(const Direct& d, int number) {
  const Output tile = output_of(number, d.down, d.across);
  return {tile.n * d.images, tile.i * d.rows, tile.j * d.columns};
}

// What the parts of a block share.
template <class Engine>
struct DirectRoom {
  using Word = typename Engine::Word;
  int* offsets;  // of each depth: to the pixel that it means
  int* weights;  // of each depth and value: its place in w, or -1
  Word *w, *x;
  float* sums;  // where x was

  FASTDL_INLINE DirectRoom(const Direct& d, Word* room)
      : offsets(reinterpret_cast<int*>(room)),
        weights(offsets + d.depth),
        w(room + d.depth * (1 + Engine::values)),
        x(w + d.depth * Engine::n),
        sums(reinterpret_cast<float*>(x)) {}
  static std::size_t bytes(const Direct& d) {
    const int sums = Engine::slices * Engine::m * Engine::sums_pitch, x = d.pixels() * d.pitch;
    return sizeof(Word) * (std::size_t(d.depth) * (1 + Engine::values + Engine::n) + most(x, sums));
  }
};

template <class Engine>
__device__ void list_depths(const Direct& d, const DirectRoom<Engine>& room) {
  for (int k = int(threadIdx.x); k < d.depth; k += Engine::threads) {
    const int tap = k / d.words, word = k % d.words;
    const bool there = tap < d.kh * d.kw;
    room.offsets[k] = there ? (tap / d.kw * d.line() + tap % d.kw) * d.pitch + word : 0;  // its weights are zero
    for (int v = 0; v < Engine::values; v++) {
      const int c = word * Engine::values + v;
      room.weights[k * Engine::values + v] = there && c < d.c ? d.first + tap * d.tap + c * d.channel : -1;
    }
  }
}

template <class Engine>
__device__ void fill_weights(const Direct& d, const DirectRoom<Engine>& room, const float* w, int filter) {
  using Word = typename Engine::Word;
  constexpr int batch = 4;  // pairs that are on their way at once
  const int count = d.depth * Engine::n / 2;
  for (int i = int(threadIdx.x); i < count; i += batch * Engine::threads) {
    float v[batch][2][Engine::values];
    UNROLL
    for (int b = 0; b < batch; b++) {
      const int pair = i + b * Engine::threads;
      for (int j = 0; j < 2; j++) {
        const Spot spot = Engine::spot(least(pair, count - 1) * 2 + j);
        const int f = filter + spot.filter;
        for (int k = 0; k < Engine::values; k++) {
          const int at = room.weights[spot.depth * Engine::values + k];
          v[b][j][k] = at >= 0 && f < d.f ? w[at + f * d.filter] : 0;
        }
      }
    }
    UNROLL
    for (int b = 0; b < batch; b++) {
      const int pair = i + b * Engine::threads;
      if (pair < count) store(room.w + pair * 2, packed<Word, 2>([&](int j) { return word_of(v[b][j], Word{}); }));
    }
  }
}

// Packs of words, pixels, lines and images of a tile, counted as digits are.
struct Place {
  int unit, column, line, image;
};
FASTDL_INLINE Place place_of(int number, int units, int line, int lines) {
  const Output at = output_of(number / units, lines, line);
  return {number % units, at.j, at.i, at.n};
}
FASTDL_INLINE void go_on(Place& at, const Place& step, int units, int line, int lines) {
  at.unit += step.unit, at.column += step.column, at.line += step.line, at.image += step.image;
  if (at.unit >= units) at.unit -= units, at.column++;
  if (at.column >= line) at.column -= line, at.line++;
  if (at.line >= lines) at.line -= lines, at.image++;
}

template <class Engine, bool PACKS>
__device__ void fill_images(const Direct& d, const DirectRoom<Engine>& room, const float* x, const Output& tile) {
  using Word = typename Engine::Word;
  constexpr int values = Engine::values, side = PACKS ? 4 : values, words = side / values, batch = 4;
  const int units = d.words / words, line = d.line(), lines = d.lines(), count = d.pixels() * units;
  const Place step = place_of(Engine::threads, units, line, lines);
  Place at = place_of(int(threadIdx.x), units, line, lines);
  for (int i = int(threadIdx.x); i < count; i += batch * Engine::threads) {
    float v[batch][words][values];
    int to[batch];
    UNROLL
    for (int b = 0; b < batch; b++) {
      const int image = tile.n + at.image, row = tile.i + at.line - d.top, column = tile.j + at.column - d.left;
      const bool mine = i + b * Engine::threads < count;
      const bool seen = mine && image < d.n && unsigned(row) < unsigned(d.h) && unsigned(column) < unsigned(d.w);
      const float* from = x + ((std::int64_t(image) * d.h + row) * d.w + column) * d.c + at.unit * side;
      if constexpr (PACKS) {
        const auto pack = seen ? load<4>(from) : Pack<float, 4>{};
        for (int k = 0; k < 4; k++) v[b][k / values][k % values] = pack[k];
      } else {
        for (int k = 0; k < values; k++) v[b][0][k] = seen && at.unit * side + k < d.c ? from[k] : 0;
      }
      to[b] = mine ? ((at.image * lines + at.line) * line + at.column) * d.pitch + at.unit * words : -1;
      go_on(at, step, units, line, lines);
    }
    UNROLL
    for (int b = 0; b < batch; b++)
      if (to[b] >= 0) store(room.x + to[b], packed<Word, words>([&](int k) { return word_of(v[b][k], Word{}); }));
  }
}

// Where the outputs of a tile go, or -1, and where what they see begins.
template <class Engine>
__device__ void list_outputs(const Direct& d, const Output& tile, std::int64_t* places, int* starts) {
  for (int i = int(threadIdx.x); i < Engine::m; i += Engine::threads) {
    const Output at = output_of(i, d.rows, d.columns);
    const int image = tile.n + at.n, row = tile.i + at.i, column = tile.j + at.j;
    starts[i] = at.n < d.images ? ((at.n * d.lines() + at.i) * d.line() + at.j) * d.pitch : 0;
    places[i] = at.n < d.images && image < d.n && row < d.oh && column < d.ow
                    ? ((std::int64_t(image) * d.oh + row) * d.ow + column) * d.f
                    : -1;
  }
}

// V: filters that are stored at once.
template <class Engine, int V>
__device__ void store_outputs(const Direct& d, const float* sums, const std::int64_t* places, const float* bias,
                              float* y, int filter) {
  constexpr int units = Engine::n / V, slice = Engine::m * Engine::sums_pitch;
  for (int i = int(threadIdx.x); i < Engine::m * units; i += Engine::threads) {
    const int row = i / units, f = i % units * V;
    if (places[row] < 0 || filter + f >= d.f) continue;
    const float* from = sums + row * Engine::sums_pitch + f;
    auto sum = load<V>(from);
    for (int s = 1; s < Engine::slices; s++) sum = sum + load<V>(from + s * slice);
    if (bias)
      for (int k = 0; k < V; k++) sum[k] += bias[filter + f + k];
    store(y + places[row] + filter + f, sum);
  }
}

// blockIdx.y: which n filters.
template <class Engine, bool PACKS>
__global__ void __launch_bounds__(Engine::threads, Engine::resident)
    direct(Direct d, const float* x, const float* w, const float* bias, float* y) {
  DYNAMIC_SHARED(typename Engine::Word, shared);
  SHARED(std::int64_t, places, [Engine::m]);
  SHARED(int, starts, [Engine::m]);
  const DirectRoom<Engine> room(d, shared);
  const int filter = int(blockIdx.y) * Engine::n, steps = d.depth / 8;
  const int slice = int(threadIdx.x) / Engine::team, thread = int(threadIdx.x) % Engine::team;
  list_depths(d, room);
  __syncthreads();
  fill_weights(d, room, w, filter);
  for (int number = int(blockIdx.x); number < d.tiles; number += int(gridDim.x)) {
    const Output tile = tile_of(d, number);
    list_outputs<Engine>(d, tile, places, starts);
    fill_images<Engine, PACKS>(d, room, x, tile);
    __syncthreads();
    Engine engine;
    engine.template add<PACKS>(thread, {room.x, room.w, starts, room.offsets}, steps * slice / Engine::slices * 8,
                               steps * (slice + 1) / Engine::slices * 8);
    __syncthreads();  // all have done with x, whose place the sums take
    engine.leave(thread, room.sums + slice * Engine::m * Engine::sums_pitch);
    __syncthreads();
    if (d.side == 4)
      store_outputs<Engine, 4>(d, room.sums, places, bias, y, filter);
    else
      store_outputs<Engine, 1>(d, room.sums, places, bias, y, filter);
    __syncthreads();
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
