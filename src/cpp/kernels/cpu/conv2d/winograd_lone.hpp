// winograd for a sample alone (lone.hpp): the tiles of its map, with channels in the lanes. The same products
// and sums as in winograd.hpp, point by point.
#pragma once

#include "kernels/cpu/conv2d/tile.hpp"
#include "kernels/cpu/conv2d/winograd.hpp"
#include "kernels/cpu/gemm.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// What a thread does by itself, for what one core has written another reads slowly: some tiles, and of their outputs
// some panels of filters. Tiles are shared out as long as each thread has enough to fill the products' registers; of
// small maps the weights are most of what is read, and are shared out instead.
struct LoneShare {
  Range tiles, panels;
};
template <class T>
LoneShare lone_share(const Team& team, const Winograd& s) {
  const int panels = ceil_div(s.f, lanes<T>), enough = most(s.tiles() / 8, 1);
  const int across = least(panels, ceil_div(team.size, enough)), down = team.size / across;
  if (team.rank >= across * down) return {};
  const Team of_tiles{.rank = team.rank / across, .size = down}, of_panels{.rank = team.rank % across, .size = across};
  return {of_tiles.share(s.tiles()), of_panels.share(panels)};
}

// Tiles that are worked on together: what is made of them stays in the core's cache.
constexpr int lone_bytes_of_tiles = 1024 * 1024, lone_least_tiles = 2 * tile_rows(1);
template <class T>
int lone_tiles(const Winograd& s) {
  return least(most(fitting_tiles<T>(lone_bytes_of_tiles, s.c, s.f), lone_least_tiles), s.tiles());
}
struct SomeTiles {
  int first, count;
};

// v (points, tiles, c)
template <class T>
void lone_inputs(const Winograd& s, const SomeTiles& some, const T* x, T* v, std::int64_t point) {
  Vec<T> patch[6][6];
  for (int t = 0; t < some.count; t++) {
    const WinogradTile tile = s.tile(some.first + t);
    for (int c = 0; c < s.c; c += lanes<T>) {
      const int count = least(s.c - c, lanes<T>);
      for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) {
          const int h = tile.row + i - s.top, w = tile.column + j - s.left;
          const bool inside = h >= 0 && h < s.h && w >= 0 && w < s.w;
          const T* at = x + (std::int64_t(h) * s.w + w) * s.c + c;
          patch[i][j] = !inside ? Vec<T>{} : count < lanes<T> ? load_part(at, count) : load(at);
        }
      const Patch<T> from{reinterpret_cast<const T*>(patch), 6 * lanes<T>};
      T* to = v + std::int64_t(t) * s.c + c;
      const auto put = [&](int k, Vec<T> value) {
        count < lanes<T> ? store_part(to + k * point, value, count) : store(to + k * point, value);
      };
      transform_input<0>(from, put);
      transform_input<1>(from, put);
    }
  }
}

// m (points, tiles, f) = v u, by gemm's innermost kernels: the products are small and many.
template <class T>
void lone_products(const Winograd& s, Range panels, int count, const T* v, std::int64_t v_point, const T* u, T* m,
                   std::int64_t m_point) {
  const int parts = ceil_div(count, tile_rows(1));
  for (int k = 0; k < winograd_points; k++)
    for (std::int64_t f = panels.begin * lanes<T>; f < least<std::int64_t>(panels.end * lanes<T>, s.f); f += lanes<T>) {
      Tile<T> t{};
      t.a_row = s.c, t.a_col = 1, t.c_row = s.f, t.depth = s.c;
      t.width = least<std::int64_t>(s.f - f, lanes<T>);
      t.read_packed(u + k * weights_step<T>(s) + f * s.c, 1);
      for (int i = 0; i < parts; i++) {
        const Range tiles = part({0, count}, i, parts);
        t.a = v + k * v_point + tiles.begin * s.c;
        t.c = m + k * m_point + tiles.begin * s.f + f;
        tile_kernels<T>().at[0][tiles.end - tiles.begin - 1](t);
      }
    }
}

template <class T>
void lone_outputs(const Winograd& s, Range panels, const SomeTiles& some, const T* m, std::int64_t point,
                  const Finish<T>& finish, T* y) {
  for (int t = 0; t < some.count; t++) {
    const WinogradTile tile = s.tile(some.first + t);
    for (std::int64_t f = panels.begin * lanes<T>; f < least<std::int64_t>(panels.end * lanes<T>, s.f); f += lanes<T>) {
      const int count = least<std::int64_t>(s.f - f, lanes<T>);
      const auto get = [&](const T* p) { return count < lanes<T> ? load_part(p, count) : load(p); };
      const T* from = m + std::int64_t(t) * s.f + f;
      const Finish<T> ends = finish.from(f);
      const Vec<T> biases = ends.biases(count);
      Vec<T> out[4][4];
      transform_back<4, Vec<T>>([&](int k) { return get(from + k * point); },
                                [](auto&&... points) { output_of_points<Vec<T>>(points...); }, out);
      T* to = y + (std::int64_t(tile.row) * s.ow + tile.column) * s.f + f;
      for (int i = 0; i < least(s.oh - tile.row, 4); i++)
        for (int j = 0; j < least(s.ow - tile.column, 4); j++) {
          T* at = to + (std::int64_t(i) * s.ow + j) * s.f;
          const Vec<T> value = ends.of_lanes(out[i][j], biases);
          count < lanes<T> ? store_part(at, value, count) : store(at, value);
        }
    }
  }
}

// Elements of v and m from one point to the next.
struct LonePoints {
  std::int64_t v, m;
};
template <class T>
LonePoints lone_points(const Winograd& s) {
  const std::int64_t tiles = lone_tiles<T>(s);
  return {point_step<T>(tiles * s.c), point_step<T>(tiles * s.f)};
}

template <class T>
void lone_winograd(const Team& team, const Winograd& s, const T* x, const T* w, const Finish<T>& finish, const T* kept,
                   T* y, T* scratch) {
  const LoneShare mine = lone_share<T>(team, s);
  const LonePoints step = lone_points<T>(s);
  T* own = scratch;
  T* v = own + winograd_points * (weights_step<T>(s) + team.rank * (step.v + step.m));
  T* m = v + winograd_points * step.v;
  if (!kept) {
    transform_weights(team, s, w, own);
    team.sync();
  }
  const int end = mine.tiles.end;
  for (SomeTiles some{int(mine.tiles.begin), 0}; some.first < end; some.first += some.count) {
    some.count = least(lone_tiles<T>(s), end - some.first);
    lone_inputs(s, some, x, v, step.v);
    lone_products(s, mine.panels, some.count, v, step.v, kept ? kept : own, m, step.m);
    lone_outputs(s, mine.panels, some, m, step.m, finish, y);
  }
  team.sync();
}

template <class T>
std::int64_t lone_winograd_scratch(const Winograd& s, int threads) {
  const LonePoints step = lone_points<T>(s);
  return winograd_points * (weights_step<T>(s) + threads * (step.v + step.m));
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
