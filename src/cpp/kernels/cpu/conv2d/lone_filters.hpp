// conv2d of a sample alone, with filters in the lanes: a tile is some pixels of a row by up to three vectors of
// filters, all their sums in registers. x is read where it lies, but where a tile meets the padding.
#pragma once

#include "kernels/cpu/conv2d/band.hpp"
#include "kernels/cpu/conv2d/finish.hpp"
#include "kernels/cpu/conv2d/tile.hpp"
#include "kernels/cpu/gemm_tiles.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
struct FilterTile {
  const std::int64_t* taps;  // offsets of their pixels
  int n_taps, channels;
  std::int64_t x_step, y_step;  // from one pixel to the next
  int width;                    // filters of the last vector
};

// y (rows, columns vectors) from x; w (channels, taps, columns vectors)
template <class T, int columns, int rows>
void filter_tile(const FilterTile<T>& tile, const T* x, const T* w, const Finish<T>& finish, T* y) {
  const FilterTile<T> s = tile;  // in registers: the stores cannot reach it
  Vec<T> sum[rows][columns];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
    for (int j = 0; j < columns; j++) sum[i][j] = Vec<T>{};
  for (int c = 0; c < s.channels; c++, x++)
    for (int tap = 0; tap < s.n_taps; tap++, w += columns * lanes<T>) {
      const T* at = x + s.taps[tap];
      Vec<T> weights[columns];
#pragma GCC unroll 4
      for (int j = 0; j < columns; j++) weights[j] = load(w + j * lanes<T>);
#pragma GCC unroll 16
      for (int i = 0; i < rows; i++) {
        Vec<T> pixel = splat(at[i * s.x_step]);
        if (columns > 1) FASTDL_IN_REGISTER(pixel);
#pragma GCC unroll 4
        for (int j = 0; j < columns; j++) sum[i][j] += pixel * weights[j];
      }
    }
#pragma GCC unroll 4
  for (int j = 0; j < columns; j++) {
    const int width = j < columns - 1 ? lanes<T> : s.width;
    const Finish<T> ends = finish.from(j * lanes<T>);
    const Vec<T> biases = ends.biases(width);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
      const Vec<T> value = ends.of_lanes(sum[i][j], biases);
      T* to = y + i * s.y_step + j * lanes<T>;
      width < lanes<T> ? store_part(to, value, width) : store(to, value);
    }
  }
}

#define FASTDL_FILTER_TILE(columns, rows) (filter_tile<T, columns, least(rows, tile_rows(columns))>)
#define FASTDL_FILTER_TILES(columns)                                                                 \
  {FASTDL_FILTER_TILE(columns, 1),  FASTDL_FILTER_TILE(columns, 2),  FASTDL_FILTER_TILE(columns, 3), \
   FASTDL_FILTER_TILE(columns, 4),  FASTDL_FILTER_TILE(columns, 5),  FASTDL_FILTER_TILE(columns, 6), \
   FASTDL_FILTER_TILE(columns, 7),  FASTDL_FILTER_TILE(columns, 8),  FASTDL_FILTER_TILE(columns, 9), \
   FASTDL_FILTER_TILE(columns, 10), FASTDL_FILTER_TILE(columns, 11), FASTDL_FILTER_TILE(columns, 12)}
template <class T>
constexpr decltype(&filter_tile<T, 1, 1>) filter_tiles[max_columns][max_rows] = {
    FASTDL_FILTER_TILES(1), FASTDL_FILTER_TILES(2), FASTDL_FILTER_TILES(3)};
#undef FASTDL_FILTER_TILES
#undef FASTDL_FILTER_TILE

// Vectors of the filters of a group in panels, and what a tile of a panel sees.
template <class T>
struct FilterPanels {
  int vectors, count;
  explicit FilterPanels(const Conv2DShape& s)
      : vectors(ceil_div(s.f / s.groups, lanes<T>)), count(ceil_div(vectors, max_columns)) {}
  int begin(int panel) const { return vectors * panel / count; }
  int columns(int panel) const { return begin(panel + 1) - begin(panel); }
};
// Columns of x below so many neighbouring pixels of a row.
inline int columns_below(const Conv2DShape& s, int pixels) { return (pixels - 1) * s.sw + (s.kw - 1) * s.dw + 1; }
constexpr int most_pixels = tile_rows(1);

template <class T>
std::int64_t filter_space(const Conv2DShape& s) {  // of a thread: offsets of taps, and what a tile sees, padded
  const int taps = s.kh * s.kw, c = s.c / s.groups;
  return ceil_div<std::int64_t>(2 * taps * sizeof(std::int64_t), FASTDL_VECTOR_BYTES) * lanes<T> +
         ceil_div<std::int64_t>(std::int64_t(s.kh) * columns_below(s, most_pixels) * c, lanes<T>) * lanes<T>;
}
template <class T>
std::int64_t filter_weights(const Conv2DShape& s) {
  return std::int64_t(s.groups) * (s.c / s.groups) * s.kh * s.kw * FilterPanels<T>(s).vectors * lanes<T>;
}
template <class T>
std::int64_t lone_filters_scratch(const Conv2DShape& s, int threads) {
  return filter_weights<T>(s) + threads * filter_space<T>(s);
}

// Of a tile: with fewer, products wait for each other and weights are read too often.
constexpr int least_sums = 6;

template <class T>
bool lone_filters_fit(const Conv2DShape& s) {
  return 2 * (s.f / s.groups) > lanes<T> && s.ow * FilterPanels<T>(s).columns(0) >= least_sums;
}

// w (kh, kw, c, f) as (groups, panels, c, kh, kw, vectors of the panel), the order of the sums
template <class T>
void pack_filters(const Team& team, const Conv2DShape& s, const T* w, T* packed) {
  const FilterPanels<T> panels(s);
  const int c = s.c / s.groups, f = s.f / s.groups, taps = s.kh * s.kw;
  const Range mine = team.share(std::int64_t(s.groups) * panels.count);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const int g = unit / panels.count, panel = unit % panels.count, columns = panels.columns(panel);
    const int first = panels.begin(panel) * lanes<T>, count = least(f - first, columns * lanes<T>);
    T* to = packed + (std::int64_t(g) * panels.vectors + panels.begin(panel)) * c * taps * lanes<T>;
    for (int i = 0; i < c; i++)
      for (int tap = 0; tap < taps; tap++, to += columns * lanes<T>) {
        const T* from = w + (std::int64_t(tap) * c + i) * s.f + g * f + first;
        for (int k = 0; k < columns * lanes<T>; k++) to[k] = k < count ? from[k] : T(0);
      }
  }
}

template <class T>
void lone_filters(const Team& team, const Conv2DShape& s, const T* x, const T* w, const Finish<T>& finish,
                  const T* kept, T* y, T* scratch) {
  const FilterPanels<T> panels(s);
  const int c = s.c / s.groups, f = s.f / s.groups, taps = s.kh * s.kw;
  T* space = scratch + filter_weights<T>(s) + team.rank * filter_space<T>(s);
  std::int64_t *in_x = reinterpret_cast<std::int64_t*>(space), *in_copy = in_x + taps;
  T* copy = space + ceil_div<std::int64_t>(2 * taps * sizeof(std::int64_t), FASTDL_VECTOR_BYTES) * lanes<T>;
  if (!kept) {
    pack_filters(team, s, w, scratch);
    team.sync();
  }
  const T* packed = kept ? kept : scratch;

  const Range mine = team.share(std::int64_t(s.groups) * s.oh);
  for (int panel = 0; panel < panels.count; panel++) {
    const int columns = panels.columns(panel), first = panels.begin(panel) * lanes<T>;
    const Parts tiles = parts_of(s.ow, tile_rows(columns));
    const int below = columns_below(s, tiles.largest());
    for (int a = 0; a < s.kh; a++)
      for (int v = 0; v < s.kw; v++) {
        in_x[a * s.kw + v] = (std::int64_t(a) * s.dh * s.w + v * s.dw) * s.c;
        in_copy[a * s.kw + v] = (std::int64_t(a) * below + v * s.dw) * c;
      }
    FilterTile<T> tile{
        in_x, taps, c, std::int64_t(s.sw) * s.c, s.f, least(f - first - (columns - 1) * lanes<T>, lanes<T>)};
    for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
      const int g = unit / s.oh, i = unit % s.oh, top = i * s.sh - s.top;
      const T* weights = packed + (std::int64_t(g) * panels.vectors + panels.begin(panel)) * c * taps * lanes<T>;
      const Finish<T> ends = finish.from(g * f + first);
      const bool rows_inside = top >= 0 && top + (s.kh - 1) * s.dh < s.h;
      for (int part = 0; part < tiles.count; part++) {
        const int j = tiles.begin(part), left = j * s.sw - s.left;
        const auto& run = filter_tiles<T>[columns - 1][tiles.size(part) - 1];
        T* to = y + (std::int64_t(i) * s.ow + j) * s.f + g * f + first;
        const T* from = x + g * c;
        if (rows_inside && left >= 0 && left + below <= s.w) {
          tile.taps = in_x, tile.x_step = std::int64_t(s.sw) * s.c;
          run(tile, from + (std::int64_t(top) * s.w + left) * s.c, weights, ends, to);
          continue;
        }
        const int begin = least(most(-left, 0), below), end = most(least(below, s.w - left), begin);  // inside the map
        for (int a = 0; a < s.kh; a++) {
          const int h = top + a * s.dh;
          T* row = copy + std::int64_t(a) * below * c;
          if (h < 0 || h >= s.h) {
            __builtin_memset(row, 0, std::int64_t(below) * c * sizeof(T));
            continue;
          }
          __builtin_memset(row, 0, std::int64_t(begin) * c * sizeof(T));
          __builtin_memset(row + std::int64_t(end) * c, 0, std::int64_t(below - end) * c * sizeof(T));
          const T* pixel = from + (std::int64_t(h) * s.w + left + begin) * s.c;
          if (s.groups == 1)
            __builtin_memcpy(row + std::int64_t(begin) * c, pixel, std::int64_t(end - begin) * c * sizeof(T));
          else
            for (int v = begin; v < end; v++, pixel += s.c)
              __builtin_memcpy(row + std::int64_t(v) * c, pixel, c * sizeof(T));
        }
        tile.taps = in_copy, tile.x_step = std::int64_t(s.sw) * c;
        run(tile, copy, weights, ends, to);
      }
    }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
