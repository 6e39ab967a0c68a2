// The core of conv2d's forward and backward_data: y[f][i][j] = sum over c, a, b in this order of
// w[c][a][b][f] * x[c][i*sh + a*dh - top][j*sw + b*dw - left], then + bias[f].
#pragma once

#include "kernels/cpu/conv2d/band.hpp"
#include "kernels/cpu/conv2d/depthwise.hpp"
#include "kernels/cpu/conv2d/finish.hpp"
#include "kernels/cpu/conv2d/tile.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Tiles of filters by columns of one output row. Taps that meet only padding are left out, so where the kernel is wide
// for its map, narrow tiles are better.
inline Tiles correlate_tiles_of(const Correlation& s) {
  return best_tiles(s.f, s.ow, [&](const Parts& columns) {
    ColumnCost cost{};
    for (int i = 0; i < columns.count; i++) {
      const int j = columns.begin(i), size = columns.size(i);
      const Range taps = taps_inside(j, j + size, s.w, s.kw, s.sw, s.dw, s.left);
      const std::int64_t count = most<std::int64_t>(taps.end - taps.begin, 1);
      cost.products += count * size, cost.steps += count;
    }
    return cost;
  });
}

// Where the weight of (group, c, a, b, f) stands in the user's array; steps may be negative (a flipped kernel).
template <class T>
struct WeightView {
  const T* at;
  std::int64_t group, c, a, b, f;
};

// Weights as the tiles read them: (groups, tiles of filters, c, kh, kw, filters of the tile). Shared out by groups and
// runs of 16 input channels; the order of the loops keeps both sides in cache.
template <class T>
void pack_weights(const Team& team, const Correlation& s, const WeightView<T>& w, T* packed) {
  const Parts filters = correlate_tiles_of(s).rows;
  constexpr int run = 16;
  const int runs = ceil_div(s.c, run), taps = s.kh * s.kw;
  const Range mine = team.share(std::int64_t(s.groups) * runs);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const std::int64_t group = unit / runs;
    const int first = unit % runs * run, last = least(first + run, s.c);
    for (int tap = 0; tap < taps; tap++)
      for (int tile = 0; tile < filters.count; tile++) {
        const int begin = filters.begin(tile), size = filters.size(tile);
        const T* from = w.at + group * w.group + tap / s.kw * w.a + tap % s.kw * w.b + begin * w.f;
        T* to = packed + (group * s.f + begin) * s.c * taps + tap * size;
        for (int c = first; c < last; c++)
          for (int f = 0; f < size; f++) to[std::int64_t(c) * taps * size + f] = from[c * w.c + f * w.f];
      }
  }
}

struct Tap {
  int x, w;  // offset of its input from the first tap's, and its place in the kernel
};

struct TapRange {
  const Tap *begin, *end;
};

template <class T>
struct TileSteps {
  TapRange taps;
  int channels;
  std::int64_t x_channel, w_channel, y_plane, y_step;
  bool fresh;  // start at zero; otherwise continue the sums in y
};

template <class T, int F, int W>
void correlate_tile(const TileSteps<T>& s, const T* x, const T* w, const Finish<T>& finish, T* y) {
  Vec<T> acc[F][W];
#pragma GCC unroll 8
  for (int f = 0; f < F; f++)
#pragma GCC unroll 8
    for (int j = 0; j < W; j++) acc[f][j] = s.fresh ? Vec<T>{} : load(y + f * s.y_plane + j * s.y_step);
  for (int c = 0; c < s.channels; c++, x += s.x_channel, w += s.w_channel)
    for (const Tap* tap = s.taps.begin; tap != s.taps.end; tap++) {
      const T *at = x + tap->x, *v = w + tap->w * F;
      outer_product<T, F, W>(acc, [&](int f) { return splat(v[f]); }, [&](int j) { return load(at + j * lanes<T>); });
    }
#pragma GCC unroll 8
  for (int f = 0; f < F; f++)
#pragma GCC unroll 8
    for (int j = 0; j < W; j++) store(y + f * s.y_plane + j * s.y_step, finish(acc[f][j], f));
}

template <class T>
constexpr decltype(&correlate_tile<T, 1, 1>) correlate_tiles[tile_side][tile_side] = FASTDL_TILE_TABLE(correlate_tile);

// A 1x1 kernel reads the pixels of a tile again for each tile of filters. Where maps have a round size they meet in few
// sets of L1: a copy of so many channels, one after the other, stays there.
constexpr int pixel_channels = 128;

constexpr int least_depth = 96;  // multiply-adds of a pass between reading sums and writing them, if there are so many

// Rows of outputs that are worked on together and input channels of one pass over them. The cut changes no result.
struct Bands {
  Parts rows, channels;
};
inline Bands bands_of(const Correlation& s, int filter_tiles, int threads) {
  const std::int64_t others = std::int64_t(s.blocks) * s.groups * filter_tiles, wanted = threads > 1 ? 8 * threads : 1;
  const auto vectors = [&](int rows) { return std::int64_t(s.input_rows(rows)) * s.row_vectors(); };
  const int together = most(16, least_depth / most(s.kh * s.kw, 1));  // channels
  int rows = s.oh;
  while (rows > 1 && (least(s.c, together) * vectors(rows) > band_limit || others * ceil_div(s.oh, rows) < wanted))
    rows = ceil_div(rows, 2);
  const std::int64_t fitting = band_limit / most<std::int64_t>(vectors(rows), 1);
  return {parts_of(s.oh, rows), parts_of(s.c, s.is_pointwise() ? pixel_channels : fitting)};
}

// Elements of a thread's space: two lists of taps, and a band of band_bytes (or of one map below one row, if larger).
template <class T>
std::int64_t tap_list(const Window& s) {
  return ceil_div<std::int64_t>(2 * s.kh * s.kw * sizeof(Tap), FASTDL_VECTOR_BYTES) * lanes<T>;
}
template <class T>
std::int64_t correlate_space(const Correlation& s) {
  if (s.is_pointwise()) return tap_list<T>(s) + pixel_channels * tile_side * lanes<T>;
  if (s.in_place()) return tap_list<T>(s);
  const std::int64_t one = std::int64_t(s.input_rows(1)) * s.row_vectors();
  const std::int64_t all = std::int64_t(s.c) * s.input_rows(s.oh) * s.row_vectors();
  return tap_list<T>(s) + least(all, most<std::int64_t>(band_limit, one)) * lanes<T>;
}

// The taps a x b out of all: a stretch of them, or where columns are missing a copy behind them.
FASTDL_INLINE TapRange taps_among(Tap* all, const Window& s, Range a, Range b) {
  if (b.end - b.begin == s.kw) return {all + a.begin * s.kw, all + a.end * s.kw};
  Tap *copy = all + s.kh * s.kw, *to = copy;
  for (std::int64_t i = a.begin; i < a.end; i++)
    for (std::int64_t j = b.begin; j < b.end; j++) *to++ = all[i * s.kw + j];
  return {copy, to};
}

template <class T>
struct CorrelationJob {
  Correlation s;
  Tiles tiles;
  const T *x, *packed;
  Finish<T> finish;
  T *y, *band;
  Tap* taps;  // all of them
};

// Output rows [row, row + rows) of tiles [first, last) of filters, from the channels [c, c + channels) of one group of
// one block; image counts groups and blocks.
template <class T>
void correlate_band(const CorrelationJob<T>& job, std::int64_t image, int row, int rows, int first, int last, int c,
                    int channels) {
  const Correlation& s = job.s;
  const std::int64_t group = image % s.groups, kernel = s.kh * s.kw;
  const Finish<T> finish = c + channels == s.c ? job.finish : Finish<T>{};
  const bool pointwise = s.is_pointwise();
  const T* maps = job.x + (image * s.c + c) * s.h * s.w * lanes<T>;
  const Band<T> in = pointwise ? band_in_place(s, maps, row) : band_of(s, maps, channels, row, rows, job.band);
  TileSteps<T> steps{{}, channels, in.channel, 0, s.y_plane, s.y_step, c == 0};
  for (int i = 0; i < rows; i++) {
    const Range a = taps_inside(row + i, row + i + 1, s.h, s.kh, s.sh, s.dh, s.top);
    for (int cut = 0; cut < job.tiles.columns.count; cut++) {
      const int j = job.tiles.columns.begin(cut), columns = job.tiles.columns.size(cut);
      steps.taps = taps_among(job.taps, s, a, taps_inside(j, j + columns, s.w, s.kw, s.sw, s.dw, s.left));
      const int step = pointwise ? s.sw : 1;  // a band has the columns side by side
      const T* x = in.at + i * s.sh * in.row + j * step * lanes<T>;
      if (pointwise && (last - first > 1 || step > 1)) {
        T* to = job.band;
        for (int k = 0; k < channels; k++) {
          const T* from = x + k * in.channel;
          to = copy_vectors(to, from, columns, step);
          for (int v = columns; v < 2 * columns; v++) __builtin_prefetch(from + v * step * lanes<T>);  // the next tile
        }
        x = job.band, steps.x_channel = std::int64_t(columns) * lanes<T>;
      }
      T* y = job.y + image * s.f * s.y_plane + (row + i) * s.y_row + j * s.y_step;
      for (int tile = first; tile < last; tile++) {
        const int f = job.tiles.rows.begin(tile), filters = job.tiles.rows.size(tile);
        const T* w = job.packed + ((group * s.f + f) * s.c + c * filters) * kernel;
        const auto run = correlate_tiles<T>[filters - 1][columns - 1];
        steps.w_channel = kernel * filters;
        run(steps, x, w, finish.from(group * s.f + f), y + f * s.y_plane);
      }
    }
  }
}

// Units of work: (block, group, band, tile of filters). A thread takes a run of them, and prepares the input of each
// band it meets once for all its tiles of filters.
template <class T>
void correlate(const Team& team, const Correlation& s, const T* x, const T* packed, const Finish<T>& finish, T* y,
               T* space) {
  if (is_row_by_row(s)) return correlate_rows(team, s, x, packed, finish, y);
  const CorrelationJob<T> job{
      s, correlate_tiles_of(s), x, packed, finish, y, space + tap_list<T>(s), reinterpret_cast<Tap*>(space)};
  for (int t = 0; t < s.kh * s.kw; t++) job.taps[t] = {s.tap(t / s.kw, t % s.kw) * lanes<T>, t};

  const int tiles = job.tiles.rows.count;
  const Bands bands = bands_of(s, tiles, team.size);
  const Range mine = team.share(std::int64_t(s.blocks) * s.groups * bands.rows.count * tiles);
  for (std::int64_t unit = mine.begin, next; unit < mine.end; unit = next) {
    const std::int64_t band = unit / tiles, image = band / bands.rows.count;
    next = least(mine.end, (band + 1) * tiles);
    const int first = unit - band * tiles, last = next - band * tiles, part = band % bands.rows.count;
    for (int run = 0; run < bands.channels.count; run++)
      correlate_band(job, image, bands.rows.begin(part), bands.rows.size(part), first, last, bands.channels.begin(run),
                     bands.channels.size(run));
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
