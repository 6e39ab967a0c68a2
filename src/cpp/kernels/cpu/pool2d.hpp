// pool2d: windows and whole maps, on images (blocks, c, h, w, lanes); a thread takes whole planes (h, w, lanes). The
// windows' forward also on one sample's rows (h*w, c).
#pragma once

#include "kernels/cpu/reduce.hpp"
#include "kernels/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// The part of a window that lies in the map.
struct Cut {
  int h0, h1, w0, w1;
};
FASTDL_INLINE Cut window_at(const Pool2DShape& s, int i, int j) {
  int h = i * s.sh - s.top, w = j * s.sw - s.left;
  return {most(h, 0), least(h + s.kh, s.h), most(w, 0), least(w + s.kw, s.w)};
}
template <class T>
FASTDL_INLINE Range plane_share(const Team& team, int n, int c) {
  return team.share(std::int64_t(ceil_div(n, lanes<T>)) * c);
}

// What a window slides over: a plane of a block of images (h, w, lanes), or some channels of rows (h*w, c).
template <class T>
struct Plane {
  std::int64_t index;
  FASTDL_INLINE Vec<T> read(const T* x, std::int64_t map, int pixel) const {
    return load(x + (index * map + pixel) * lanes<T>);
  }
  FASTDL_INLINE void write(T* y, std::int64_t map, int pixel, Vec<T> value) const {
    store(y + (index * map + pixel) * lanes<T>, value);
  }
};
template <class T>
struct Columns {
  int first, count, c;
  FASTDL_INLINE Vec<T> read(const T* x, std::int64_t, int pixel) const {
    const T* at = x + std::int64_t(pixel) * c + first;
    return count < lanes<T> ? load_part(at, count) : load(at);
  }
  FASTDL_INLINE void write(T* y, std::int64_t, int pixel, Vec<T> value) const {
    T* at = y + std::int64_t(pixel) * c + first;
    count < lanes<T> ? store_part(at, value, count) : store(at, value);
  }
};
// One channel, the same in all lanes: a few are done sooner one by one than side by side among idle lanes. (512x512x1,
// windows of 2x2, AVX2: 1.1 ms side by side, 0.7 so; generic, 3.7 and 0.7.)
template <class T>
struct Column {
  int channel, c;
  FASTDL_INLINE Vec<T> read(const T* x, std::int64_t, int pixel) const {
    return splat(x[std::int64_t(pixel) * c + channel]);
  }
  FASTDL_INLINE void write(T* y, std::int64_t, int pixel, Vec<T> value) const {
    y[std::int64_t(pixel) * c + channel] = value[0];
  }
};
template <class T, class F>
FASTDL_INLINE void each_plane(const Team& team, const Pool2DShape& s, F f) {
  if (s.lone) {
    const Range part = team.share(ceil_div(s.c, lanes<T>));
    for (int c = part.begin * lanes<T>; c < least<int>(part.end * lanes<T>, s.c); c += lanes<T>) {
      const int count = least(s.c - c, lanes<T>);
      if (4 * count > lanes<T>)
        f(Columns<T>{c, count, s.c});
      else
        for (int i = 0; i < count; i++) f(Column<T>{c + i, s.c});
    }
  } else {
    const Range part = plane_share<T>(team, s.n, s.c);
    for (std::int64_t p = part.begin; p < part.end; p++) f(Plane<T>{p});
  }
  team.sync();
}

// Zeroes the rows of a plane that the windows of output row i are the first to meet (all that are left after the last),
// while they are about to be in cache anyway.
template <class T>
FASTDL_INLINE void zero_new_rows(const Pool2DShape& s, int i, T* plane) {
  const int done = i == 0 ? 0 : most(least((i - 1) * s.sh - s.top + s.kh, s.h), 0);
  const int end = i + 1 == s.oh ? s.h : most(least(i * s.sh - s.top + s.kh, s.h), 0);
  for (std::int64_t k = done * s.w; k < end * s.w; k++) store(plane + k * lanes<T>, Vec<T>{});
}

// --- max_pool2d
template <class T>
void max_pool2d_forward(const Team& team, const Pool2DShape& s, const T* x, T* y, T* where) {
  const int map = s.h * s.w, out = s.oh * s.ow;
  each_plane<T>(team, s, [&](auto plane) {
    for (int i = 0, at = 0; i < s.oh; i++)
      for (int j = 0; j < s.ow; j++, at++) {
        Cut cut = window_at(s, i, j);
        const int first = cut.h0 * s.w + cut.w0;
        Vec<T> best = plane.read(x, map, first);
        Mask<T> place = place_of<T>(first);
        for (int h = cut.h0; h < cut.h1; h++)
          for (int w = cut.w0; w < cut.w1; w++) {
            Vec<T> v = plane.read(x, map, h * s.w + w);
            const Mask<T> take = beats(v, best);
            best = take ? v : best;
            place = take ? place_of<T>(h * s.w + w) : place;
          }
        plane.write(y, out, at, best);
        plane.write(where, out, at, place_bits<T>(place));
      }
  });
}

template <class T>
void max_pool2d_backward(const Team& team, const Pool2DShape& s, const T* dy, const T* where, T* dx) {
  constexpr int L = lanes<T>;
  Range part = plane_share<T>(team, s.n, s.c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    T* dxp = dx + p * s.h * s.w * L;
    std::int64_t at = p * s.oh * s.ow * L;
    for (int i = 0; i < s.oh; i++) {
      zero_new_rows(s, i, dxp);
      for (int j = 0; j < s.ow; j++, at += L) {
        Cut cut = window_at(s, i, j);
        const Vec<T> d = load(dy + at);
        const Mask<T> taken = place_in<T>(load(where + at));
        for (int h = cut.h0; h < cut.h1; h++)
          for (int w = cut.w0; w < cut.w1; w++) {
            T* to = dxp + (std::int64_t(h) * s.w + w) * L;
            store(to, load(to) + (taken == place_of<T>(h * s.w + w) ? d : Vec<T>{}));
          }
      }
    }
  }
  team.sync();
}

// --- avg_pool2d
template <class T>
FASTDL_INLINE T window_share(const Pool2DShape& s, const Cut& cut) {
  return T(1) / T(s.count_include_pad ? s.kh * s.kw : (cut.h1 - cut.h0) * (cut.w1 - cut.w0));
}

template <class T>
void avg_pool2d_forward(const Team& team, const Pool2DShape& s, const T* x, T* y) {
  const int map = s.h * s.w, out = s.oh * s.ow;
  each_plane<T>(team, s, [&](auto plane) {
    for (int i = 0, at = 0; i < s.oh; i++)
      for (int j = 0; j < s.ow; j++, at++) {
        Cut cut = window_at(s, i, j);
        Vec<T> sum{};
        for (int h = cut.h0; h < cut.h1; h++) {
          Vec<T> row{};
          for (int w = cut.w0; w < cut.w1; w++) row += plane.read(x, map, h * s.w + w);
          sum += row;
        }
        plane.write(y, out, at, sum * window_share<T>(s, cut));
      }
  });
}

template <class T>
void avg_pool2d_backward(const Team& team, const Pool2DShape& s, const T* dy, T* dx) {
  constexpr int L = lanes<T>;
  Range part = plane_share<T>(team, s.n, s.c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    T* dxp = dx + p * s.h * s.w * L;
    const T* dyp = dy + p * s.oh * s.ow * L;
    for (int i = 0; i < s.oh; i++) {
      zero_new_rows(s, i, dxp);
      for (int j = 0; j < s.ow; j++, dyp += L) {
        Cut cut = window_at(s, i, j);
        Vec<T> d = load(dyp) * window_share<T>(s, cut);
        for (int h = cut.h0; h < cut.h1; h++)
          for (int w = cut.w0; w < cut.w1; w++) {
            T* to = dxp + (std::int64_t(h) * s.w + w) * L;
            store(to, load(to) + d);
          }
      }
    }
  }
  team.sync();
}

// --- global pools: images to rows (n, c) ----------------------------------------------------------------------------
// Plane p of an image and rows (n, c):
// row + l*c is sample l's value, for l < count.
template <class T>
struct PlaneRow {
  std::int64_t row;
  int count;
};
template <class T>
FASTDL_INLINE PlaneRow<T> plane_row(std::int64_t p, int n, int c) {
  std::int64_t first = p / c * lanes<T>;
  return {first * c + p % c, int(least<std::int64_t>(lanes<T>, n - first))};
}

template <class T>
void global_avg_pool_forward(const Team& team, int n, int pixels, int c, const T* x, T* y) {
  constexpr int L = lanes<T>;
  Range part = plane_share<T>(team, n, c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    const Vec<T> sum = sum_of(pixels, [&](std::int64_t i) { return load(x + (p * pixels + i) * L); });
    PlaneRow<T> to = plane_row<T>(p, n, c);
    for (int l = 0; l < to.count; l++) y[to.row + std::int64_t(l) * c] = sum[l] / T(pixels);
  }
  team.sync();
}

template <class T>
void global_avg_pool_backward(const Team& team, int n, int pixels, int c, const T* dy, T* dx) {
  constexpr int L = lanes<T>;
  Range part = plane_share<T>(team, n, c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    PlaneRow<T> from = plane_row<T>(p, n, c);
    Vec<T> d{};
    for (int l = 0; l < from.count; l++) d[l] = dy[from.row + std::int64_t(l) * c] / T(pixels);
    for (int i = 0; i < pixels; i++) store(dx + (p * pixels + i) * L, d);
  }
  team.sync();
}

template <class T>
void global_max_pool_forward(const Team& team, int n, int pixels, int c, const T* x, T* y, T* where) {
  constexpr int L = lanes<T>;
  Range part = plane_share<T>(team, n, c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    const T* xp = x + p * pixels * L;
    Vec<T> best = load(xp);
    Mask<T> taken{};
    for (int i = 0; i < pixels; i++) {
      Vec<T> v = load(xp + std::int64_t(i) * L);
      const Mask<T> take = beats(v, best);
      best = take ? v : best;
      taken = take ? place_of<T>(i) : taken;
    }
    const Vec<T> place = place_bits<T>(taken);
    PlaneRow<T> to = plane_row<T>(p, n, c);
    for (int l = 0; l < to.count; l++) {
      y[to.row + std::int64_t(l) * c] = best[l];
      where[to.row + std::int64_t(l) * c] = place[l];
    }
  }
  team.sync();
}

template <class T>
void global_max_pool_backward(const Team& team, int n, int pixels, int c, const T* dy, const T* where, T* dx) {
  constexpr int L = lanes<T>;
  Range part = plane_share<T>(team, n, c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    PlaneRow<T> from = plane_row<T>(p, n, c);
    Vec<T> d{}, place{};
    for (int l = 0; l < from.count; l++) {
      d[l] = dy[from.row + std::int64_t(l) * c];
      place[l] = where[from.row + std::int64_t(l) * c];
    }
    const Mask<T> taken = place_in<T>(place);
    for (int i = 0; i < pixels; i++) store(dx + (p * pixels + i) * L, taken == place_of<T>(i) ? d : Vec<T>{});
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
