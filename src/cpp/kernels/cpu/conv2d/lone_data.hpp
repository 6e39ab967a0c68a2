// conv2d's backward to the data for a sample alone, a transposed convolution's forward: dy (oh*ow, f), dx (h*w, c).
// Outputs a stride apart meet the same taps and are a convolution of stride 1 over dy (conv2d.hpp, Phase), which goes
// one of the ways of lone.hpp; then they are put between each other.
#pragma once

#include "kernels/cpu/conv2d/conv2d.hpp"
#include "kernels/cpu/conv2d/lone.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

struct LonePhase {
  Phase down, across;
  Conv2DShape shape;                    // of that convolution; without taps its outputs are the bias
  int row, column;                      // of dx, the first ones
  std::int64_t outputs, weights, form;  // where its outputs are, its weights, and these in the form that it takes
  std::int64_t form_size;
  bool is_empty() const { return down.taps * across.taps == 0; }
};

// Calls each(phase) for every phase; returns the elements of all their weights and forms.
template <class T, class Each>
std::int64_t each_lone_phase(const Conv2DShape& s, Each each) {
  std::int64_t outputs = 0, weights = 0;
  each_phase<T>(s, [&](const Correlation& r, const Phase& down, const Phase& across, int i, int j, std::int64_t) {
    LonePhase p{down, across, s, i, j, outputs, weights, 0, 0};
    p.shape = {.n = 1,
               .h = r.h,
               .w = r.w,
               .c = s.f,
               .oh = r.oh,
               .ow = r.ow,
               .f = s.c,
               .kh = r.kh,
               .kw = r.kw,
               .sh = 1,
               .sw = 1,
               .dh = r.dh,
               .dw = r.dw,
               .top = r.top,
               .left = r.left,
               .groups = s.groups,
               .direct = true};
    p.form = weights + std::int64_t(r.kh) * r.kw * (s.f / s.groups) * s.c;
    p.form_size = p.is_empty() ? 0 : conv2d_lone_kept<T>(p.shape);
    each(p);
    outputs += std::int64_t(r.oh) * r.ow * s.c, weights = p.form + p.form_size;
  });
  return weights;
}

// w (kh, kw, c/groups, f) of the layer as (taps, f/groups, c), the taps in the opposite order; a thread takes some rows
template <class T>
void turn_weights(const Team& team, const Conv2DShape& s, const LonePhase& p, const T* w, T* turned) {
  const int c = s.c / s.groups, f = s.f / s.groups;
  const Range mine = team.share(std::int64_t(p.down.taps) * p.across.taps * f);
  for (std::int64_t unit = mine.begin; unit < mine.end; unit++) {
    const int tap = unit / f, a = p.down.first + (p.down.taps - 1 - tap / p.across.taps) * p.down.step;
    const int b = p.across.first + (p.across.taps - 1 - tap % p.across.taps) * p.across.step;
    for (int g = 0; g < s.groups; g++) {
      const T* from = w + (std::int64_t(a) * s.kw + b) * c * s.f + g * f + unit % f;
      T* to = turned + unit * s.c + g * c;
      for (int i = 0; i < c; i++) to[i] = from[std::int64_t(i) * s.f];
    }
  }
}

template <class T>
bool lone_data_by_winograd(const Conv2DShape& s) {
  const Winograd r = winograd_data<T>(s);
  return winograd_type<T> && winograd_fits(s) && winograd_pays(r, r.f);
}

// Weights of all phases and their forms; or Winograd's.
template <class T>
std::size_t conv2d_lone_data_kept(const Conv2DShape& whole) {
  Conv2DShape s = whole;
  s.n = 1;
  if (lone_data_by_winograd<T>(s)) return winograd_points * weights_step<T>(winograd_data<T>(s));
  return each_lone_phase<T>(s, [](const LonePhase&) {});
}

template <class T>
void conv2d_lone_data_keep(const Team& team, const Conv2DShape& s, const T* w, T* kept) {
  if (lone_data_by_winograd<T>(s)) return transform_weights(team, winograd_data<T>(s), w, kept), team.sync();
  each_lone_phase<T>(s, [&](const LonePhase& p) { turn_weights(team, s, p, w, kept + p.weights); });
  team.sync();
  each_lone_phase<T>(s, [&](const LonePhase& p) {
    if (p.form_size > 0) conv2d_lone_keep(team, p.shape, kept + p.weights, kept + p.form);
  });
}

// Elements up to the next part of scratch, which may begin with offsets that are wider than a T.
FASTDL_INLINE std::int64_t part_of_scratch(std::int64_t count) { return ceil_div<std::int64_t>(count, 16) * 16; }

template <class T>
void conv2d_lone_data(const Team& team, const Conv2DShape& s, const T* dy, const T* w, const T* b, const T* kept, T* dx,
                      T* scratch) {
  if (lone_data_by_winograd<T>(s))
    return lone_winograd<T>(team, winograd_data<T>(s), dy, w, Finish<T>{b}, kept, dx, scratch);
  if (!kept) {
    conv2d_lone_data_keep(team, s, w, scratch);
    kept = scratch, scratch += part_of_scratch(conv2d_lone_data_kept<T>(s));
  }
  const bool one = s.sh == 1 && s.sw == 1;
  T* const outputs = one ? dx : scratch;
  T* const space = one ? scratch : scratch + part_of_scratch(std::int64_t(s.h) * s.w * s.c + lanes<T>);
  each_lone_phase<T>(s, [&](const LonePhase& p) {
    if (!p.is_empty())
      conv2d_lone_forward<T>(team, p.shape, dy, kept + p.weights, b, false, p.form_size > 0 ? kept + p.form : nullptr,
                             outputs + p.outputs, space);
  });
  if (one) return;
  each_lone_phase<T>(s, [&](const LonePhase& p) {
    const Range mine = team.share(p.shape.oh);
    for (std::int64_t i = mine.begin; i < mine.end; i++)
      for (int j = 0; j < p.shape.ow; j++) {
        T* to = dx + ((p.row + i * s.sh) * s.w + p.column + j * s.sw) * s.c;
        const T* from = outputs + p.outputs + (i * p.shape.ow + j) * s.c;
        if (!p.is_empty())
          __builtin_memcpy(to, from, s.c * sizeof(T));
        else
          for (int k = 0; k < s.c; k++) to[k] = b ? b[k] : T(0);
      }
  });
  team.sync();
}

template <class T>
std::size_t conv2d_lone_data_scratch(const Conv2DShape& whole, int threads) {
  Conv2DShape s = whole;
  s.n = 1;
  if (lone_data_by_winograd<T>(s)) return lone_winograd_scratch<T>(winograd_data<T>(s), threads);
  std::size_t space = 0;
  const std::int64_t weights = each_lone_phase<T>(s, [&](const LonePhase& p) {
    if (!p.is_empty()) space = most(space, conv2d_lone_scratch<T>(p.shape, threads));
  });
  return part_of_scratch(weights) + part_of_scratch(std::int64_t(s.h) * s.w * s.c + lanes<T>) + space;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
