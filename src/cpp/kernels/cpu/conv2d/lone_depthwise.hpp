// conv2d's forward for a sample alone where each channel has one kernel of its own: channels fill the lanes of x (h*w,
// c) and y (oh*ow, c), and of w (kh, kw, 1, c) as it is. Neighbouring outputs of a row go together, so that what they
// share is loaded once; taps that meet the padding are left out.
#pragma once

#include "kernels/conv2d.hpp"
#include "kernels/cpu/conv2d/band.hpp"
#include "kernels/cpu/conv2d/finish.hpp"
#include "kernels/cpu/conv2d/tile.hpp"
#include "kernels/cpu/gemm.hpp"  // part

namespace fastdl::FASTDL_ISA {
namespace {

FASTDL_INLINE bool lone_depthwise_fits(const Conv2DShape& s) { return s.groups > 1 && s.groups == s.c && s.f == s.c; }

// A tile: some outputs of a row, of up to a vector of channels.
template <class T>
struct ChannelTile {
  Range rows;                              // of the kernel, those that lie inside
  int kw, dilation, stride;                // along the row
  int count;                               // of channels
  std::int64_t channels;                   // from one pixel to the next
  std::int64_t x_row, x_column, x_output;  // from one tap to the next, and from an output's pixel to the next one's
  Finish<T> finish;
};

// columns: of x that lie inside, counted from that under the first tap of the first output, where x points.
template <class T, int K, int W, bool whole>
void channel_tile(const ChannelTile<T>& tile, Range columns, const T* x, const T* w, T* y) {
  const ChannelTile<T> s = tile;  // in registers: the stores cannot reach it
  const auto get = [&](const T* p) { return whole ? load(p) : load_part(p, s.count); };
  const std::int64_t w_row = s.kw * s.channels;
  Vec<T> sum[W] = {};
  x += s.rows.begin * s.x_row, w += s.rows.begin * w_row;
  for (std::int64_t a = s.rows.begin; a < s.rows.end; a++, x += s.x_row, w += w_row)
    if constexpr (K > 0) {  // neighbouring taps of neighbouring outputs: each pixel is loaded once for all of them
      Vec<T> weights[K];
#pragma GCC unroll 8
      for (int b = 0; b < K; b++) weights[b] = get(w + b * s.channels);
      const T* at = x;
#pragma GCC unroll 16
      for (int i = 0; i < W + K - 1; i++, at += s.channels) {
        if (i < columns.begin || i >= columns.end) continue;
        Vec<T> pixel = get(at);
        FASTDL_IN_REGISTER(pixel);
#pragma GCC unroll 8
        for (int b = 0; b < K; b++)
          if (i - b >= 0 && i - b < W) sum[i - b] += weights[b] * pixel;
      }
    } else {
      for (int b = 0; b < s.kw; b++) {
        const Vec<T> weight = get(w + b * s.channels);
        const T* at = x + b * s.x_column;
        int column = b * s.dilation;
#pragma GCC unroll 8
        for (int i = 0; i < W; i++, at += s.x_output, column += s.stride)
          if (column >= columns.begin && column < columns.end) sum[i] += weight * get(at);
      }
    }
  const Vec<T> biases = s.finish.biases(s.count);
#pragma GCC unroll 8
  for (int i = 0; i < W; i++, y += s.channels) {
    const Vec<T> value = s.finish.of_lanes(sum[i], biases);
    whole ? store(y, value) : store_part(y, value, s.count);
  }
}

#define FASTDL_CHANNEL_TILES(K, whole)                                                       \
  {channel_tile<T, K, 1, whole>, channel_tile<T, K, 2, whole>, channel_tile<T, K, 3, whole>, \
   channel_tile<T, K, 4, whole>, channel_tile<T, K, 5, whole>, channel_tile<T, K, 6, whole>, \
   channel_tile<T, K, 7, whole>, channel_tile<T, K, 8, whole>}
template <class T>
constexpr decltype(&channel_tile<T, 0, 1, true>) channel_tiles[3][2][tile_side] = {
    {FASTDL_CHANNEL_TILES(0, false), FASTDL_CHANNEL_TILES(0, true)},
    {FASTDL_CHANNEL_TILES(3, false), FASTDL_CHANNEL_TILES(3, true)},
    {FASTDL_CHANNEL_TILES(5, false), FASTDL_CHANNEL_TILES(5, true)}};
#undef FASTDL_CHANNEL_TILES

template <class T>
void lone_depthwise(const Team& team, const Conv2DShape& s, const T* x, const T* w, const Finish<T>& finish, T* y) {
  const int runs = ceil_div(s.c, lanes<T>), parts = ceil_div(s.ow, tile_side);
  const bool neighbours = (s.kw == 3 || s.kw == 5) && s.sw == 1 && s.dw == 1;
  const Range mine = team.share(std::int64_t(s.oh) * runs);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const int i = unit / runs, c = unit % runs * lanes<T>, count = least(s.c - c, lanes<T>);
    const ChannelTile<T> tile{taps_inside(i, i + 1, s.h, s.kh, s.sh, s.dh, s.top),
                              s.kw,
                              s.dw,
                              s.sw,
                              count,
                              s.c,
                              std::int64_t(s.dh) * s.w * s.c,
                              std::int64_t(s.dw) * s.c,
                              std::int64_t(s.sw) * s.c,
                              finish.from(c)};
    const auto& tiles = channel_tiles<T>[neighbours ? s.kw / 2 : 0][count == lanes<T>];
    const T* from = x + std::int64_t(i * s.sh - s.top) * s.w * s.c + c;
    T* to = y + std::int64_t(i) * s.ow * s.c + c;
    for (int k = 0; k < parts; k++) {
      const Range outputs = part({0, s.ow}, k, parts);
      const std::int64_t left = outputs.begin * s.sw - s.left;
      tiles[outputs.end - outputs.begin - 1](tile, {-left, s.w - left}, from + left * s.c, w + c,
                                             to + outputs.begin * s.c);
    }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
