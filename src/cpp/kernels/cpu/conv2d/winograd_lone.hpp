// winograd for a sample alone (lone.hpp): the tiles of its map, with channels in the lanes. The same products
// and sums as in winograd.hpp, point by point.
#pragma once

#include "kernels/cpu/conv2d/tile.hpp"
#include "kernels/cpu/conv2d/winograd.hpp"
#include "kernels/cpu/gemm.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Tiles that are worked on together: what is made of them stays in the caches, and the products have rows enough.
constexpr int lone_tiles = 1024;
struct SomeTiles {
  int first, count;
};

// v (points, tiles, c)
template <class T>
void lone_inputs(const Team& team, const Winograd& s, const SomeTiles& some, const T* x, T* v, std::int64_t point) {
  const int runs = ceil_div(s.c, lanes<T>);
  const Range mine = team.share(std::int64_t(some.count) * runs);
  Vec<T> patch[6][6];
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const WinogradTile tile = s.tile(some.first + unit / runs);
    const int c = unit % runs * lanes<T>, count = least(s.c - c, lanes<T>);
    for (int i = 0; i < 6; i++)
      for (int j = 0; j < 6; j++) {
        const int h = tile.row + i - s.top, w = tile.column + j - s.left;
        const bool inside = h >= 0 && h < s.h && w >= 0 && w < s.w;
        const T* at = x + (std::int64_t(h) * s.w + w) * s.c + c;
        patch[i][j] = !inside ? Vec<T>{} : count < lanes<T> ? load_part(at, count) : load(at);
      }
    const Patch<T> from{reinterpret_cast<const T*>(patch), 6 * lanes<T>};
    T* to = v + unit / runs * s.c + c;
    const auto put = [&](int k, Vec<T> value) {
      count < lanes<T> ? store_part(to + k * point, value, count) : store(to + k * point, value);
    };
    transform_input<0>(from, put);
    transform_input<1>(from, put);
  }
  team.sync();
}

// m (points, tiles, f) = v u, by gemm's innermost kernels: the products are small and many.
template <class T>
void lone_products(const Team& team, const Winograd& s, const SomeTiles& some, const T* v, std::int64_t v_point,
                   const T* u, T* m, std::int64_t m_point) {
  const int panels = ceil_div(s.f, lanes<T>), parts = ceil_div(some.count, tile_rows(1));
  const Range mine = team.share(std::int64_t(winograd_points) * panels);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const std::int64_t k = unit / panels, f = unit % panels * lanes<T>;
    Tile<T> t{};
    t.a_row = s.c, t.a_col = 1, t.c_row = s.f, t.depth = s.c;
    t.width = least<std::int64_t>(s.f - f, lanes<T>);
    t.read_packed(u + k * weights_step<T>(s) + f * s.c, 1);
    for (int i = 0; i < parts; i++) {
      const Range tiles = part({0, some.count}, i, parts);
      t.a = v + k * v_point + tiles.begin * s.c;
      t.c = m + k * m_point + tiles.begin * s.f + f;
      tile_kernels<T>().at[0][tiles.end - tiles.begin - 1](t);
    }
  }
  team.sync();
}

template <class T>
void lone_outputs(const Team& team, const Winograd& s, const SomeTiles& some, const T* m, std::int64_t point,
                  const T* bias, T* y) {
  const int runs = ceil_div(s.f, lanes<T>);
  const Range mine = team.share(std::int64_t(some.count) * runs);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const WinogradTile tile = s.tile(some.first + unit / runs);
    const int f = unit % runs * lanes<T>, count = least(s.f - f, lanes<T>);
    const auto get = [&](const T* p) { return count < lanes<T> ? load_part(p, count) : load(p); };
    const T* from = m + unit / runs * s.f + f;
    const Vec<T> b = bias ? get(bias + f) : Vec<T>{};
    Vec<T> out[4][4];
    transform_back<4, Vec<T>>([&](int k) { return get(from + k * point); },
                              [](auto&&... points) { output_of_points<Vec<T>>(points...); }, out);
    T* to = y + (std::int64_t(tile.row) * s.ow + tile.column) * s.f + f;
    for (int i = 0; i < least(s.oh - tile.row, 4); i++)
      for (int j = 0; j < least(s.ow - tile.column, 4); j++) {
        T* at = to + (std::int64_t(i) * s.ow + j) * s.f;
        const Vec<T> value = bias ? out[i][j] + b : out[i][j];
        count < lanes<T> ? store_part(at, value, count) : store(at, value);
      }
  }
  team.sync();
}

// Elements of v and m from one point to the next.
struct LonePoints {
  std::int64_t v, m;
};
template <class T>
LonePoints lone_points(const Winograd& s) {
  const std::int64_t tiles = parts_of(s.tiles(), lone_tiles).largest();
  return {point_step<T>(tiles * s.c), point_step<T>(tiles * s.f)};
}

template <class T>
void lone_winograd(const Team& team, const Winograd& s, const T* x, const T* w, const T* bias, const T* kept, T* y,
                   T* scratch) {
  const Parts parts = parts_of(s.tiles(), lone_tiles);
  const LonePoints step = lone_points<T>(s);
  T *own = scratch, *v = own + winograd_points * weights_step<T>(s), *m = v + winograd_points * step.v;
  if (!kept) transform_weights(team, s, w, own);
  const T* u = kept ? kept : own;
  for (int part = 0; part < parts.count; part++) {
    const SomeTiles some{parts.begin(part), parts.size(part)};
    lone_inputs(team, s, some, x, v, step.v);
    lone_products(team, s, some, v, step.v, u, m, step.m);
    lone_outputs(team, s, some, m, step.m, bias, y);
  }
}

template <class T>
std::int64_t lone_winograd_scratch(const Winograd& s) {
  const LonePoints step = lone_points<T>(s);
  return winograd_points * (weights_step<T>(s) + step.v + step.m);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
