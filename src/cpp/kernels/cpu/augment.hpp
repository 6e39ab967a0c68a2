// Images moved, coloured, disturbed and mixed on their way into a batch, as was drawn for each
// (layers/augmentation.cpp). A sample is one thread's, in the user's order (h, w, c): a gather of 3 channels keeps no
// vector busy anyway.
#pragma once

#include "kernels/augment.hpp"
#include "kernels/cpu/layout.hpp"
#include "kernels/cpu/memory.hpp"
#include "kernels/cpu/noise.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// --- where a pixel comes from ---------------------------------------------------------------------------------------
// Of `count` places start, start + step ... those within 0..n-1.
FASTDL_INLINE Range within(int start, int step, int count, int n) {
  const int first = step > 0 ? -start : start - (n - 1), last = step > 0 ? n - start : start + 1;
  const int begin = least(most(first, 0), count);
  return {begin, most(least(last, count), begin)};
}

// C: the channels, where the compiler is to know them.
template <int C, class T, class S>
FASTDL_INLINE void move_whole(const AugmentShape& s, const AugmentDraw& d, const S* x, T* y) {
  const int c = C ? C : s.c, down = int(d.row[0]), right = int(d.column[1]), left = int(d.column[2]);
  const Range inner = within(left, right, s.ow, s.w);
  for (int i = 0; i < s.oh; i++, y += std::int64_t(s.ow) * c) {
    const int row = filled(s.fill, down * i + int(d.row[2]), s.h);
    const S* from = x + std::int64_t(most(row, 0)) * s.w * c;
    const auto outside = [&](std::int64_t j) {
      const int column = filled(s.fill, right * int(j) + left, s.w);
      for (int k = 0; k < c; k++) y[j * c + k] = row < 0 || column < 0 ? T(0) : T(from[std::int64_t(column) * c + k]);
    };
    for (std::int64_t j = 0; j < inner.begin; j++) outside(j);
    for (std::int64_t j = inner.end; j < s.ow; j++) outside(j);
    if (row < 0) {
      for (std::int64_t e = inner.begin * c; e < inner.end * c; e++) y[e] = 0;
    } else if (right > 0) {
      for (std::int64_t e = inner.begin * c; e < inner.end * c; e++) y[e] = T(from[e + std::int64_t(left) * c]);
    } else {
      for (std::int64_t j = inner.begin; j < inner.end; j++)
        for (int k = 0; k < c; k++) y[j * c + k] = T(from[(left - j) * c + k]);
    }
  }
}

// Bilinear: pixels outside count as they are filled.
template <int C, class T, class S>
FASTDL_INLINE void move_between(const AugmentShape& s, const AugmentDraw& d, const S* x, T* y) {
  const int c = C ? C : s.c;
  const std::int64_t below = std::int64_t(s.w) * c;
  for (int i = 0; i < s.oh; i++)
    for (int j = 0; j < s.ow; j++, y += c) {
      const double row = d.row[0] * i + d.row[1] * j + d.row[2];
      const double column = d.column[0] * i + d.column[1] * j + d.column[2];
      int r = int(row), q = int(column);
      r -= row < r, q -= column < q;  // floor
      const T down = T(row - r), right = T(column - q);
      const auto blend = [&](T a, T b, T a1, T b1) {
        const T top = a + right * (b - a), bottom = a1 + right * (b1 - a1);
        return top + down * (bottom - top);
      };
      if (r >= 0 && q >= 0 && r + 1 < s.h && q + 1 < s.w) {
        const S* at = x + r * below + std::int64_t(q) * c;
        for (int k = 0; k < c; k++) y[k] = blend(T(at[k]), T(at[k + c]), T(at[k + below]), T(at[k + below + c]));
        continue;
      }
      const int r0 = filled(s.fill, r, s.h), r1 = filled(s.fill, r + 1, s.h);
      const int q0 = filled(s.fill, q, s.w), q1 = filled(s.fill, q + 1, s.w);
      const auto at = [&](int m, int n, int k) {
        return m < 0 || n < 0 ? T(0) : T(x[m * below + std::int64_t(n) * c + k]);
      };
      for (int k = 0; k < c; k++) y[k] = blend(at(r0, q0, k), at(r0, q1, k), at(r1, q0, k), at(r1, q1, k));
    }
}

template <int C, class T, class S>
FASTDL_INLINE void move(const AugmentShape& s, const AugmentDraw& d, const S* x, T* y) {
  if (d.whole)
    move_whole<C>(s, d, x, y);
  else
    move_between<C>(s, d, x, y);
}

// --- colours --------------------------------------------------------------------------------------------------------
template <class T>
struct Colour {
  Vec<T> red, green, blue;
  FASTDL_INLINE Vec<T> grey() const {  // ITU-R BT.601
    return T(0.299) * red + T(0.587) * green + T(0.114) * blue;
  }
};

// change(Colour) for all pixels (n, 3).
template <class T, class Change>
FASTDL_INLINE void each_colour(std::int64_t n, T* x, Change change) {
  alignas(64) T part[3][lanes<T>];
  for (std::int64_t i = 0; i < n; i += lanes<T>, x += 3 * lanes<T>) {
    const int count = int(least<std::int64_t>(lanes<T>, n - i));
    for (int l = 0; l < count; l++)
      for (int k = 0; k < 3; k++) part[k][l] = x[3 * l + k];
    for (int l = count; l < lanes<T>; l++)
      for (int k = 0; k < 3; k++) part[k][l] = 0;
    Colour<T> p{load(part[0]), load(part[1]), load(part[2])};
    change(p);
    store(part[0], p.red), store(part[1], p.green), store(part[2], p.blue);
    for (int l = 0; l < count; l++)
      for (int k = 0; k < 3; k++) x[3 * l + k] = part[k][l];
  }
}

// The mean grey value, of other than three channels the mean of all.
template <class T>
FASTDL_INLINE double mean_of(std::int64_t pixels, int c, const T* x) {
  double sum = 0;
  if (c == 3) {
    for (std::int64_t i = 0; i < 3 * pixels; i += 3) sum += T(0.299) * x[i] + T(0.587) * x[i + 1] + T(0.114) * x[i + 2];
    return sum / double(pixels);
  }
  return sum_in_order(pixels * c, x) / double(pixels * c);
}

// Hue turned as in HSV (Smith 1978), by chroma instead of saturation: the values may have any range.
template <class T>
FASTDL_INLINE void turn_hue(Colour<T>& p, T turns) {
  const Vec<T> top = vmax(vmax(p.red, p.green), p.blue), chroma = top - vmin(vmin(p.red, p.green), p.blue);
  const Vec<T> one = splat(T(1)), divisor = chroma == 0 ? one : chroma;
  const Vec<T> hue = (p.red == top     ? (p.green - p.blue) / divisor
                      : p.green == top ? (p.blue - p.red) / divisor + 2
                                       : (p.red - p.green) / divisor + 4) +
                     6 * turns;  // in sixths of a turn, -4 to 8
  const auto channel = [&](T start) {
    Vec<T> k = hue + start;
    k = k < 0 ? k + 6 : k;
    k = k >= 6 ? k - 6 : k;
    k = k >= 6 ? k - 6 : k;
    return top - chroma * vmax(vmin(vmin(k, 4 - k), one), splat(T(0)));
  };
  p = {channel(5), channel(3), channel(1)};
}

template <class T>
FASTDL_INLINE void colour(const AugmentShape& s, const AugmentDraw& d, T* y) {
  const std::int64_t pixels = std::int64_t(s.oh) * s.ow;
  if (d.brightness != 1 || d.contrast != 1) {
    const double mean = d.contrast == 1 ? 0 : d.brightness * mean_of(pixels, s.c, y);
    const T factor = T(d.brightness * d.contrast), shift = T((1 - d.contrast) * mean);
    for (std::int64_t i = 0; i < pixels * s.c; i++) y[i] = factor * y[i] + shift;
  }
  if (d.saturation != 1)
    each_colour<T>(pixels, y, [&](Colour<T>& p) {
      const Vec<T> grey = p.grey();
      const T factor = T(d.saturation);
      p = {grey + factor * (p.red - grey), grey + factor * (p.green - grey), grey + factor * (p.blue - grey)};
    });
  if (d.hue != 0) each_colour<T>(pixels, y, [&](Colour<T>& p) { turn_hue(p, T(d.hue)); });
}

// --- one sample -----------------------------------------------------------------------------------------------------
// Block b of 64 values has the words of block b + 1; block 0 is for the draws.
template <class T>
FASTDL_INLINE void add_normal(const RandomKey& key, const AugmentDraw& d, std::int64_t count, T* y) {
  const Philox philox(key);
  std::uint32_t word[philox_block];
  alignas(64) T normal[philox_block];
  for (std::int64_t first = 0; first < count; first += philox_block) {
    philox.block(d.sample, std::uint32_t(first / philox_block + 1), word);
    for (int j = 0; j < philox_block; j += lanes<T>)
      store(normal + j, T(d.noise) * normal_draw<T>(load_random<T>(word + j)));
    const int size = int(least<std::int64_t>(philox_block, count - first));
    for (int j = 0; j < size; j++) y[first + j] += normal[j];
  }
}

template <class T, class S>
FASTDL_INLINE void augment_sample(const AugmentShape& s, const RandomKey& key, const AugmentDraw& d, const S* x, T* y) {
  const std::int64_t count = std::int64_t(s.oh) * s.ow * s.c;
  const S* from = x + d.sample * s.h * s.w * s.c;
  switch (s.c) {
    case 1: move<1>(s, d, from, y); break;
    case 3: move<3>(s, d, from, y); break;
    default: move<0>(s, d, from, y);
  }
  colour(s, d, y);
  if (d.noise != 0) add_normal(key, d, count, y);
  if constexpr (sizeof(S) == 1)  // pixels of 8 bits stay in their range
    for (std::int64_t i = 0; i < count; i++) y[i] = y[i] < 0 ? T(0) : y[i] > 255 ? T(255) : y[i];
  for (int i = d.cut_top; i < d.cut_bottom; i++)
    for (std::int64_t e = std::int64_t(d.cut_left) * s.c; e < std::int64_t(d.cut_right) * s.c; e++)
      y[std::int64_t(i) * s.ow * s.c + e] = 0;
}

template <class T>
void augment(const Team& team, const Samples& x, const AugmentShape& s, const RandomKey& key, const AugmentDraw* draws,
             int n, T* room, T* y) {
  with_source(x, [&](const auto* data) {
    const std::int64_t count = std::int64_t(s.oh) * s.ow * s.c;
    const Range part = team.share(n);
    T* other = room + team.rank * count;
    for (std::int64_t i = part.begin; i < part.end; i++) {
      T* own = y + i * count;
      augment_sample(s, key, draws[i], data, own);
      if (draws[i].weight == 1) continue;
      augment_sample(s, key, draws[n + i], data, other);
      const T a = T(draws[i].weight), b = 1 - a;
      for (std::int64_t e = 0; e < count; e++) own[e] = a * own[e] + b * other[e];
    }
    team.sync();
  });
}

// --- the middle of images, for use ----------------------------------------------------------------------------------
template <class T>
void crop_forward(const Team& team, const CropShape& s, const T* x, T* y) {
  const std::int64_t run = std::int64_t(s.ow) * s.run;
  const Range part = team.share(s.planes * s.oh);
  for (std::int64_t u = part.begin; u < part.end; u++) {
    const std::int64_t row = u / s.oh * s.h + s.top + u % s.oh;
    __builtin_memcpy(y + u * run, x + (row * s.w + s.left) * s.run, run * sizeof(T));
  }
  team.sync();
}

// dx: dy in the middle, zeros around it
template <class T>
void crop_backward(const Team& team, const CropShape& s, const T* dy, T* dx) {
  const std::int64_t run = std::int64_t(s.ow) * s.run, whole = std::int64_t(s.w) * s.run;
  const Range part = team.share(s.planes * s.h);
  for (std::int64_t u = part.begin; u < part.end; u++) {
    const std::int64_t row = u % s.h - s.top;
    __builtin_memset(dx + u * whole, 0, whole * sizeof(T));
    if (row < 0 || row >= s.oh) continue;
    __builtin_memcpy(dx + u * whole + std::int64_t(s.left) * s.run, dy + (u / s.h * s.oh + row) * run, run * sizeof(T));
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
