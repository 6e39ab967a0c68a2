// conv2d's gradient of the weights by Winograd's F(4x4, 3x3) (winograd_transform.hpp): at each of the 36 points, a
// matrix product du (c, f) = x (c, samples of all tiles) dy (samples of all tiles, f), then dw = G^T du G.
//
// The points are shared out. A thread goes through all chunks of tiles, transforms for its own points only and adds up
// du: each chunk is one chain, and the chunks, cut by the shape alone, are added in their order.
#pragma once

#include "kernels/cpu/conv2d/weights.hpp"
#include "kernels/cpu/conv2d/winograd.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
int winograd_panels(const Winograd& s) {  // vectors of filters
  return ceil_div(s.f, lanes<T>);
}
template <class T>
int winograd_stored(const Winograd& s) {
  return winograd_panels<T>(s) * lanes<T>;
}

template <class T>
std::int64_t winograd_sums(const Winograd& s) {
  return point_step<T>(std::int64_t(s.c) * winograd_stored<T>(s));
}

// d (points, panels, tiles*lanes, lanes filters), those of the points that are wanted. dy is turned first so that its
// filters lie in the lanes.
template <class T>
void transform_gradients(const Winograd& s, Range wanted, const T* dy, const WinogradTile* tiles, int count, T* d) {
  const std::int64_t map = std::int64_t(s.oh) * s.ow * lanes<T>;
  const std::int64_t point = point_step<T>(std::int64_t(winograd_panels<T>(s)) * count * lanes<T> * lanes<T>);
  Vec<T> pixel[16][lanes<T>];  // [i*4 + j][sample]
  for (int f = 0; f < s.f; f += lanes<T>)
    for (int t = 0; t < count; t++)
      for (int q = 0; q < tiles[t].together; q++) {
        const WinogradTile tile = tiles[t].together == 1 ? tiles[t] : s.beside(tiles[t], q);
        const T* from = dy + (std::int64_t(tile.block) * s.f + f) * map;
        for (int p = 0; p < 16; p++) {
          const int i = tile.row + p / 4, j = tile.column + p % 4;
          const int filters = i < s.oh && j < s.ow ? s.f - f : 0;
          const T* at = from + (std::int64_t(i) * s.ow + j) * lanes<T>;
          for (int k = 0; k < lanes<T>; k++) pixel[p][k] = k < filters ? load(at + k * map) : Vec<T>{};
          if (filters > 0) transpose<T>(pixel[p]);
        }
        for (int sample = 0; sample < lanes<T> / tiles[t].together; sample++, d += lanes<T>) {
          const auto get = [&](int i, int j) { return pixel[i * 4 + j][sample]; };
          const auto put = [&](int k, Vec<T> value) {
            if (k >= wanted.begin && k < wanted.end) store(d + (k - wanted.begin) * point, value);
          };
          if (wanted.begin < 18) transform_gradient<0, Vec<T>>(get, put);
          if (wanted.end > 18) transform_gradient<1, Vec<T>>(get, put);
        }
      }
}

// du (C rows, F panels of lanes) from count samples of x (c, samples) and d (panels, samples, lanes)
template <class T, int C, int F>
void winograd_gradient_tile(std::int64_t samples, const T* x, const T* d, bool fresh, std::int64_t du_row, T* du) {
  Vec<T> acc[C][F] = {};
  for (std::int64_t i = 0; i < samples; i++)
    outer_product<T, C, F>(
        acc, [&](int c) { return splat(x[c * samples + i]); },
        [&](int f) { return load(d + (f * samples + i) * lanes<T>); });
#pragma GCC unroll 8
  for (int c = 0; c < C; c++)
#pragma GCC unroll 8
    for (int f = 0; f < F; f++) {
      T* to = du + c * du_row + f * lanes<T>;
      store(to, fresh ? acc[c][f] : load(to) + acc[c][f]);
    }
}
template <class T>
constexpr decltype(&winograd_gradient_tile<T, 1, 1>) winograd_gradient_tiles[tile_side][tile_side] =
    FASTDL_TILE_TABLE(winograd_gradient_tile);

// du (c, panels, lanes) of one point
template <class T>
void add_point(const Winograd& s, const Tiles& cut, int count, const T* x, const T* d, bool fresh, T* du) {
  const std::int64_t samples = count * lanes<T>, row = std::int64_t(winograd_panels<T>(s)) * lanes<T>;
  for (int j = 0; j < cut.columns.count; j++)
    for (int i = 0; i < cut.rows.count; i++) {
      const std::int64_t c = cut.rows.begin(i), panel = cut.columns.begin(j);
      winograd_gradient_tiles<T>[cut.rows.size(i) - 1][cut.columns.size(j) - 1](
          samples, x + c* samples, d + panel* samples* lanes<T>, fresh, row, du + c* row + panel* lanes<T>);
    }
}

// dw (3, 3, c, f) = G^T du G
template <class T>
void gradients_back(const Team& team, const Winograd& s, const T* du, T* dw) {
  const std::int64_t panels = winograd_panels<T>(s), point = winograd_sums<T>(s), tap = std::int64_t(s.c) * s.f;
  const Range mine = team.share(s.c * panels);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const T* from = du + unit * lanes<T>;
    Vec<T> out[3][3];
    transform_back<3, Vec<T>>([&](int k) { return load(from + k * point); },
                              [](auto&&... points) { weight_of_points<Vec<T>>(points...); }, out);
    const int f = unit % panels * lanes<T>;
    T* to = dw + unit / panels * s.f + f;
    for (int k = 0; k < 9; k++)
      if (s.f - f >= lanes<T>)
        store(to + k * tap, out[k / 3][k % 3]);
      else
        store_part(to + k * tap, out[k / 3][k % 3], s.f - f);
  }
}

template <class T>
int winograd_gradient_chunk(const Winograd& s) {
  return least(most(fitting_tiles<Vec<T>>(winograd_bytes, s.c, winograd_stored<T>(s)), winograd_least), winograd_most);
}
// Elements for one point: inputs and gradients.
template <class T>
std::int64_t winograd_gradient_space(const Winograd& s) {
  const std::int64_t samples = least(winograd_gradient_chunk<T>(s), s.tiles()) * lanes<T>;
  return point_step<T>(s.c * samples) + point_step<T>(winograd_panels<T>(s) * samples * lanes<T>);
}
template <class T>
std::int64_t winograd_gradient_scratch(const Winograd& s) {  // for any number of threads
  return winograd_points * (winograd_sums<T>(s) + winograd_gradient_space<T>(s));
}

// du of the points [mine.begin, mine.end)
template <class T>
void winograd_gradient_share(const Winograd& s, Range mine, const T* x, const T* dy, T* du, T* space) {
  const Parts chunks = parts_of(s.tiles(), winograd_gradient_chunk<T>(s));
  const Tiles cut = best_tiles(s.c, winograd_panels<T>(s), [](Parts p) { return ColumnCost{p.total, p.count}; });
  for (int i = 0; i < chunks.count; i++) {
    WinogradTile tiles[winograd_most];
    const int count = chunks.size(i);
    for (int t = 0; t < count; t++) tiles[t] = s.tile(chunks.begin(i) + t);
    const std::int64_t samples = count * lanes<T>, x_step = point_step<T>(s.c * samples),
                       d_step = point_step<T>(winograd_panels<T>(s) * samples * lanes<T>);
    T* d = space + (mine.end - mine.begin) * x_step;
    transform_inputs(s, mine, {0, s.c}, x, tiles, count, space);
    transform_gradients(s, mine, dy, tiles, count, d);
    for (std::int64_t k = 0; k < mine.end - mine.begin; k++)
      add_point(s, cut, count, space + k * x_step, d + k * d_step, i == 0, du + (mine.begin + k) * winograd_sums<T>(s));
  }
}

template <class T>
void winograd_gradient(const Team& team, const Winograd& s, const T* x, const T* dy, T* dw, T* db, T* scratch) {
  const Range mine = team.share(winograd_points);
  T* space = scratch + winograd_points * winograd_sums<T>(s) + mine.begin * winograd_gradient_space<T>(s);
  if (mine.begin < mine.end) winograd_gradient_share(s, mine, x, dy, scratch, space);
  if (db) bias_gradients(team, s.blocks, s.f, s.oh, s.ow, dy, db);
  team.sync();
  gradients_back(team, s, scratch, dw);
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
