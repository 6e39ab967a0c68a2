// conv2d's forward for a sample alone where each channel has one kernel of its own: channels fill the lanes of x (h*w,
// c) and y (oh*ow, c), and of w (kh, kw, 1, c) as it is.
#pragma once

#include "kernels/conv2d.hpp"
#include "kernels/cpu/conv2d/band.hpp"
#include "kernels/cpu/conv2d/tile.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

FASTDL_INLINE bool lone_depthwise_fits(const Conv2DShape& s) { return s.groups > 1 && s.groups == s.c && s.f == s.c; }

// One vector of channels of a pixel: from the tap (0, 0), which may lie outside, over those that lie inside.
template <class T>
FASTDL_INLINE Vec<T> depthwise_sum(const Conv2DShape& s, Range rows, Range columns, const T* x, const T* w, int count) {
  const auto get = [&](const T* p) { return count < lanes<T> ? load_part(p, count) : load(p); };
  Vec<T> sum{};
  for (std::int64_t a = rows.begin; a < rows.end; a++)
    for (std::int64_t b = columns.begin; b < columns.end; b++)
      sum += get(w + (a * s.kw + b) * s.c) * get(x + (a * s.dh * s.w + b * s.dw) * s.c);
  return sum;
}

template <class T>
void lone_depthwise(const Team& team, const Conv2DShape& s, const T* x, const T* w, const T* bias, T* y) {
  const int runs = ceil_div(s.c, lanes<T>);
  const int first = ceil_div(s.left, s.sw);  // of the columns that meet all taps, and the one behind the last
  const int room = s.w - 1 + s.left - (s.kw - 1) * s.dw, last = room < 0 ? 0 : room / s.sw + 1;
  const Range mine = team.share(std::int64_t(s.oh) * runs);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const int i = unit / runs, c = unit % runs * lanes<T>, count = least(s.c - c, lanes<T>);
    const Range rows = taps_inside(i, i + 1, s.h, s.kh, s.sh, s.dh, s.top);
    const T* from = x + (std::int64_t(i * s.sh - s.top) * s.w - s.left) * s.c + c;
    T* to = y + std::int64_t(i) * s.ow * s.c + c;
    const Vec<T> b = !bias ? Vec<T>{} : count < lanes<T> ? load_part(bias + c, count) : load(bias + c);
    for (int j = 0; j < s.ow; j++, from += s.sw * s.c, to += s.c) {
      const bool whole = j >= first && j < last;
      const Range columns = whole ? Range{0, s.kw} : taps_inside(j, j + 1, s.w, s.kw, s.sw, s.dw, s.left);
      // A count that is known makes the loads whole.
      const Vec<T> sum = count < lanes<T> ? depthwise_sum(s, rows, columns, from, w + c, count)
                                          : depthwise_sum(s, rows, columns, from, w + c, lanes<T>);
      const Vec<T> value = bias ? sum + b : sum;
      count < lanes<T> ? store_part(to, value, count) : store(to, value);
    }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
