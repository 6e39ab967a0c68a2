// conv2d's gradient of the weights: dw[a][b][c][f] = sum over blocks, i, j, lanes of
// x[c][i*sh + a*dh - top][j*sw + b*dw - left] * dy[f][i][j], and db[f] = sum of dy[f].
//
// The outputs (tiles of filters by taps (c, a, b)) are shared out. The sums run over chunks of pixels, cut by the shape
// alone: in a chunk each lane sums for itself, then the lanes are added by a tree and the chunks in their order.
#pragma once

#include "kernels/cpu/conv2d/band.hpp"
#include "kernels/cpu/conv2d/tile.hpp"
#include "kernels/cpu/transpose.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// The sums of neighbours in a and then in b.
template <class V, int... i>
FASTDL_INLINE V pair_sums(V a, V b, Sequence<i...>) {
  return __builtin_shufflevector(a, b, (2 * i)...) + __builtin_shufflevector(a, b, (2 * i + 1)...);
}
// For N = lanes: the sums over the lanes of x[First], x[First + 1] ... side by side; zero from x[size] on.
template <class T, int size, int First = 0, int N = lanes<T>>
FASTDL_INLINE Vec<T> lane_sums(const Vec<T>* x) {
  if constexpr (First >= size) {
    return Vec<T>{};
  } else if constexpr (N == 1) {
    return x[First];
  } else {
    return pair_sums(lane_sums<T, size, First, N / 2>(x), lane_sums<T, size, First + N / 2, N / 2>(x),
                     typename Count<lanes<T>>::Up{});
  }
}
template <class T, int size, int First = 0>
FASTDL_INLINE void store_lane_sums(const Vec<T>* x, T* sums) {  // all of them, and zeros up to whole vectors
  store(sums + First, lane_sums<T, size, First>(x));
  if constexpr (First + lanes<T> < size) store_lane_sums<T, size, First + lanes<T>>(x, sums);
}

struct GradientSteps {
  int blocks, rows, columns;
  std::int64_t x_block, x_row, dy_block, dy_row, dy_plane;
};
struct GradientTap {
  std::int64_t x, dw;  // offsets of its first input and of its weight
};

// F filters by N taps over one chunk. Not fresh: adds to dw.
template <class T, int F, int N>
void gradient_tile(const GradientSteps& s, const T* x, const T* dy, const GradientTap* taps, bool fresh, T* dw) {
  Vec<T> acc[F][N] = {};
  for (int block = 0; block < s.blocks; block++)
    for (int i = 0; i < s.rows; i++) {
      const T* g = dy + block * s.dy_block + i * s.dy_row;
      const T* at[N];
#pragma GCC unroll 8
      for (int k = 0; k < N; k++) at[k] = x + taps[k].x + block * s.x_block + i * s.x_row;
      for (std::int64_t j = 0; j < s.columns; j++)
        outer_product<T, F, N>(
            acc, [&](int f) { return load(g + f * s.dy_plane + j * lanes<T>); },
            [&](int k) { return load(at[k] + j * lanes<T>); });
    }
  T sums[F * N + lanes<T>];
  store_lane_sums<T, F * N>(&acc[0][0], sums);
  for (int k = 0; k < N; k++)
    for (int f = 0; f < F; f++) {
      T* to = dw + taps[k].dw + f;
      *to = fresh ? sums[f * N + k] : *to + sums[f * N + k];
    }
}

template <class T>
constexpr decltype(&gradient_tile<T, 1, 1>) gradient_tiles[tile_side][tile_side] = FASTDL_TILE_TABLE(gradient_tile);

// The cut: chunks of blocks and rows; in each, runs of a group's channels whose band stays in L2; for a run, tiles of
// filters by taps (c, a, b).
constexpr int chunk_pixels = 512;
struct GradientCut {
  Parts blocks, rows, channels;
  Tiles tiles;
};
// Chunks have fewer pixels where the band would hold too few channels to use dy's tile often enough from L2.
template <class T>
GradientCut gradient_cut(const Conv2DShape& s, int threads) {
  const Window window = window_of(s);
  GradientCut cut{};
  for (int pixels = chunk_pixels; pixels >= chunk_pixels / 4; pixels /= 2) {
    cut.blocks = parts_of(ceil_div(s.n, lanes<T>), pixels / (s.oh * s.ow));
    cut.rows = parts_of(s.oh, pixels / s.ow);
    const std::int64_t map =
        std::int64_t(cut.blocks.largest()) * window.input_rows(cut.rows.largest()) * window.row_vectors();
    cut.channels = parts_of(s.c / s.groups, band_limit / map);
    if (cut.channels.count == 1 || cut.channels.largest() * s.kh * s.kw >= 36) break;
  }
  cut.tiles = best_tiles(
      s.f / s.groups, cut.channels.largest() * s.kh * s.kw,
      [](const Parts& taps) { return ColumnCost{taps.total, taps.count}; }, s.groups * cut.channels.count, threads);
  return cut;
}
// Elements of a thread's band: a bound for all batches up to n.
template <class T>
std::int64_t gradient_space(const Conv2DShape& s) {
  const Window window = window_of(s);
  if (window.in_place()) return 0;
  const int blocks = least(ceil_div(s.n, lanes<T>), most(chunk_pixels / (s.oh * s.ow), 1));
  const int rows = least(s.oh, most(chunk_pixels / s.ow, 1));
  const std::int64_t map = std::int64_t(blocks) * window.input_rows(rows) * window.row_vectors();
  return least(map * (s.c / s.groups), most<std::int64_t>(map, band_limit)) * lanes<T>;
}

// The inputs of one chunk and one run of channels.
template <class T>
struct ChunkInput {
  Band<T> band;
  std::int64_t block;  // from one to the next
};
template <class T>
ChunkInput<T> chunk_input(const Conv2DShape& s, const T* x, int blocks, int channels, int row, int rows, T* space) {
  const Window window = window_of(s);
  const std::int64_t image = std::int64_t(s.c) * s.h * s.w * lanes<T>;
  if (window.in_place()) return {band_of(window, x, channels, row, rows, space), image};
  const std::int64_t block = std::int64_t(channels) * window.input_rows(rows) * window.row_vectors() * lanes<T>;
  for (int i = blocks - 1; i > 0; i--) band_of(window, x + i * image, channels, row, rows, space + i * block);
  return {band_of(window, x, channels, row, rows, space), block};
}

// The taps [first, first + count) of a run of channels that starts at c.
template <class T>
FASTDL_INLINE void list_gradient_taps(const Conv2DShape& s, const Band<T>& in, int c, int first, int count,
                                      GradientTap* taps) {
  for (int k = 0; k < count; k++) {
    const int t = first + k, channel = t / (s.kh * s.kw), a = t / s.kw % s.kh, b = t % s.kw;
    taps[k].x = channel * in.channel + window_of(s).tap(a, b) * lanes<T>;
    taps[k].dw = ((std::int64_t(a) * s.kw + b) * (s.c / s.groups) + c + channel) * s.f;
  }
}

// db of so many filters over one chunk.
template <class T>
void bias_gradient(const GradientSteps& s, int filters, const T* dy, bool fresh, T* db) {
  for (int f = 0; f < filters; f++) {
    Vec<T> acc[4] = {};
    for (int block = 0; block < s.blocks; block++) {
      const T* g = dy + f * s.dy_plane + block * s.dy_block;
      const int pixels = s.rows * s.columns;
      int i = 0;
      for (; i + 4 <= pixels; i += 4)
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) acc[k] += load(g + (i + k) * lanes<T>);
      for (; i < pixels; i++) acc[0] += load(g + i * lanes<T>);
    }
    acc[0] = (acc[0] + acc[1]) + (acc[2] + acc[3]);
    const T sum = lane_sums<T, 1>(acc)[0];
    db[f] = fresh ? sum : db[f] + sum;
  }
}

// The whole of db where the outputs are cut in no chunks.
template <class T>
void bias_gradients(const Team& team, int blocks, int filters, int oh, int ow, const T* dy, T* db) {
  const std::int64_t row = std::int64_t(ow) * lanes<T>, map = oh * row;
  const Range mine = team.share(filters);
  for (int block = 0; block < blocks; block++)
    for (std::int64_t f = mine.begin; f < mine.end; f++)
      bias_gradient<T>({1, oh, ow, 0, 0, 0, row, map}, 1, dy + (block * filters + f) * map, block == 0, db + f);
}

template <class T>
struct GradientJob {
  Conv2DShape s;
  GradientCut cut;
  const T *x, *dy;
  T *dw, *db, *band;
};

// Units [begin, end) of one chunk: rows [row, row + rows) of so many blocks. A unit is (group, run of channels, tile of
// filters, tile of taps).
template <class T>
void gradient_chunk(const GradientJob<T>& job, Range units, int block, int blocks, int row, int rows) {
  const Conv2DShape& s = job.s;
  const auto& [block_parts, row_parts, runs, tiles] = job.cut;
  const std::int64_t map = std::int64_t(s.h) * s.w * lanes<T>, dy_row = std::int64_t(s.ow) * lanes<T>;
  const bool fresh = block == 0 && row == 0;
  ChunkInput<T> in{};
  std::int64_t prepared = -1;
  for (std::int64_t unit = units.begin; unit < units.end; unit++) {
    const int tap_part = unit % tiles.columns.count, filter_part = unit / tiles.columns.count % tiles.rows.count;
    const std::int64_t channel_unit = unit / tiles.columns.count / tiles.rows.count;
    const int group = channel_unit / runs.count, run = channel_unit % runs.count;
    const int c = runs.begin(run), channels = runs.size(run);
    if (channel_unit != prepared) {
      const T* x = job.x + (std::int64_t(block) * s.c + group * (s.c / s.groups) + c) * map;
      in = chunk_input(s, x, blocks, channels, row, rows, job.band);
      prepared = channel_unit;
    }
    const Parts taps{channels * s.kh * s.kw, tiles.columns.count};
    const int f = group * (s.f / s.groups) + tiles.rows.begin(filter_part), filters = tiles.rows.size(filter_part);
    GradientTap list[tile_side];
    list_gradient_taps(s, in.band, c, taps.begin(tap_part), taps.size(tap_part), list);
    const GradientSteps steps{blocks, rows,         s.ow, in.block, s.sh * in.band.row, s.f * s.oh * dy_row,
                              dy_row, s.oh * dy_row};
    const T* dy = job.dy + ((std::int64_t(block) * s.f + f) * s.oh + row) * dy_row;
    gradient_tiles<T>[filters - 1][taps.size(tap_part) - 1](steps, in.band.at, dy, list, fresh, job.dw + f);
    if (job.db && run == 0 && tap_part == 0) bias_gradient(steps, filters, dy, fresh, job.db + f);
  }
}

// A thread takes the same units of every chunk, so that each output has one thread that adds up the chunks.
template <class T>
void correlate_weights(const Team& team, const Conv2DShape& s, const T* x, const T* dy, T* dw, T* db, T* scratch) {
  const GradientCut cut = gradient_cut<T>(s, team.size);
  const GradientJob<T> job{s, cut, x, dy, dw, db, scratch + team.rank * gradient_space<T>(s)};
  const Range mine =
      team.share(std::int64_t(s.groups) * cut.channels.count * cut.tiles.rows.count * cut.tiles.columns.count);
  for (int i = 0; i < cut.blocks.count; i++)
    for (int j = 0; j < cut.rows.count; j++)
      gradient_chunk(job, mine, cut.blocks.begin(i), cut.blocks.size(i), cut.rows.begin(j), cut.rows.size(j));
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
