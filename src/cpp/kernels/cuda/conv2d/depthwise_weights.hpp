// The weights' gradient where each group has one channel: a block the sums of 32 filters at one tap over a stretch of
// outputs, and those of dy itself at one tap more.
#pragma once

#include "kernels/cuda/conv2d/sum_parts.hpp"
#include "kernels/cuda/conv2d/window.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
__global__ void depthwise_weights(Shape2D s, const T* x, const T* dy, Parts<T> parts) {
  const Images<T> images = images_of(s, x, 0);
  SHARED(T, sums, [8][32]);
  const int lane = int(threadIdx.x) % 32, first = int(threadIdx.x) / 32;
  const int f = int(blockIdx.x) * 32 + lane, tap = int(blockIdx.y), stretch = int(blockIdx.z);
  const int taps = images.kh * images.kw, a = tap / images.kw, b = tap % images.kw;
  const std::int64_t begin = stretch * parts.length, end = least(images.rows(), begin + parts.length);
  T sum = 0;
  if (f < parts.f) {
    const int c = f / (parts.f / images.pitch);
    Output at = output_of(begin + first, images.oh, images.ow);
    const Output step = output_of(8, images.oh, images.ow);
    for (std::int64_t i = begin + first; i < end; i += 8, go_on(at, step, images.oh, images.ow)) {
      const T* from = tap < taps ? images.seen(images.row(at), a, b) : nullptr;
      const T value = tap == taps ? T(1) : from ? from[c] : T(0);
      sum += value * dy[i * parts.f + f];
    }
  }
  sums[first][lane] = sum;
  __syncthreads();
  if (first || f >= parts.f) return;
  for (int k = 1; k < 8; k++) sum += sums[k][lane];
  (tap < taps ? parts.dw(stretch) + std::int64_t(tap) * parts.f : parts.db(stretch))[f] = sum;
}

template <class T>
void depthwise_backward_weights(const Team& team, const Conv2DShape& s, const T* x, const T* dy, T* dw, T* db) {
  const int taps = s.kh * s.kw;
  const Parts<T> parts = parts_of(team, std::int64_t(s.n) * s.oh * s.ow, taps, s.f, ceil_div(s.f, 32) * taps, dw, db);
  launch(
      {{unsigned(ceil_div(s.f, 32)), unsigned(taps + (db != nullptr)), unsigned(parts.count)}, 256, 0, stream_of(team)},
      depthwise_weights<T>, shape_of(s), x, dy, parts);
  sum_parts(team, parts, dw, db);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
