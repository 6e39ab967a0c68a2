// conv2d of a sample alone with few filters, which would leave most lanes idle: neighbouring pixels of a row fill them.
// Each block of outputs gets planes (c, rows, columns) of what it sees, which stay in the second-level cache; then the
// tiles are those of a batch (correlate.hpp), with pixels for samples.
#pragma once

#include "kernels/cpu/conv2d/correlate.hpp"
#include "kernels/cpu/conv2d/winograd.hpp"  // load_square
#include "kernels/cpu/transpose.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int block_columns = 128, block_bytes = 512 * 1024;
constexpr int most_filters = 4;  // of a tile

// What is planned for every block: outputs, and the planes they see.
template <class T>
struct PixelBlocks {
  Parts rows, columns, filters;  // of outputs, and of the filters of a group
  int below, width;              // rows and columns of a plane
  std::int64_t plane() const { return std::int64_t(below) * width; }

  explicit PixelBlocks(const Conv2DShape& s)
      : columns(parts_of(s.ow, block_columns)), filters(parts_of(s.f / s.groups, most_filters)) {
    width = (ceil_div(columns.largest(), lanes<T>) + 1) * lanes<T> + (s.kw - 1) * s.dw;
    const std::int64_t row = std::int64_t(s.c / s.groups) * width * sizeof(T), reach = (s.kh - 1) * s.dh + 1;
    const std::int64_t fitting = (block_bytes / row - reach) / s.sh + 1;
    rows = parts_of(s.oh, most<std::int64_t>(fitting, 1));
    below = (rows.largest() - 1) * s.sh + reach;
  }
};

template <class T>
std::int64_t pixel_weights(const Conv2DShape& s) {
  return ceil_div<std::int64_t>(std::int64_t(s.f) * (s.c / s.groups) * s.kh * s.kw, lanes<T>) * lanes<T>;
}
template <class T>
std::int64_t pixel_taps(const Conv2DShape& s) {
  return ceil_div<std::int64_t>(s.kh * s.kw * sizeof(Tap), FASTDL_VECTOR_BYTES) * lanes<T>;
}
template <class T>
std::int64_t pixel_space(const Conv2DShape& s) {  // of a thread: taps, planes, outputs of a row of a block
  const PixelBlocks<T> blocks(s);
  const std::int64_t planes = ceil_div<std::int64_t>((s.c / s.groups) * blocks.plane(), lanes<T>) * lanes<T>;
  return pixel_taps<T>(s) + planes + most_filters * tile_side * lanes<T>;
}
template <class T>
std::int64_t lone_pixels_scratch(const Conv2DShape& s, int threads) {
  return pixel_weights<T>(s) + threads * pixel_space<T>(s);
}

template <class T>
bool lone_pixels_fit(const Conv2DShape& s) {
  return s.sw == 1 && s.groups == 1 && s.f < ceil_div(3 * lanes<T>, 4) && s.ow >= lanes<T>;
}

// w (kh, kw, c, f) as (groups, tiles of filters, c, kh, kw, filters of the tile)
template <class T>
void pack_pixel_weights(const Team& team, const Conv2DShape& s, const T* w, T* packed) {
  const Parts filters = PixelBlocks<T>(s).filters;
  const int c = s.c / s.groups, f = s.f / s.groups, taps = s.kh * s.kw;
  const Range mine = team.share(std::int64_t(s.groups) * c);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const int g = unit / c, i = unit % c;
    for (int tile = 0; tile < filters.count; tile++) {
      const int first = filters.begin(tile), size = filters.size(tile);
      T* to = packed + (std::int64_t(g) * f + first) * c * taps + std::int64_t(i) * taps * size;
      for (int tap = 0; tap < taps; tap++)
        for (int k = 0; k < size; k++) *to++ = w[(std::int64_t(tap) * c + i) * s.f + g * f + first + k];
    }
  }
}

// planes (c, below, width) from the pixels of x from (top, left) on, zeros outside of it
template <class T>
void block_planes(const Conv2DShape& s, const PixelBlocks<T>& blocks, int rows, int top, int left, const T* x,
                  T* planes) {
  const int c = s.c / s.groups, first = most(left, 0), last = least(left + blocks.width, s.w);
  for (int r = 0; r < rows; r++) {
    T* row = planes + std::int64_t(r) * blocks.width;
    if (top + r < 0 || top + r >= s.h || first >= last) {
      for (int i = 0; i < c; i++) __builtin_memset(row + i * blocks.plane(), 0, blocks.width * sizeof(T));
      continue;
    }
    for (int i = 0; i < c; i++) {
      T* at = row + i * blocks.plane();
      __builtin_memset(at, 0, (first - left) * sizeof(T));
      __builtin_memset(at + last - left, 0, (left + blocks.width - last) * sizeof(T));
    }
    const T* from = x + std::int64_t(top + r) * s.w * s.c;
    if (s.c == 1) {
      __builtin_memcpy(row + first - left, from + first, (last - first) * sizeof(T));
      continue;
    }
    for (int i = 0; i < c; i += lanes<T>)
      for (int j = first; j < last; j += lanes<T>) {
        Vec<T> square[lanes<T>];
        load_square(from + std::int64_t(j) * s.c + i, s.c, last - j, c - i, square);
        transpose<T>(square);
        T* to = row + i * blocks.plane() + j - left;
        for (int k = 0; k < least(c - i, lanes<T>); k++, to += blocks.plane())
          last - j < lanes<T> ? store_part(to, square[k], last - j) : store(to, square[k]);
      }
  }
}

template <class T>
void lone_pixels(const Team& team, const Conv2DShape& s, const T* x, const T* w, const Finish<T>& finish, T* y,
                 T* scratch) {
  const PixelBlocks<T> blocks(s);
  const int c = s.c / s.groups, f = s.f / s.groups, taps = s.kh * s.kw;
  T* space = scratch + pixel_weights<T>(s) + team.rank * pixel_space<T>(s);
  Tap* of_block = reinterpret_cast<Tap*>(space);
  T* planes = space + pixel_taps<T>(s);
  T* out = space + pixel_space<T>(s) - most_filters * tile_side * lanes<T>;
  for (int tap = 0; tap < taps; tap++) of_block[tap] = {tap / s.kw * s.dh * blocks.width + tap % s.kw * s.dw, tap};
  pack_pixel_weights(team, s, w, scratch);
  team.sync();

  const int across = blocks.columns.count;
  const Range mine = team.share(std::int64_t(s.groups) * blocks.rows.count * across);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const int g = unit / (blocks.rows.count * across), block = unit % (blocks.rows.count * across);
    const int row = blocks.rows.begin(block / across), rows = blocks.rows.size(block / across);
    const int column = blocks.columns.begin(block % across), columns = blocks.columns.size(block % across);
    const int below = (rows - 1) * s.sh + (s.kh - 1) * s.dh + 1;
    block_planes(s, blocks, below, row * s.sh - s.top, column - s.left, x + g * c, planes);
    for (int i = 0; i < rows; i++)
      for (int tile = 0; tile < blocks.filters.count; tile++) {
        const int first = blocks.filters.begin(tile), size = blocks.filters.size(tile);
        const int step = least(tile_side, tile_accumulators / size), vectors = ceil_div(columns, lanes<T>);
        const T* weights = scratch + (std::int64_t(g) * f + first) * c * taps;
        TileSteps<T> steps{
            {of_block, of_block + taps}, c, blocks.plane(), std::int64_t(taps) * size, 0, lanes<T>, true};
        for (int j = 0; j < vectors; j += step) {
          const int some = least(step, vectors - j), n = least(some * lanes<T>, columns - j * lanes<T>);
          steps.y_plane = some * lanes<T>;
          correlate_tiles<T>[size - 1][some - 1](steps, planes + std::int64_t(i)* s.sh* blocks.width + j* lanes<T>,
                                                 weights, finish.from(g* f + first), out);
          T* to = y + (std::int64_t(row + i) * s.ow + column + j * lanes<T>)*s.f + g * f + first;
          if (s.f == 1)
            __builtin_memcpy(to, out, n * sizeof(T));
          else
            for (int p = 0; p < n; p++)
              for (int k = 0; k < size; k++) to[p * s.f + k] = out[k * steps.y_plane + p];
        }
      }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
