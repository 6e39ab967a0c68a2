// Correlations with one channel in and one out of each group, rows of 3 or 5 taps side by side: a row of outputs at a
// time from the rows of the input below it, which are read where they lie. Each vector of the input is loaded once for
// all taps of a row; those that meet the padding are left out. The sums are those of correlate.hpp, in the same order.
#pragma once

#include "kernels/cpu/conv2d/band.hpp"
#include "kernels/cpu/conv2d/finish.hpp"
#include "kernels/cpu/conv2d/tile.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// W columns of one row of outputs, from column j on.
template <class T>
struct RowSteps {
  Range taps;        // those rows of the kernel that lie inside
  const T* x;        // the input under the first tap of column 0, which may lie outside
  const T* w;        // (kh, K)
  Finish<T> finish;  // of this channel
  T* y;              // column 0
  std::int64_t x_row, y_step;
  int width, left;
};

template <class T, int K, int W, bool edge>
void depthwise_tile(const RowSteps<T>& s, int j) {
  Vec<T> acc[W] = {};
  for (std::int64_t a = s.taps.begin; a < s.taps.end; a++) {
    const T* x = s.x + a * s.x_row + std::int64_t(j) * lanes<T>;
    Vec<T> w[K];
#pragma GCC unroll 8
    for (int b = 0; b < K; b++) w[b] = splat(s.w[a * K + b]);
#pragma GCC unroll 16
    for (int i = 0; i < W + K - 1; i++) {
      if (const int column = j + i - s.left; edge && (column < 0 || column >= s.width)) continue;
      Vec<T> v = load(x + i * lanes<T>);
      FASTDL_IN_REGISTER(v);
#pragma GCC unroll 8
      for (int b = 0; b < K; b++)
        if (i - b >= 0 && i - b < W) acc[i - b] += w[b] * v;
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < W; i++) store(s.y + (j + i) * s.y_step, s.finish(acc[i], 0));
}

template <class T>
using DepthwiseTile = decltype(&depthwise_tile<T, 3, 1, false>);
#define FASTDL_ROW_TILES(K, edge)                                                               \
  {depthwise_tile<T, K, 1, edge>, depthwise_tile<T, K, 2, edge>, depthwise_tile<T, K, 3, edge>, \
   depthwise_tile<T, K, 4, edge>, depthwise_tile<T, K, 5, edge>, depthwise_tile<T, K, 6, edge>, \
   depthwise_tile<T, K, 7, edge>, depthwise_tile<T, K, 8, edge>}
template <class T>
constexpr DepthwiseTile<T> depthwise_tiles[2][2][tile_side] = {{FASTDL_ROW_TILES(3, false), FASTDL_ROW_TILES(3, true)},
                                                               {FASTDL_ROW_TILES(5, false), FASTDL_ROW_TILES(5, true)}};
#undef FASTDL_ROW_TILES

FASTDL_INLINE bool is_row_by_row(const Correlation& s) {
  return s.c == 1 && s.f == 1 && (s.kw == 3 || s.kw == 5) && s.sw == 1 && s.dw == 1;
}

// Threads share the rows of all maps; `packed` as correlate takes it, here (groups, kh, kw).
template <class T>
void correlate_rows(const Team& team, const Correlation& s, const T* x, const T* packed, const Finish<T>& finish,
                    T* y) {
  const auto& tiles = depthwise_tiles<T>[s.kw == 5];
  const Parts columns = parts_of(s.ow, tile_side);
  const std::int64_t row = std::int64_t(s.w) * lanes<T>;
  const Range mine = team.share(std::int64_t(s.blocks) * s.groups * s.oh);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const std::int64_t image = unit / s.oh, group = image % s.groups;
    const int i = unit % s.oh, top = i * s.sh - s.top;
    const RowSteps<T> steps{taps_inside(i, i + 1, s.h, s.kh, s.sh, s.dh, s.top),
                            x + (image * s.h + top) * row - s.left * lanes<T>,
                            packed + group * s.kh * s.kw,
                            finish.from(group),
                            y + image * s.y_plane + i * s.y_row,
                            s.dh * row,
                            s.y_step,
                            s.w,
                            s.left};
    for (int part = 0; part < columns.count; part++) {
      const int j = columns.begin(part), size = columns.size(part);
      const bool edge = j < s.left || j + size + s.kw - 1 - s.left > s.w;
      tiles[edge][size - 1](steps, j);
    }
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
