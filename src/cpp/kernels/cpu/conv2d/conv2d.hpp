// conv2d: x images, w (kh, kw, c/groups, f), b (f,), y images. Forward and the data's gradient are correlations
// (correlate.hpp) with weights packed at each call, or go by Winograd (choice.hpp); the weights' gradient is in
// gradient.hpp.
#pragma once

#include "kernels/cpu/conv2d/choice.hpp"
#include "kernels/cpu/conv2d/correlate.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Room for them in front of the bands, in whole cache lines.
FASTDL_INLINE std::int64_t packed_weights(const Conv2DShape& s) {
  return ceil_div<std::int64_t>(std::int64_t(s.kh) * s.kw * (s.c / s.groups) * s.f, 16) * 16;
}

template <class T>
Correlation forward_correlation(const Conv2DShape& s) {
  Correlation r{window_of(s),
                ceil_div(s.n, lanes<T>),
                s.groups,
                s.c / s.groups,
                s.f / s.groups,
                std::int64_t(s.oh) * s.ow * lanes<T>,
                std::int64_t(s.ow) * lanes<T>,
                lanes<T>};
  // A 1x1 kernel does not see the rows: join them, up to 64 columns, so that narrow maps fill the tiles too.
  if (s.kh == 1 && s.kw == 1 && s.sh == 1 && s.sw == 1 && r.in_place() && s.h == s.oh && s.w == s.ow) {
    int joined = s.oh;
    while (joined > 1 && (s.oh % joined != 0 || joined * s.ow > 64)) joined--;
    r.h = r.oh = s.oh / joined, r.w = r.ow = s.ow * joined;
    r.y_row *= joined;
  }
  return r;
}

template <class T>
void conv2d_forward(const Team& team, const Conv2DShape& s, const T* x, const T* w, const T* b, bool relu, T* y,
                    T* scratch) {
  const Finish<T> finish{b, relu};
  if constexpr (winograd_type<T>)
    if (const Winograd r = winograd_forward<T>(s, tiles_together<T>(s.n)); winograd_fits(s) && winograd_pays(r, r.f))
      return winograd(team, r, x, w, finish, y, scratch);
  const Correlation r = forward_correlation<T>(s);
  const std::int64_t f = s.f, c = r.c;
  pack_weights<T>(team, r, {w, r.f, f, s.kw * c * f, c * f, 1}, scratch);
  team.sync();
  correlate<T>(team, r, x, scratch, finish, y, scratch + packed_weights(s) + team.rank * correlate_space<T>(r));
  team.sync();
}

// One axis of backward_data. dx[p] = sum over a of dy[(p + pad - a*dilation) / stride] * w[a] where the division is
// exact. All p = phase + t*stride meet the same taps a = first + u*step, and form a correlation of stride 1 over dy.
struct Phase {
  int outputs;            // values of t
  int first, step, taps;  // which a
  int dilation, pad;      // of that correlation, whose taps come in the opposite order
};
inline int common_divisor(int a, int b) { return b == 0 ? a : common_divisor(b, a % b); }
inline Phase phase_of(int phase, int size, int kernel, int stride, int dilation, int pad) {
  const int step = stride / common_divisor(stride, dilation);  // the first multiple of dilation that is one of stride
  Phase r{ceil_div(size - phase, stride), 0, step, 0, 1, 0};
  while (r.first < kernel && (phase + pad - r.first * dilation) % stride != 0) r.first++;
  if (r.first >= kernel) return r;  // no tap meets these: their gradient is zero
  r.taps = ceil_div(kernel - r.first, r.step);
  r.dilation = dilation / (stride / step);
  r.pad = (r.taps - 1) * r.dilation - (phase + pad - r.first * dilation) / stride;
  return r;
}

template <class T>
Correlation data_correlation(const Conv2DShape& s, const Phase& down, const Phase& across) {
  const Window window{.h = s.oh,
                      .w = s.ow,
                      .oh = down.outputs,
                      .ow = across.outputs,
                      .kh = down.taps,
                      .kw = across.taps,
                      .sh = 1,
                      .sw = 1,
                      .dh = down.dilation,
                      .dw = across.dilation,
                      .top = down.pad,
                      .left = across.pad};
  return {window,
          ceil_div(s.n, lanes<T>),
          s.groups,
          down.taps * across.taps > 0 ? s.f / s.groups : 1,  // or there is nothing to go through
          s.c / s.groups,
          std::int64_t(s.h) * s.w * lanes<T>,
          std::int64_t(s.sh) * s.w * lanes<T>,
          std::int64_t(s.sw) * lanes<T>};
}

// Calls each(correlation, down, across, row, column, offset of its packed weights) for every phase.
template <class T, class Each>
FASTDL_INLINE void each_phase(const Conv2DShape& s, Each each) {
  std::int64_t offset = 0;
  for (int i = 0; i < least(s.sh, s.h); i++)
    for (int j = 0; j < least(s.sw, s.w); j++) {
      const Phase down = phase_of(i, s.h, s.kh, s.sh, s.dh, s.top);
      const Phase across = phase_of(j, s.w, s.kw, s.sw, s.dw, s.left);
      each(data_correlation<T>(s, down, across), down, across, i, j, offset);
      offset += std::int64_t(down.taps) * across.taps * (s.c / s.groups) * s.f;
    }
}

// Elements of a thread's space, whatever the phase: the threads need not meet between phases.
template <class T>
std::int64_t data_space(const Conv2DShape& s) {
  std::int64_t space = 0;
  each_phase<T>(s, [&](const Correlation& r, const Phase&, const Phase&, int, int, std::int64_t) {
    space = most(space, correlate_space<T>(r));
  });
  return space;
}

template <class T>
void conv2d_backward_data(const Team& team, const Conv2DShape& s, const T* dy, const T* w, const T* b, T* dx,
                          T* scratch) {
  if constexpr (winograd_type<T>)
    if (const Winograd r = winograd_data<T>(s, tiles_together<T>(s.n)); winograd_fits(s) && winograd_pays(r, r.f))
      return winograd<T>(team, r, dy, w, {b}, dx, scratch);
  const std::int64_t f = s.f, c = s.c / s.groups;
  T* space = scratch + packed_weights(s) + team.rank * data_space<T>(s);
  each_phase<T>(s, [&](const Correlation& r, const Phase& down, const Phase& across, int, int, std::int64_t offset) {
    const int i = down.first + (down.taps - 1) * down.step, j = across.first + (across.taps - 1) * across.step;
    const T* last = w + (std::int64_t(i) * s.kw + j) * c * f;
    pack_weights<T>(team, r, {last, r.c, 1, -down.step * s.kw * c * f, -across.step * c * f, f}, scratch + offset);
  });
  team.sync();
  each_phase<T>(s, [&](const Correlation& r, const Phase&, const Phase&, int i, int j, std::int64_t offset) {
    T* out = dx + (std::int64_t(i) * s.w + j) * lanes<T>;
    correlate<T>(team, r, dy, scratch + offset, {b}, out, space);
  });
  team.sync();
}

// For either: the packed weights and a space for each thread, or what Winograd needs.
template <class T>
std::size_t conv2d_scratch(const Conv2DShape& s, int threads) {
  const Correlation forward = forward_correlation<T>(s);
  const std::int64_t space = most(correlate_space<T>(forward), data_space<T>(s));
  std::int64_t count = packed_weights(s) + threads * space;
  if constexpr (winograd_type<T>) {
    if (!winograd_fits(s)) return count;
    const Winograd y = winograd_forward<T>(s, tiles_together<T>(s.n)), dx = winograd_data<T>(s, tiles_together<T>(s.n));
    if (winograd_pays(y, y.f)) count = most(count, winograd_scratch<T>(y, threads));
    if (winograd_pays(dx, dx.f)) count = most(count, winograd_scratch<T>(dx, threads));
  }
  return count;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
