// pixel_shuffle: the channels of a pixel as a square of pixels (Shi et al. 2016), and back.
#pragma once

#include "kernels/cpu/vec.hpp"
#include "kernels/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// body(offset in the small image, offset in the large one), both in vectors of samples, or for a lone sample in values.
template <class T, class Body>
FASTDL_INLINE void each_shuffled(const Team& team, const PixelShuffleShape& s, Body body) {
  const std::int64_t r = s.factor, squares = r * r, w = s.w, pixels = std::int64_t(s.h) * w;
  const Range part = team.share(std::int64_t(s.lone ? 1 : ceil_div(s.n, lanes<T>)) * s.c);
  for (std::int64_t p = part.begin; p < part.end; p++)
    for (std::int64_t y = 0, at = 0; y < s.h; y++)
      for (std::int64_t i = 0; i < r; i++)
        for (std::int64_t x = 0; x < w; x++)
          for (std::int64_t j = 0; j < r; j++, at++) {
            const std::int64_t pixel = y * w + x, square = i * r + j;
            if (s.lone)
              body((pixel * s.c + p) * squares + square, at * s.c + p);
            else
              body((p * squares + square) * pixels + pixel, p * pixels * squares + at);
          }
  team.sync();
}

template <class T>
void pixel_shuffle_forward(const Team& team, const PixelShuffleShape& s, const T* x, T* y) {
  each_shuffled<T>(team, s, [&](std::int64_t small, std::int64_t large) {
    if (s.lone)
      y[large] = x[small];
    else
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
