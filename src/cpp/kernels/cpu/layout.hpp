// Into the program's layouts and out of them.
#pragma once

#include "kernels/cpu/vec.hpp"
#include "kernels/layout.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int layout_tile = 64;  // elements of a sample that are turned at once, on the stack

// --- the user's samples ---------------------------------------------------------------------------------------------
// body(pointer to the elements in their own type)
template <class Body>
FASTDL_INLINE void with_source(const Samples& x, Body body) {
  switch (x.type) {
    case DType::u8: return body(static_cast<const std::uint8_t*>(x.data));
    case DType::i32: return body(static_cast<const std::int32_t*>(x.data));
    case DType::f32: return body(static_cast<const float*>(x.data));
    case DType::f64: return body(static_cast<const double*>(x.data));
  }
}

template <class T>
void gather_rows(const Team& team, const Samples& x, const std::int64_t* order, int n, T* y) {
  with_source(x, [&](const auto* data) {
    Range part = team.share(n);
    for (std::int64_t i = part.begin; i < part.end; i++) {
      T* row = y + i * x.features;
      const std::int64_t sample = order[i];
      if (!x.indptr) {
        const auto* from = data + sample * x.features;
        for (std::int64_t j = 0; j < x.features; j++) row[j] = T(from[j]);
      } else {
        for (std::int64_t j = 0; j < x.features; j++) row[j] = 0;
        for (std::int64_t k = x.indptr[sample]; k < x.indptr[sample + 1]; k++) row[x.indices[k]] += T(data[k]);
      }
    }
    team.sync();
  });
}

// --- rows (n, pixels, c) and images (blocks, c, pixels, lanes) ------------------------------------------------------
// body(block, first element, elements) for this thread's tiles, first counted in the user's order.
template <class T, class Body>
FASTDL_INLINE void each_tile(const Team& team, int n, std::int64_t features, Body body) {
  const std::int64_t tiles = ceil_div<std::int64_t>(features, layout_tile);
  Range part = team.share(ceil_div(n, lanes<T>) * tiles);
  for (std::int64_t u = part.begin; u < part.end; u++) {
    std::int64_t first = u % tiles * layout_tile;
    body(u / tiles, first, int(least<std::int64_t>(layout_tile, features - first)));
  }
  team.sync();
}

// The offset of the user's element (pixel, channel) in a block of images, one element after the other.
template <class T>
struct ImageOffset {
  std::int64_t pixels, c, pixel, channel;
  FASTDL_INLINE ImageOffset(int pixels, int c, std::int64_t element)
      : pixels(pixels), c(c), pixel(element / c), channel(element % c) {}
  FASTDL_INLINE std::int64_t next() {
    std::int64_t offset = (channel * pixels + pixel) * lanes<T>;
    if (++channel == c) channel = 0, pixel++;
    return offset;
  }
};

// row(i) points to sample i, in any element type; the lanes past n get zero.
template <class T, class Row>
FASTDL_INLINE void turn_to_image(const Team& team, int n, int pixels, int c, Row row, T* image) {
  const std::int64_t features = std::int64_t(pixels) * c;
  each_tile<T>(team, n, features, [&](std::int64_t block, std::int64_t first, int size) {
    alignas(64) T tile[layout_tile][lanes<T>];
    for (int l = 0; l < lanes<T>; l++) {
      std::int64_t i = block * lanes<T> + l;
      if (i < n) {
        const auto* from = row(i) + first;
        for (int j = 0; j < size; j++) tile[j][l] = T(from[j]);
      } else {
        for (int j = 0; j < size; j++) tile[j][l] = 0;
      }
    }
    ImageOffset<T> to(pixels, c, first);
    for (int j = 0; j < size; j++) store(image + block * features * lanes<T> + to.next(), load(tile[j]));
  });
}

template <class T>
void gather_image(const Team& team, const Samples& x, const std::int64_t* order, int n, int pixels, int c, T* y) {
  with_source(x, [&](const auto* data) {
    turn_to_image(team, n, pixels, c, [&](std::int64_t i) { return data + order[i] * x.features; }, y);
  });
}

template <class T>
void rows_to_image(const Team& team, int n, int pixels, int c, const T* y, T* x) {
  turn_to_image(team, n, pixels, c, [&](std::int64_t i) { return y + i * pixels * c; }, x);
}

template <class T>
void image_to_rows(const Team& team, int n, int pixels, int c, const T* x, T* y) {
  const std::int64_t features = std::int64_t(pixels) * c;
  each_tile<T>(team, n, features, [&](std::int64_t block, std::int64_t first, int size) {
    alignas(64) T tile[layout_tile][lanes<T>];
    ImageOffset<T> from(pixels, c, first);
    for (int j = 0; j < size; j++) store(tile[j], load(x + block * features * lanes<T> + from.next()));
    for (int l = 0; l < least<std::int64_t>(lanes<T>, n - block * lanes<T>); l++) {
      T* row = y + (block * lanes<T> + l) * features + first;
      for (int j = 0; j < size; j++) row[j] = tile[j][l];
    }
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
