// Bands: the rows of the input below some rows of outputs, made easy to read: the padding written out as zeros, and
// columns that are a stride apart set side by side. Otherwise the input is read where it lies.
#pragma once

#include "kernels/conv2d.hpp"
#include "kernels/cpu/vec.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int band_bytes = 256 * 1024;  // stays in L2 beside the weights
constexpr int band_limit = band_bytes / FASTDL_VECTOR_BYTES;

// The geometry that forward, backward_data and backward_weights share.
struct Window {
  int h, w;    // input
  int oh, ow;  // output
  int kh, kw, sh, sw, dh, dw, top, left;

  int reach_h() const { return (kh - 1) * dh + 1; }  // from the first to the last tap
  int reach_w() const { return (kw - 1) * dw + 1; }
  int input_rows(int rows) const { return (rows - 1) * sh + reach_h(); }  // below so many rows of outputs
  // A row of a band: for each remainder of the column by the stride that some tap meets, a run of columns.
  int run() const { return ow + (reach_w() - 1) / sw; }
  int row_vectors() const { return least(sw, reach_w()) * run(); }

  bool in_place() const {
    return sw == 1 && top <= 0 && left <= 0 && input_rows(oh) - top <= h && ow - 1 + reach_w() - left <= w;
  }
  // Vectors from the first tap to tap (a, b).
  int tap(int a, int b) const { return a * dh * (in_place() ? w : row_vectors()) + b * dw % sw * run() + b * dw / sw; }
};

// What forward and backward_data come down to; see correlate.hpp.
struct Correlation : Window {
  int blocks, groups;
  int c, f;                             // channels in and out of one group
  std::int64_t y_plane, y_row, y_step;  // from one channel, row, column of the output to the next

  // One tap, and no output without it: tiles take their pixels from where they lie.
  bool is_pointwise() const {
    return kh * kw == 1 && top <= 0 && left <= 0 && input_rows(oh) - top <= h && (ow - 1) * sw + 1 - left <= w;
  }
};

FASTDL_INLINE Window window_of(const Conv2DShape& s) {
  return {.h = s.h,
          .w = s.w,
          .oh = s.oh,
          .ow = s.ow,
          .kh = s.kh,
          .kw = s.kw,
          .sh = s.sh,
          .sw = s.sw,
          .dh = s.dh,
          .dw = s.dw,
          .top = s.top,
          .left = s.left};
}

// One axis: the taps that meet the input from some of the outputs [first, last).
FASTDL_INLINE Range taps_inside(int first, int last, int size, int kernel, int stride, int dilation, int pad) {
  const int before = pad - (last - 1) * stride, room = size + pad - first * stride;
  const int begin = before <= 0 ? 0 : least(ceil_div(before, dilation), kernel);
  const int end = room > (kernel - 1) * dilation ? kernel : room <= 0 ? 0 : ceil_div(room, dilation);
  return {begin, most(begin, end)};
}

template <class T>
struct Band {
  const T* at;                // the first tap of the first output
  std::int64_t channel, row;  // from one to the next
};

template <class T>
FASTDL_INLINE T* zero_vectors(T* to, int count) {
  for (int i = 0; i < count; i++, to += lanes<T>) store(to, Vec<T>{});
  return to;
}
template <class T>
FASTDL_INLINE T* copy_vectors(T* to, const T* from, int count, int stride) {
  for (int i = 0; i < count; i++, to += lanes<T>, from += stride * lanes<T>) store(to, load(from));
  return to;
}

// The maps x (channels, h, w, lanes) as they lie, from the output row `first` on.
template <class T>
Band<T> band_in_place(const Window& s, const T* x, int first) {
  const std::int64_t row = std::int64_t(s.w) * lanes<T>;
  return {x + (first * s.sh - s.top) * row - s.left * lanes<T>, s.h * row, row};
}

// The band below the output rows [first, first + rows) of maps x (channels, h, w, lanes).
template <class T>
Band<T> band_of(const Window& s, const T* x, int channels, int first, int rows, T* space) {
  if (s.in_place()) return band_in_place(s, x, first);
  const int top = first * s.sh - s.top, height = s.input_rows(rows);
  const std::int64_t row = std::int64_t(s.w) * lanes<T>;
  T* to = space;
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < height; i++) {
      if (i % s.sh >= s.reach_h()) {  // between the kernels
        to += s.row_vectors() * lanes<T>;
        continue;
      }
      const T* from = x + (std::int64_t(c) * s.h + top + i) * row;
      const bool inside = top + i >= 0 && top + i < s.h;
      for (int remainder = 0; remainder < least(s.sw, s.reach_w()); remainder++) {
        const int start = remainder - s.left;  // column of the input; begin to end of the run lie inside
        const int begin = inside && start < 0 ? least(ceil_div(-start, s.sw), s.run()) : 0;
        const int end = inside && start < s.w ? most(least(ceil_div(s.w - start, s.sw), s.run()), begin) : begin;
        to = zero_vectors(to, begin);
        to = copy_vectors(to, from + (start + begin * s.sw) * lanes<T>, end - begin, s.sw);
        to = zero_vectors(to, s.run() - end);
      }
    }
  const std::int64_t band_row = std::int64_t(s.row_vectors()) * lanes<T>;
  return {space, height * band_row, band_row};
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
