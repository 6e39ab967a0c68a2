// conv2d's forward and backward_data by Winograd's F(4x4, 3x3) (winograd_transform.hpp). The batch's tiles are shared
// out; a thread transforms the inputs of a chunk of them, multiplies at each point a matrix of transformed weights
// (f, c) by one of inputs (c, tiles), and transforms back. Every sum over c is one chain, whatever the chunk.
#pragma once

#include "kernels/cpu/conv2d/correlate.hpp"
#include "kernels/cpu/conv2d/finish.hpp"
#include "kernels/cpu/conv2d/tile.hpp"
#include "kernels/cpu/conv2d/winograd_transform.hpp"
#include "kernels/cpu/transpose.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

struct Winograd : WinogradGrid {
  int c, f;     // maps in and out
  bool turned;  // backward_data: in are the filters, out the channels, and the kernel is turned by half a circle
};

// Whether it is faster than the direct correlation; stored: filters with those that fill up the lanes
// (backward_weights). In multiply-adds of a tile: 36 c f, and transforms like 9*36 for each map; direct 144 c f, of
// which the useful part of the tiles counts. Fitted to the ratios of the direct time, AVX-512, one thread (AVX2 within
// 10 %, weights better):
//
//   c -> f, map       forward  data  weights  |  c -> f, map       forward  data  weights
//   16 -> 16, 32x32    1.95    1.95   1.81    |   3 -> 16, 32x32    0.85    1.03   0.80
//   32 -> 32, 16x16    2.50    2.50   2.62    |   4 -> 16, 16x16    1.03    1.16   0.94
//   64 -> 64,  8x8     2.85    2.85   3.29    |   8 -> 16, 16x16    1.48    1.52   1.49
//   64 -> 64,  4x4     2.61    2.61   3.82    |  16 ->  4, 16x16    1.15    1.06   0.59
//   16 -> 16,  7x7     1.54    1.53   1.72    |  16 ->  8, 16x16    1.53    1.46   1.02
//   16 -> 16,  6x6     1.17    1.18   1.34    |   8 ->  8, 16x16    1.27    1.28   0.88
//   16 -> 16,  5x5     0.83    0.84   0.99    |   4 ->  4, 16x16    0.90    0.90   0.33
//   16 -> 16,  3x3     1.21    1.27   1.73    |   3 -> 64, 32x32    0.68    0.89   0.88
//   16 -> 16,  2x2     0.63    0.68   1.20    |  64 -> 64,  2x2     0.70    0.84   2.08
FASTDL_INLINE bool winograd_pays(const Winograd& s, int stored) {
  const std::int64_t useful = std::int64_t(s.oh) * s.ow, covered = std::int64_t(16) * s.down() * s.across(), c = s.c;
  return 4 * c * s.f * useful >= (c * stored + 9 * (c + stored)) * covered;
}

constexpr int winograd_bytes = 512 * 1024;  // of a chunk's inputs and products, if so few do: they stay in L2
constexpr int winograd_least = 6, winograd_most = 32;  // tiles in a chunk
template <class V>
int fitting_tiles(int bytes, std::int64_t inputs, std::int64_t outputs) {
  return bytes / (winograd_points * (inputs + outputs) * std::int64_t(sizeof(V)));
}

// Elements from one point to the next, where each has so many: an odd number of cache lines, for what is written or
// read for all points at once would otherwise meet in a few sets of the caches (sizes are often powers of two).
template <class T>
FASTDL_INLINE std::int64_t point_step(std::int64_t elements) {
  constexpr int line = 64 / sizeof(T);
  return (ceil_div<std::int64_t>(elements, line) | 1) * line;
}

// --- weights as (points, panels of lanes outputs, c, lanes) --------------------------------------------------------

template <class T>
std::int64_t weights_step(const Winograd& s) {
  return point_step<T>(std::int64_t(ceil_div(s.f, lanes<T>)) * s.c * lanes<T>);
}

// A square of lanes x lanes weights of one tap from w (rows, columns); what lies outside is zero.
template <class T>
FASTDL_INLINE void load_square(const T* w, std::int64_t row, int rows, int columns, Vec<T> (&square)[lanes<T>]) {
  for (int i = 0; i < lanes<T>; i++)
    square[i] = i >= rows ? Vec<T>{} : columns >= lanes<T> ? load(w + i * row) : load_part(w + i * row, columns);
}

// w (3, 3, c, f) of the layer: outputs are its columns, or its rows if turned.
template <class T>
void transform_weights(const Team& team, const Winograd& s, const T* w, T* u) {
  const int rows = s.turned ? s.f : s.c, columns = s.turned ? s.c : s.f;
  const std::int64_t panels = ceil_div(s.f, lanes<T>), runs = ceil_div(s.c, lanes<T>), point = weights_step<T>(s);
  const Range mine = team.share(panels * runs);
  Vec<T> tap[9][lanes<T>];  // [a*3 + b][c]
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const int panel = unit / runs, c = unit % runs * lanes<T>, f = panel * lanes<T>;
    const int row = s.turned ? f : c, column = s.turned ? c : f;
    for (int t = 0; t < 9; t++) {
      auto& square = tap[s.turned ? 8 - t : t];
      load_square(w + (std::int64_t(t) * rows + row) * columns + column, columns, rows - row, columns - column, square);
      if (s.turned) transpose<T>(square);
    }
    for (int i = 0; i < least(s.c - c, lanes<T>); i++) {
      T* to = u + (panel * s.c + c + i) * lanes<T>;
      const auto get = [&](int a, int b) { return tap[a * 3 + b][i]; };
      const auto put = [&](int k, Vec<T> x) { store(to + k * point, x); };
      transform_weight<0, Vec<T>>(get, put);
      transform_weight<1, Vec<T>>(get, put);
    }
  }
}

// --- a chunk of tiles ------------------------------------------------------------------------------------------------

// v (points, c, tiles, lanes), those of the points that are wanted, of some channels
template <class T>
FASTDL_INLINE void transform_inputs(const Winograd& s, Range wanted, Range channels, const T* x,
                                    const WinogradTile* tiles, int count, T* v) {
  const std::int64_t map = std::int64_t(s.h) * s.w * lanes<T>,
                     point = point_step<T>(std::int64_t(s.c) * count * lanes<T>);
  Vec<T> space[6][6];
  v += channels.begin * count * lanes<T>;
  for (int c = channels.begin; c < channels.end; c++)
    for (int t = 0; t < count; t++, v += lanes<T>) {
      const T* from = x + (std::int64_t(tiles[t].block) * s.c + c) * map;
      const auto patch = tiles[t].together == 1
                             ? patch_of<T>(from, s.h, s.w, tiles[t].row - s.top, tiles[t].column - s.left, space)
                             : patches_of<T>(s, from, tiles[t], space);
      const auto put = [&](int k, Vec<T> value) {
        if (k >= wanted.begin && k < wanted.end) store(v + (k - wanted.begin) * point, value);
      };
      if (wanted.begin < 18) transform_input<0>(patch, put);
      if (wanted.end > 18) transform_input<1>(patch, put);
    }
}

// m (points, f, tiles, lanes) = u v, at some points
template <class T>
void multiply_points(const Winograd& s, Range points, const T* u, const T* v, int count, T* m) {
  const Tap tap{0, 0};
  const std::int64_t row = count * lanes<T>;
  const TileSteps<T> steps{{&tap, &tap + 1}, s.c, row, lanes<T>, row, lanes<T>, true};
  const Tiles cut = best_tiles(least(s.f, lanes<T>), count, [](Parts p) { return ColumnCost{p.total, p.count}; });
  const std::int64_t u_step = weights_step<T>(s), v_step = point_step<T>(s.c * row), m_step = point_step<T>(s.f * row);
  u += points.begin * u_step, v += points.begin * v_step, m += points.begin * m_step;
  for (int k = points.begin; k < points.end; k++, u += u_step, v += v_step, m += m_step)
    for (int j = 0; j < cut.columns.count; j++) {
      const T* from = v + cut.columns.begin(j) * lanes<T>;
      T* to = m + cut.columns.begin(j) * lanes<T>;
      for (int panel = 0; panel < s.f; panel += lanes<T>) {
        const Parts filters = parts_of(least(s.f - panel, lanes<T>), cut.rows.largest());
        const T* w = u + std::int64_t(panel) * s.c;
        for (int i = 0; i < filters.count; i++) {
          const int f = filters.begin(i);
          correlate_tiles<T>[filters.size(i) - 1][cut.columns.size(j) - 1](steps, from, w + f, {},
                                                                           to + (panel + f)* row);
        }
      }
    }
}

// Outputs of tiles that share vectors: each to its place, with zeros in the lanes that are no samples.
template <class T>
__attribute__((noinline)) void store_parts(const WinogradGrid& s, const WinogradTile& first, const Vec<T> (&out)[4][4],
                                           T* map) {
  with_lanes_of<T>(first.together, [&](auto part) {
    for (int q = 0; q < first.together; q++) {
      const WinogradTile tile = s.beside(first, q);
      for (int i = 0; i < least(s.oh - tile.row, 4); i++)
        for (int j = 0; j < least(s.ow - tile.column, 4); j++) {
          T* to = map + (std::int64_t(tile.row + i) * s.ow + tile.column + j) * lanes<T>;
          __builtin_memcpy(to, reinterpret_cast<const T*>(&out[i][j]) + q * part.count, part.count * sizeof(T));
          __builtin_memset(to + part.count, 0, (lanes<T> - part.count) * sizeof(T));
        }
    }
  });
}

template <class T>
void transform_outputs(const Winograd& s, Range filters, const T* m, const Finish<T>& finish, const WinogradTile* tiles,
                       int count, T* y) {
  const std::int64_t map = std::int64_t(s.oh) * s.ow * lanes<T>,
                     point = point_step<T>(std::int64_t(s.f) * count * lanes<T>);
  m += filters.begin * count * lanes<T>;
  for (int f = filters.begin; f < filters.end; f++) {
    for (int t = 0; t < count; t++, m += lanes<T>) {
      Vec<T> out[4][4];
      transform_back<4, Vec<T>>([&](int k) { return load(m + k * point); },
                                [](auto&&... points) { output_of_points<Vec<T>>(points...); }, out);
      T* image = y + (std::int64_t(tiles[t].block) * s.f + f) * map;
      if (tiles[t].together > 1) {
        for (auto& of_row : out)
          for (Vec<T>& value : of_row) value = finish(value, f);
        store_parts<T>(s, tiles[t], out, image);
        continue;
      }
      const int row = tiles[t].row, column = tiles[t].column;
      T* to = image + (std::int64_t(row) * s.ow + column) * lanes<T>;
      const int rows = least(s.oh - row, 4), columns = least(s.ow - column, 4);
      for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) store(to + (i * s.ow + j) * lanes<T>, finish(out[i][j], f));
    }
  }
}

// --- all together ---------------------------------------------------------------------------------------------------

template <class T>
int winograd_tiles_of(const Winograd& s) {
  return least(most(fitting_tiles<Vec<T>>(winograd_bytes, s.c, s.f), winograd_least), winograd_most);
}
template <class T>
std::int64_t winograd_space(const Winograd& s) {
  const std::int64_t row = least(winograd_tiles_of<T>(s), s.tiles()) * lanes<T>;
  return winograd_points * (point_step<T>(s.c * row) + point_step<T>(s.f * row));
}
template <class T>
std::int64_t winograd_scratch(const Winograd& s, int threads) {
  return winograd_points * weights_step<T>(s) + threads * winograd_space<T>(s);
}

// The outputs of the tiles [mine.begin, mine.end), chunk by chunk, by the threads of a team that has them in common.
template <class T>
void winograd_share(const Team& team, const Winograd& s, Range mine, const T* x, const T* u, const Finish<T>& finish,
                    T* y, T* space) {
  const Parts chunks = parts_of(mine.end - mine.begin, winograd_tiles_of<T>(s));
  T* m = space + winograd_points * point_step<T>(std::int64_t(s.c) * chunks.largest() * lanes<T>);
  for (int i = 0; i < chunks.count; i++) {
    WinogradTile tiles[winograd_most];
    const int count = chunks.size(i);
    for (int t = 0; t < count; t++) tiles[t] = s.tile(mine.begin + chunks.begin(i) + t);
    transform_inputs(s, {0, winograd_points}, team.share(s.c), x, tiles, count, space);
    team.sync();
    multiply_points(s, team.share(winograd_points), u, space, count, m);
    team.sync();
    transform_outputs(s, team.share(s.f), m, finish, tiles, count, y);
  }
}

// Weights that do not stay in a core's own cache are read from memory that all share: then each thread takes some
// points of all tiles instead of all points of some tiles. (256 maps of 8x8, 2 threads: 3.1 ms without this, 2.4 with.)
constexpr std::int64_t winograd_own_weights = 1 << 20;  // bytes

template <class T>
void winograd(const Team& team, const Winograd& s, const T* x, const T* w, const Finish<T>& finish, T* y, T* scratch) {
  transform_weights(team, s, w, scratch);
  team.sync();
  const std::int64_t weights = winograd_points * weights_step<T>(s);
  if (weights * std::int64_t(sizeof(T)) > winograd_own_weights) {
    winograd_share(team, s, {0, s.tiles()}, x, scratch, finish, y, scratch + weights);
  } else {
    const Range mine = team.share(s.tiles());
    T* space = scratch + weights + team.rank * winograd_space<T>(s);
    if (mine.begin < mine.end) winograd_share(Team{}, s, mine, x, scratch, finish, y, space);
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
