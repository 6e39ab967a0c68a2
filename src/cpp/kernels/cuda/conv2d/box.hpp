// Boxes of images on their way to shared memory.
#pragma once

#include <async_copy.hpp>
#include "kernels/cuda/conv2d/window.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// output_of by divisions of 32 bits.
FASTDL_INLINE Output place_in(int number, int rows, int columns) {
  const int row = number / columns, n = row / rows;
  return {n, row - n * rows, number - row * columns};
}

// Copies boxes of images (n, h, w, pitch) to shared memory, with zeros where a box lies outside.
template <int THREADS>
struct BoxWalk {
  Output at, step;
  int c, step_c;
  template <int V>
  __device__ void begin(const Output& box, int channels) {
    const int lanes = channels / V, first = int(threadIdx.x);
    at = place_in(first / lanes, box.i, box.j), c = first % lanes * V;
    step = place_in(THREADS / lanes, box.i, box.j), step_c = THREADS % lanes * V;
  }
  template <int V>
  __device__ void copy(float* to, int to_pitch, const float* from, const Output& images, int pitch,
                       const Output& corner, const Output& box, int channels) const {
    BoxWalk now = *this;
    while (now.at.n < box.n) {
      const int n = corner.n + now.at.n, i = corner.i + now.at.i, j = corner.j + now.at.j;
      const bool inside = n < images.n && unsigned(i) < unsigned(images.i) && unsigned(j) < unsigned(images.j);
      const std::int64_t pixel = std::int64_t(n) * (images.i * images.j) + (i * images.j + j);
      copy_async<V * 4>(to + ((now.at.n * box.i + now.at.i) * box.j + now.at.j) * to_pitch + now.c,
                        inside ? from + pixel * pitch + now.c : from, inside);
      now.c += step_c;
      if (now.c >= channels) now.c -= channels, now.at.j++;
      go_on(now.at, step, box.i, box.j);
    }
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
