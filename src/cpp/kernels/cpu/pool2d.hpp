// pool2d: windows and whole maps, on images (blocks, c, h, w, lanes); a thread takes whole planes (h, w, lanes)
#pragma once

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

// Zeroes the rows of a plane that the windows of output row i are the first to meet (all that are left after the last),
// while they are about to be in cache anyway.
template <class T>
FASTDL_INLINE void zero_new_rows(const Pool2DShape& s, int i, T* plane) {
  const int done = i == 0 ? 0 : most(least((i - 1) * s.sh - s.top + s.kh, s.h), 0);
  const int end = i + 1 == s.oh ? s.h : most(least(i * s.sh - s.top + s.kh, s.h), 0);
  for (int k = done * s.w; k < end * s.w; k++) store(plane + k * lanes<T>, Vec<T>{});
}

// --- max_pool2d: the first of equal values is taken; NaN wins
template <class T>
void max_pool2d_forward(const Team& team, const Pool2DShape& s, const T* x, T* y, T* where) {
  constexpr int L = lanes<T>;
  Range part = plane_share<T>(team, s.n, s.c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    const T* xp = x + p * s.h * s.w * L;
    std::int64_t at = p * s.oh * s.ow * L;
    for (int i = 0; i < s.oh; i++)
      for (int j = 0; j < s.ow; j++, at += L) {
        Cut cut = window_at(s, i, j);
        Vec<T> best = load(xp + (cut.h0 * s.w + cut.w0) * L), place = splat(T(cut.h0 * s.w + cut.w0));
        for (int h = cut.h0; h < cut.h1; h++)
          for (int w = cut.w0; w < cut.w1; w++) {
            Vec<T> v = load(xp + (h * s.w + w) * L);
            Mask<T> take = (v > best) | (v != v);
            best = take ? v : best;
            place = take ? splat(T(h * s.w + w)) : place;
          }
        store(y + at, best);
        store(where + at, place);
      }
  }
  team.sync();
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
        Vec<T> d = load(dy + at), place = load(where + at);
        for (int h = cut.h0; h < cut.h1; h++)
          for (int w = cut.w0; w < cut.w1; w++) {
            T* to = dxp + (h * s.w + w) * L;
            store(to, load(to) + (place == splat(T(h * s.w + w)) ? d : Vec<T>{}));
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
  constexpr int L = lanes<T>;
  Range part = plane_share<T>(team, s.n, s.c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    const T* xp = x + p * s.h * s.w * L;
    T* yp = y + p * s.oh * s.ow * L;
    for (int i = 0; i < s.oh; i++)
      for (int j = 0; j < s.ow; j++, yp += L) {
        Cut cut = window_at(s, i, j);
        Vec<T> sum{};
        for (int h = cut.h0; h < cut.h1; h++)
          for (int w = cut.w0; w < cut.w1; w++) sum += load(xp + (h * s.w + w) * L);
        store(yp, sum * window_share<T>(s, cut));
      }
  }
  team.sync();
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
            T* to = dxp + (h * s.w + w) * L;
            store(to, load(to) + d);
          }
      }
    }
  }
  team.sync();
}

// --- global pools: images to rows (n, c)
// -------------------------------------------------------------------------------- Plane p of an image and rows (n, c):
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
    Vec<T> sum{};
    for (int i = 0; i < pixels; i++) sum += load(x + (p * pixels + i) * L);
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
    Vec<T> best = load(xp), place{};
    for (int i = 0; i < pixels; i++) {
      Vec<T> v = load(xp + i * L);
      Mask<T> take = (v > best) | (v != v);
      best = take ? v : best;
      place = take ? splat(T(i)) : place;
    }
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
    for (int i = 0; i < pixels; i++) store(dx + (p * pixels + i) * L, place == splat(T(i)) ? d : Vec<T>{});
  }
  team.sync();
}
