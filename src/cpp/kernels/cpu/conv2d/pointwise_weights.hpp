// conv2d's gradient of the weights of a 1x1 kernel: a product of matrices dw (c, f) = x (c, samples) dy (samples, f),
// the samples being those of all pixels. It goes in chunks of pixels, cut by the shape alone: each is one chain, and
// the chunks are added in their order. Both matrices are copied, for planes meet in few sets of the caches; dy is
// turned.
#pragma once

#include "kernels/cpu/conv2d/weights.hpp"
#include "kernels/cpu/gemm.hpp"
#include "kernels/cpu/transpose.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Whether the products are worth the copies: of narrow layers tiles of sums over the lanes are faster (weights.hpp).
// Ratios of their time, AVX-512, one thread: 64 -> 64 maps 0.9, 192 -> 64 1.05, 256 -> 128 1.16, 128 -> 512 1.2, with
// stride 2 256 -> 512 1.55; maps of 4x4, 256 -> 256 1.25.
FASTDL_INLINE bool pointwise_weights_pay(const Conv2DShape& s) {
  return s.kh * s.kw == 1 && s.groups == 1 && s.top <= 0 && s.left <= 0 && (s.oh - 1) * s.sh - s.top < s.h &&
         (s.ow - 1) * s.sw - s.left < s.w && std::int64_t(s.c) * s.f >= 48 * (std::int64_t(s.c) + s.f);
}

constexpr int chunk_bytes = 512 * 1024;  // of both matrices: they stay in L2
constexpr int chunk_least = 4, chunk_most = 32;

// Vectors of pixels in a chunk.
template <class T>
int pointwise_chunk(const Conv2DShape& s) {
  return least(most(chunk_bytes / ((s.c + s.f) * int(sizeof(Vec<T>))), chunk_least), chunk_most);
}
// From one row of the copied x to the next: an odd number of cache lines.
template <class T>
constexpr int x_step(int pixels) {
  return (pixels | 1) * lanes<T>;
}
template <class T>
std::int64_t pointwise_weights_space(const Conv2DShape& s) {  // of a thread
  const std::int64_t pixels = pointwise_chunk<T>(s), filters = ceil_div(s.f, lanes<T>) * lanes<T>;
  return gemm_scratch<T> + s.c * x_step<T>(pixels) + pixels * lanes<T> * filters;
}

// Where the pixels of a chunk stand, in a plane of x and of dy, all blocks counted.
struct ChunkPixels {
  int count;
  std::int64_t x[chunk_most], dy[chunk_most];
};
template <class T>
ChunkPixels chunk_pixels_of(const Conv2DShape& s, std::int64_t first, int count) {
  ChunkPixels at;
  at.count = count;
  const std::int64_t pixels = std::int64_t(s.oh) * s.ow;
  for (int k = 0; k < count; k++) {
    const std::int64_t block = (first + k) / pixels, pixel = (first + k) % pixels;
    const std::int64_t row = pixel / s.ow * s.sh - s.top, column = pixel % s.ow * s.sw - s.left;
    at.x[k] = ((block * s.c * s.h + row) * s.w + column) * lanes<T>;
    at.dy[k] = (block * s.f * pixels + pixel) * lanes<T>;
  }
  return at;
}

// x (channels, samples), those of the range.
template <class T>
void copy_chunk(const Conv2DShape& s, const ChunkPixels& at, Range channels, const T* x, T* to) {
  const std::int64_t map = std::int64_t(s.h) * s.w * lanes<T>;
  for (std::int64_t c = channels.begin; c < channels.end; c++, to += x_step<T>(at.count))
    for (int k = 0; k < at.count; k++) store(to + k * lanes<T>, load(x + at.x[k] + c * map));
}

// dy (samples, filters), those of the range of vectors.
template <class T>
void turn_chunk(const Conv2DShape& s, const ChunkPixels& at, Range vectors, const T* dy, T* to) {
  const std::int64_t map = std::int64_t(s.oh) * s.ow * lanes<T>, row = (vectors.end - vectors.begin) * lanes<T>;
  for (std::int64_t v = vectors.begin; v < vectors.end; v++, to += lanes<T>)
    for (int k = 0; k < at.count; k++) {
      Vec<T> square[lanes<T>];
#pragma GCC unroll 16
      for (int i = 0; i < lanes<T>; i++) {
        const std::int64_t f = v * lanes<T> + i;
        square[i] = f < s.f ? load(dy + at.dy[k] + f * map) : Vec<T>{};
      }
      transpose<T>(square);
#pragma GCC unroll 16
      for (int i = 0; i < lanes<T>; i++) store(to + (k * lanes<T> + i) * row, square[i]);
    }
}

// Threads share out filters, and if these are too few, channels.
template <class T>
void pointwise_weights(const Team& team, const Conv2DShape& s, const T* x, const T* dy, T* dw, T* db, T* scratch) {
  const int vectors = ceil_div(s.f, lanes<T>);
  int across = least(team.size, vectors);
  while (team.size % across != 0) across--;
  const Range some = part({0, vectors}, team.rank % across, across);
  const Range channels = part({0, s.c}, team.rank / across, team.size / across);
  const std::int64_t f = some.begin * lanes<T>, width = (some.end - some.begin) * lanes<T>;
  T *packed = scratch + team.rank * pointwise_weights_space<T>(s), *from = packed + gemm_scratch<T>;
  const std::int64_t pixels = std::int64_t(ceil_div(s.n, lanes<T>)) * s.oh * s.ow, at_once = pointwise_chunk<T>(s);
  T* slopes = from + (channels.end - channels.begin) * x_step<T>(at_once);
  for (std::int64_t first = 0; first < pixels; first += at_once) {
    const auto at = chunk_pixels_of<T>(s, first, int(least(at_once, pixels - first)));
    copy_chunk(s, at, channels, x, from);
    turn_chunk(s, at, some, dy, slopes);
    gemm<T>({},
            {.m = int(channels.end - channels.begin),
             .n = int(least<std::int64_t>(width, s.f - f)),
             .depth = at.count * lanes<T>,
             .a = {from, x_step<T>(at.count), 1},
             .b = {slopes, width, 1},
             .c = dw + channels.begin * s.f + f,
             .bias = nullptr,
             .rate = first > 0 ? T(1) : T(0),
             .c_stride = s.f},
            packed);
  }
  if (db) bias_gradients(team, ceil_div(s.n, lanes<T>), s.f, s.oh, s.ow, dy, db);
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
