// conv2d's forward for a sample alone, whose images are rows: x (h*w, c), y (oh*ow, f). Samples side by side would
// leave all lanes but one idle; here they are filters. Every output is the same chain of the same products as among
// others (conv2d.hpp): its bits are the same.
#pragma once

#include "kernels/cpu/conv2d/choice.hpp"
#include "kernels/cpu/conv2d/lone_depthwise.hpp"
#include "kernels/cpu/conv2d/lone_filters.hpp"
#include "kernels/cpu/conv2d/lone_pixels.hpp"
#include "kernels/cpu/conv2d/tile.hpp"
#include "kernels/cpu/conv2d/winograd_lone.hpp"
#include "kernels/cpu/gemm.hpp"
#include "kernels/cpu/transpose.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// --- what fills neither lanes nor tiles: patches (c, kh, kw, pixels) of some rows of outputs, then a product --------

constexpr int lone_bytes = 256 * 1024;  // of a thread's patches, if one row of outputs needs no more

struct LoneRows {
  std::int64_t depth;  // products of an output
  Parts bands;         // of rows of outputs
  std::int64_t patches(int ow, int lanes) const { return depth * bands.largest() * ow + lanes; }
};
template <class T>
LoneRows lone_rows(const Conv2DShape& s, int threads) {
  const std::int64_t depth = std::int64_t(s.c / s.groups) * s.kh * s.kw;
  const std::int64_t fitting = lone_bytes / std::int64_t(sizeof(T)) / (depth * s.ow);
  return {depth, parts_of(s.oh, least<std::int64_t>(fitting, ceil_div(s.oh, threads)))};
}
// A 1x1 kernel's patches are x.
inline bool lone_in_place(const Conv2DShape& s) {
  return s.kh == 1 && s.kw == 1 && s.sh == 1 && s.sw == 1 && s.h == s.oh && s.w == s.ow && s.top == 0 && s.left == 0;
}

// The map with its padding, as far as the kernel reaches.
struct LonePlane {
  int h, w;
  std::int64_t size() const { return std::int64_t(h) * w; }
};
inline LonePlane lone_plane(const Conv2DShape& s) {
  return {(s.oh - 1) * s.sh + (s.kh - 1) * s.dh + 1, (s.ow - 1) * s.sw + (s.kw - 1) * s.dw + 1};
}

// planes (c, plane.h, plane.w) from x (h*w, c); a thread takes some channels
template <class T>
void planes_of(const Team& team, const Conv2DShape& s, const T* x, T* planes) {
  const LonePlane plane = lone_plane(s);
  const int rows = least(s.h, plane.h - s.top), columns = least(s.w, plane.w - s.left);
  const int first_row = most(-s.top, 0), first_column = most(-s.left, 0);  // what a transposed one crops
  const Range mine = team.share(ceil_div(s.c, lanes<T>));
  for (int c = mine.begin * lanes<T>; c < least<int>(mine.end * lanes<T>, s.c); c += lanes<T>) {
    T* to = planes + c * plane.size();
    const int channels = least(s.c - c, lanes<T>);
    __builtin_memset(to, 0, channels * plane.size() * sizeof(T));
    for (int i = first_row; i < rows; i++)
      for (int j = first_column; j < columns; j += lanes<T>) {
        Vec<T> square[lanes<T>];
        load_square(x + (std::int64_t(i) * s.w + j) * s.c + c, s.c, columns - j, s.c - c, square);
        transpose<T>(square);
        T* row = to + std::int64_t(i + s.top) * plane.w + s.left + j;
        for (int k = 0; k < channels; k++, row += plane.size())
          columns - j < lanes<T> ? store_part(row, square[k], columns - j) : store(row, square[k]);
      }
  }
}

// One row of outputs, as a tap meets it from `from` on. Whole vectors: what is too much is written over, or behind all.
template <class T>
FASTDL_INLINE void patch_row(const Conv2DShape& s, const T* from, T* to) {
  if (s.sw == 1)
    for (int j = 0; j < s.ow; j += lanes<T>) store(to + j, load(from + j));
  else
    for (int j = 0; j < s.ow; j++) to[j] = from[j * s.sw];
}

// w (kh, kw, c, f) as (c, kh, kw, f), the order of the sums
template <class T>
void order_weights(const Team& team, const Conv2DShape& s, const T* w, T* ordered) {
  const int c = s.c / s.groups, taps = s.kh * s.kw;
  const Range mine = team.share(c);
  for (std::int64_t i = mine.begin; i < mine.end; i++)
    for (int tap = 0; tap < taps; tap++)
      __builtin_memcpy(ordered + (i * taps + tap) * s.f, w + (std::int64_t(tap) * c + i) * s.f, s.f * sizeof(T));
}

template <class T>
void lone_products_of_pixels(const Team& team, const Conv2DShape& s, const T* x, const T* w, const Finish<T>& finish,
                             T* y, T* scratch) {
  const int c = s.c / s.groups, f = s.f / s.groups;
  for (int g = 0; g < s.groups; g++)
    gemm<T>(team,
            {.m = s.h * s.w,
             .n = f,
             .depth = c,
             .a = {x + g * c, s.c, 1},
             .b = {w + g * f, s.f, 1},
             .c = y + g * f,
             .bias = finish.from(g * f).bias,
             .c_stride = s.f,
             .relu = finish.relu},
            scratch);
}

template <class T>
void lone_direct(const Team& team, const Conv2DShape& s, const T* x, const T* w, const Finish<T>& finish, const T* kept,
                 T* y, T* scratch) {
  const LoneRows r = lone_rows<T>(s, team.size);
  const int c = s.c / s.groups, f = s.f / s.groups;
  const LonePlane plane = lone_plane(s);
  T *own = scratch, *planes = own + r.depth * s.f;
  T* space = planes + s.c * plane.size() + lanes<T> + team.rank * (r.patches(s.ow, lanes<T>) + gemm_scratch<T>);
  if (!kept) order_weights(team, s, w, own);
  const T* ordered = kept ? kept : own;
  planes_of(team, s, x, planes);
  team.sync();
  const Range mine = team.share(std::int64_t(r.bands.count) * s.groups);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const int g = unit / r.bands.count, band = unit % r.bands.count;
    const int row = r.bands.begin(band), rows = r.bands.size(band);
    T* to = space;
    const T* at = planes + g * c * plane.size() + std::int64_t(row) * s.sh * plane.w;
    for (int i = 0; i < c; i++, at += plane.size())
      for (int a = 0; a < s.kh; a++)
        for (int v = 0; v < s.kw; v++)
          for (int o = 0; o < rows; o++, to += s.ow) patch_row(s, at + (o * s.sh + a * s.dh) * plane.w + v * s.dw, to);
    gemm<T>(Team{},
            {.m = rows * s.ow,
             .n = f,
             .depth = int(r.depth),
             .a = {space, 1, std::int64_t(rows) * s.ow},
             .b = {ordered + g * f, s.f, 1},
             .c = y + std::int64_t(row) * s.ow * s.f + g * f,
             .bias = finish.from(g * f).bias,
             .c_stride = s.f,
             .relu = finish.relu},
            space + r.patches(s.ow, lanes<T>));
  }
  team.sync();
}

// --- one of them ----------------------------------------------------------------------------------------------------

enum class LoneWay { depthwise, winograd, pixels, products, filters, patches };

template <class T>
LoneWay lone_way(const Conv2DShape& s) {
  if (lone_depthwise_fits(s)) return LoneWay::depthwise;
  if constexpr (winograd_type<T>)
    if (const Winograd r = winograd_forward<T>(s); winograd_fits(s) && winograd_pays(r, r.f)) return LoneWay::winograd;
  if (lone_pixels_fit<T>(s)) return LoneWay::pixels;
  if (lone_in_place(s)) return LoneWay::products;
  return lone_filters_fit<T>(s) ? LoneWay::filters : LoneWay::patches;
}

template <class T>
void conv2d_lone_forward(const Team& team, const Conv2DShape& s, const T* x, const T* w, const T* b, bool relu,
                         const T* kept, T* y, T* scratch) {
  const Finish<T> finish{b, relu};
  switch (lone_way<T>(s)) {
    case LoneWay::depthwise: return lone_depthwise(team, s, x, w, finish, y);
    case LoneWay::winograd: return lone_winograd<T>(team, winograd_forward<T>(s), x, w, finish, kept, y, scratch);
    case LoneWay::pixels: return lone_pixels(team, s, x, w, finish, y, scratch);
    case LoneWay::products: return lone_products_of_pixels(team, s, x, w, finish, y, scratch);
    case LoneWay::filters: return lone_filters(team, s, x, w, finish, kept, y, scratch);
    case LoneWay::patches: return lone_direct(team, s, x, w, finish, kept, y, scratch);
  }
}

template <class T>
std::size_t conv2d_lone_scratch(const Conv2DShape& whole, int threads) {
  Conv2DShape s = whole;
  s.n = 1;
  const LoneRows r = lone_rows<T>(s, 1);  // a larger team has smaller patches
  switch (lone_way<T>(s)) {
    case LoneWay::depthwise: return 0;
    case LoneWay::winograd: return lone_winograd_scratch<T>(winograd_forward<T>(s), threads);
    case LoneWay::pixels: return lone_pixels_scratch<T>(s, threads);
    case LoneWay::products: return threads * gemm_scratch<T>;
    case LoneWay::filters: return lone_filters_scratch<T>(s, threads);
    case LoneWay::patches: break;
  }
  return r.depth * s.f + s.c * lone_plane(s).size() + lanes<T> +
         threads * (r.patches(s.ow, lanes<T>) + gemm_scratch<T>);
}

// Beside the products of a larger map, putting weights in form takes next to no time.
constexpr std::int64_t keeping_pixels = 64 * 64;

template <class T>
std::size_t conv2d_lone_kept(const Conv2DShape& whole) {
  Conv2DShape s = whole;
  s.n = 1;
  if (std::int64_t(s.oh) * s.ow > keeping_pixels) return 0;
  const LoneWay way = lone_way<T>(s);
  if (way == LoneWay::winograd) return winograd_points * weights_step<T>(winograd_forward<T>(s));
  if (way == LoneWay::filters) return filter_weights<T>(s);
  return way == LoneWay::patches ? lone_rows<T>(s, 1).depth * s.f : 0;
}

template <class T>
void conv2d_lone_keep(const Team& team, const Conv2DShape& s, const T* w, T* kept) {
  const LoneWay way = lone_way<T>(s);
  if (way == LoneWay::winograd)
    transform_weights(team, winograd_forward<T>(s), w, kept);
  else if (way == LoneWay::filters)
    pack_filters(team, s, w, kept);
  else
    order_weights(team, s, w, kept);
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
