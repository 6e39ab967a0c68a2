// How the weights' gradient of a convolution is cut up. A block has all taps of some channels and filters, whose sums
// it keeps in registers while it walks over tiles of outputs: tile and halo come to shared memory once for all taps.
#pragma once

#include "kernels/cuda/conv2d/sum_parts.hpp"
#include "kernels/cuda/conv2d/window.hpp"
#include "kernels/cuda/pack.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

struct WeightsPlan {
  static constexpr int warps = 8, threads = 32 * warps;
  Shape2D s;
  int channels, filters;                    // of a group
  int c, f, channel_blocks, filter_blocks;  // of a block, and how many of these
  int tall, wide;                           // tiles of 16 x 8 sums that a warp has
  int warps_down, warps_across;             // others that there are share the outputs of a tile
  int images, rows, columns;                // outputs of a tile
  int x_rows, x_columns;                    // what they see of an image
  int x_pitch, dy_pitch;                    // of a pixel in shared memory
  int depth;                                // outputs of a tile, filled up with zeros
  int tiles_down, tiles_across, tiles, tiles_of_part;
  int x_packs, dy_packs;  // 0 or 1: whether they are copied in packs

  FASTDL_INLINE int slices() const { return warps / (warps_down * warps_across); }
  FASTDL_INLINE int x_size() const { return (images * x_rows * x_columns * x_pitch + 3) / 4 * 4; }
  FASTDL_INLINE int stage() const { return x_size() + depth * dy_pitch; }
  FASTDL_INLINE int blocks_of_group() const { return channel_blocks * filter_blocks; }
  FASTDL_INLINE int blocks() const { return blocks_of_group() * s.groups; }  // of each part
};

// A pitch that keeps pixels which follow each other in different banks.
inline int spread(int values, int stride) {
  for (int pitch = ceil_div(values, 4) * 4, tries = 0; tries < 8; tries++, pitch += 4)
    if (pitch * stride % 16 == 8) return pitch;
  return ceil_div(values, 4) * 4;
}

// The block: false if one cannot have all taps.
inline bool plan_block(WeightsPlan& p, int multiprocessors) {
  const int taps = p.s.kh * p.s.kw;
  const std::int64_t outputs = std::int64_t(p.s.n) * p.s.oh * p.s.ow,
                     blocks = std::int64_t(ceil_div(p.channels, 64)) * ceil_div(p.filters, 64) * p.s.groups;
  const bool large = p.filters > 32 && p.channels > 32 && taps > 1 && outputs * blocks >= 512LL * multiprocessors;
  p.wide = large ? 8 : p.filters <= 8 ? 1 : p.filters <= 16 ? 2 : 4;
  p.warps_across = p.filters > 32 && !large ? 2 : 1;
  const int most_channels = 16 * 5 * p.warps / p.warps_across / taps;
  p.c = p.channels;
  if (p.channels > most_channels) {
    if (most_channels < 4) return false;
    p.c = ceil_div(ceil_div(p.channels, ceil_div(p.channels, most_channels / 4 * 4)), 4) * 4;
  }
  const int tiles = ceil_div(taps * p.c, 16);
  p.tall = tiles <= 2 && !large ? 2 : 5;
  if (p.tall == 5) p.wide = most(p.wide, 2);
  for (p.warps_down = 1; p.warps_down * p.tall < tiles;) p.warps_down *= 2;
  p.f = 8 * p.wide * p.warps_across;
  p.channel_blocks = ceil_div(p.channels, p.c), p.filter_blocks = ceil_div(p.filters, p.f);
  return true;
}

// Its tiles: false if none fits.
inline bool plan_tiles(WeightsPlan& p, int multiprocessors) {
  const Shape2D& s = p.s;
  const int room = (p.wide == 8 ? 104 : 56) << 8;  // floats of a stage: two stages, one or two blocks of them
  const auto measure = [&] {
    p.x_rows = (p.rows - 1) * s.sh + (s.kh - 1) * s.dh + 1,
    p.x_columns = (p.columns - 1) * s.sw + (s.kw - 1) * s.dw + 1;
    p.depth = ceil_div(p.images * p.rows * p.columns, 16) * 16;
    const std::int64_t x = std::int64_t(p.images) * p.x_rows * p.x_columns * p.x_pitch;
    return x + p.depth * p.dy_pitch <= room;
  };
  const auto count = [&] {
    p.tiles_down = ceil_div(s.oh, p.rows), p.tiles_across = ceil_div(s.ow, p.columns);
    return std::int64_t(ceil_div(s.n, p.images)) * p.tiles_down * p.tiles_across;
  };
  p.images = 1, p.rows = s.oh, p.columns = s.ow;
  while (!measure() || p.rows * p.columns > 256) {
    if (p.rows > 1)
      p.rows = ceil_div(p.rows, 2);
    else if (p.columns > 8)
      p.columns = ceil_div(p.columns, 2);
    else
      return false;
  }
  while (p.rows > 4 && count() * p.blocks() < multiprocessors) p.rows = ceil_div(p.rows, 2), measure();
  for (; p.rows == s.oh && p.columns == s.ow && p.images * p.rows * p.columns <= 64; p.images *= 2) {
    p.images *= 2;
    const bool fits = measure() && count() * p.blocks() >= multiprocessors;
    p.images /= 2, measure();
    if (!fits) break;
  }
  measure();
  if (count() > (1 << 30)) return false;
  return p.tiles = int(count()), true;
}

// Parts enough to fill the device, twice with blocks of few sums.
template <class T>
Parts<T> plan_parts(WeightsPlan& p, const Queue& queue, T* dw, T* db) {
  const std::int64_t weights = std::int64_t(p.s.kh) * p.s.kw * p.channels * p.s.f,
                     pitch = (weights + p.s.f + 3) / 4 * 4, room = std::int64_t(workspace_bytes / sizeof(T)) / pitch;
  const int few = p.tall * p.wide < 20 ? 2 : 1;
  const std::int64_t wanted =
      most<std::int64_t>(1, least<std::int64_t>(room, few * queue.multiprocessors / p.blocks()));
  p.tiles_of_part = int(ceil_div<std::int64_t>(p.tiles, wanted));
  const int count = ceil_div(p.tiles, p.tiles_of_part);
  if (count <= 1) return {1, p.s.f, 0, dw, db, 0, weights};
  T* to = static_cast<T*>(queue.workspace);
  return {count, p.s.f, 0, to, to + weights, pitch, weights};
}

inline bool plan_weights(WeightsPlan& p, const Queue& queue, const Shape2D& s, const void* x, const void* dy) {
  p.s = s, p.channels = s.c / s.groups, p.filters = s.f / s.groups;
  if (s.n <= 0 || !plan_block(p, queue.multiprocessors)) return false;
  const auto in_packs = [](int side, const void* from) { return int(side % 4 == 0 && takes_packs(from)); };
  p.x_packs = in_packs(p.channels, x), p.dy_packs = in_packs(p.filters, dy);
  p.x_pitch = p.x_packs ? spread(p.c, s.sw) : p.c, p.dy_pitch = spread(p.f, 1);
  return p.blocks() < 65536 && plan_tiles(p, queue.multiprocessors);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
