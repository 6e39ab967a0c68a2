// pixel_shuffle: the channels of a pixel as a square of pixels (Shi et al. 2016), and back.
#pragma once

#include "kernels/cpu/vec.hpp"
#include "kernels/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// body(offset in the small image, offset in the large one), both in vectors of samples.
template <class T, class Body>
FASTDL_INLINE void each_shuffled(const Team& team, const PixelShuffleShape& s, Body body) {
  const std::int64_t r = s.factor, squares = r * r, w = s.w, pixels = std::int64_t(s.h) * w;
  const Range part = team.share(std::int64_t(ceil_div(s.n, lanes<T>)) * s.c);
  for (std::int64_t p = part.begin; p < part.end; p++)
    for (std::int64_t y = 0, at = 0; y < s.h; y++)
      for (std::int64_t i = 0; i < r; i++)
        for (std::int64_t x = 0; x < w; x++)
          for (std::int64_t j = 0; j < r; j++, at++)
            body((p * squares + i * r + j) * pixels + y * w + x, p * pixels * squares + at);
  team.sync();
}

// A sample alone: a thread takes some rows of the large image.
template <class T>
void pixel_shuffle_lone(const Team& team, const PixelShuffleShape& s, const T* x, T* y) {
  const std::int64_t r = s.factor, squares = r * r;
  const Range rows = team.share(s.h * r);
  for (std::int64_t row = rows.begin; row < rows.end; row++) {
    const T* from = x + row / r * s.w * s.c * squares + row % r * r;
    T* to = y + row * s.w * r * s.c;
    for (int i = 0; i < s.w; i++, from += s.c * squares)
      for (int j = 0; j < r; j++)
        for (int p = 0; p < s.c; p++) *to++ = from[p * squares + j];
  }
  team.sync();
}

template <class T>
void pixel_shuffle_forward(const Team& team, const PixelShuffleShape& s, const T* x, T* y) {
  if (s.lone) return pixel_shuffle_lone(team, s, x, y);
  each_shuffled<T>(team, s, [&](std::int64_t small, std::int64_t large) {
    store(y + large * lanes<T>, load(x + small * lanes<T>));
  });
}

template <class T>
void pixel_shuffle_backward(const Team& team, const PixelShuffleShape& s, const T* dy, T* dx) {
  each_shuffled<T>(team, s, [&](std::int64_t small, std::int64_t large) {
    store(dx + small * lanes<T>, load(dy + large * lanes<T>));
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
