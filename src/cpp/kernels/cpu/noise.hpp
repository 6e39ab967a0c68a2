// Noise that is active in training: y = scale x + shift, drawn for each element. It is a function of seed, layer,
// epoch, sample and element (philox.hpp): backward draws it again.
#pragma once

#include "kernels/cpu/views.hpp"
#include "kernels/pointwise.hpp"
#include "math/philox.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
struct Noise {  // of elements 64 b .. 64 b + 63 of a sample
  alignas(64) T scale[philox_block], shift[philox_block];
};

// draw(noise, words) makes noise of random words; apply(at, scale, shift) does with it what is done at some place.
template <class T, class Draw, class Apply>
void noise_rows(const Team& team, int n, int features, const RandomKey& key, Draw draw, Apply apply) {
  const std::int64_t blocks = ceil_div(features, philox_block);
  Range part = team.share(n * blocks);
  std::uint32_t word[4][16];
  Noise<T> noise;
  for (std::int64_t u = part.begin; u < part.end; u++) {
    std::int64_t row = u / blocks, first = u % blocks * philox_block;
    const std::int64_t before = key.by_step ? row / key.n * blocks : 0;
    philox(key, key.sample[row % key.n], std::uint32_t(before + u % blocks), word);
    draw(noise, word);
    std::int64_t begin = row * features + first;
    for_slices<T>(begin, begin + least<std::int64_t>(philox_block, features - first), [&](Slice<T> at) {
      const std::int64_t i = at.i - begin;
      apply(at, load(noise.scale + i), load(noise.shift + i));
    });
  }
  team.sync();
}

// Of images of `elements` draws each, each for so many pixels.
template <class T, class Draw, class Apply>
void noise_images(const Team& team, int n, int elements, int pixels, const RandomKey& key, Draw draw, Apply apply) {
  const std::int64_t blocks = ceil_div(elements, philox_block);
  Range part = team.share(ceil_div(n, lanes<T>) * blocks);
  std::uint32_t word[4][16];
  Noise<T> noise;
  alignas(64) T scale[philox_block][lanes<T>], shift[philox_block][lanes<T>];
  for (std::int64_t u = part.begin; u < part.end; u++) {
    std::int64_t image = u / blocks * lanes<T>, first = u % blocks * philox_block;
    for (int l = 0; l < lanes<T>; l++) {  // the lanes past n repeat the last sample
      philox(key, key.sample[least<std::int64_t>(image + l, n - 1)], std::uint32_t(u % blocks), word);
      draw(noise, word);
      for (int j = 0; j < philox_block; j++) scale[j][l] = noise.scale[j], shift[j][l] = noise.shift[j];
    }
    const std::int64_t begin = (image / lanes<T> * elements + first) * pixels * lanes<T>;
    int size = int(least<std::int64_t>(philox_block, elements - first));
    for (int j = 0; j < size; j++) {
      const Vec<T> scales = load(scale[j]), shifts = load(shift[j]);
      for (int p = 0; p < pixels; p++)
        apply(Slice<T>{begin + (std::int64_t(j) * pixels + p) * lanes<T>, lanes<T>}, scales, shifts);
    }
  }
  team.sync();
}

template <class T, class Draw, class Apply>
FASTDL_INLINE void each_noise(const Team& team, const NormShape& s, const RandomKey& key, Draw draw, Apply apply) {
  if (s.image)
    noise_images<T>(team, s.n, key.by_channel ? s.channels : s.channels * s.pixels, key.by_channel ? s.pixels : 1, key,
                    draw, apply);
  else
    noise_rows<T>(team, s.n, s.channels, key, draw, apply);
}

// y = scale x + shift; x null: ones
template <class T, class Draw>
FASTDL_INLINE void add_noise(const Team& team, const NormShape& s, const RandomKey& key, Draw draw, const T* x, T* y) {
  each_noise<T>(team, s, key, draw, [=](const Slice<T>& at, Vec<T> scale, Vec<T> shift) {
    at.write(y, (x ? at.read(x) : splat(T(1))) * scale + shift);
  });
}

// draw(scale, shift, word) for each of the 64 elements
template <class T, class Draw>
FASTDL_INLINE auto each_draw(Draw draw) {
  return [=](Noise<T>& noise, const std::uint32_t (&word)[4][16]) {
    for (int j = 0; j < 4; j++)
#pragma GCC unroll 1
      for (int k = 0; k < 16; k++) draw(noise.scale[16 * j + k], noise.shift[16 * j + k], word[j][k]);
  };
}

// --- dropout, inverted (Srivastava et al. 2014): what stays is scaled by 1 / (1 - rate), so that inference is the
// identity
template <class T>
void dropout_forward(const Team& team, const NormShape& s, const RandomKey& key, T rate, const T* x, T* y) {
  const T kept = 1 / (1 - rate);
  auto draw = [=](T& scale, T& shift, std::uint32_t word) { scale = u01(word) < rate ? T(0) : kept, shift = 0; };
  add_noise<T>(team, s, key, each_draw<T>(draw), x, y);
}

// dx = dy times the same factors
template <class T>
void dropout_backward(const Team& team, const NormShape& s, const RandomKey& key, T rate, const T* dy, T* dx) {
  dropout_forward(team, s, key, rate, dy, dx);
}

// --- rrelu: y = x where x > 0, else a x, a drawn from [lower, upper) for each value; of d = dy the gradient
template <class T>
void rrelu(const Team& team, const NormShape& s, const RandomKey& key, T lower, T upper, const T* x, const T* d, T* y) {
  const T width = upper - lower;
  auto draw = [=](T& scale, T& shift, std::uint32_t word) { scale = lower + width * u01(word), shift = 0; };
  each_noise<T>(team, s, key, each_draw<T>(draw), [=](const Slice<T>& at, Vec<T> slope, Vec<T>) {
    const Vec<T> v = at.read(d);
    at.write(y, at.read(x) > 0 ? v : slope * v);
  });
}

// --- corruption of a denoising autoencoder (Vincent et al. 2010) -----------------------------------------------------
// A standard normal number for each of u uniform in (-1, 1): sqrt(2) erfinv(u) (Giles 2012, single precision).
template <class V>
FASTDL_INLINE V normal_quantile(V u) {
  V w = -vlog((1 - u) * (1 + u)), a = w - Element<V>(2.5), b = vsqrt(w) - 3;
  V near = polynomial(a, 1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-06,
                      -3.5233877e-06, 3.43273939e-07, 2.81022636e-08);
  V far = polynomial(b, 2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844,
                     0.00134934322, 0.000100950558, -0.000200214257);
  return Element<V>(1.4142135623730951) * u * (w < 5 ? near : far);
}

// with_noise(body): body(draw) with what the kind draws
template <class T, class Body>
FASTDL_INLINE void with_noise(NoiseKind kind, T rate, Body body) {
  switch (kind) {
    case NoiseKind::masking:
      return body(
          each_draw<T>([=](T& scale, T& shift, std::uint32_t word) { scale = u01(word) < rate ? 0 : 1, shift = 0; }));
    case NoiseKind::salt_and_pepper:  // the last bit of the word, which u01 leaves out, is black or white
      return body(each_draw<T>([=](T& scale, T& shift, std::uint32_t word) {
        const bool struck = u01(word) < rate;
        scale = struck ? 0 : 1, shift = struck ? T(word & 1) : 0;
      }));
    case NoiseKind::gaussian:
      return body([=](Noise<T>& noise, const std::uint32_t (&word)[4][16]) {
        each_draw<T>([](T& scale, T& shift, std::uint32_t w) {
          scale = 1, shift = T(w >> 8) * T(0x1p-23) - T(1 - 0x1p-24);
        })(noise, word);
        for (int i = 0; i < philox_block; i += lanes<T>)
          store(noise.shift + i, rate * normal_quantile(load(noise.shift + i)));
      });
  }
}

template <class T>
void corrupt_forward(const Team& team, const NormShape& s, const RandomKey& key, NoiseKind kind, T rate, const T* x,
                     T* y) {
  with_noise<T>(kind, rate, [&](auto draw) { add_noise<T>(team, s, key, draw, x, y); });
}

// dx = dy times the same factors
template <class T>
void corrupt_backward(const Team& team, const NormShape& s, const RandomKey& key, NoiseKind kind, T rate, const T* dy,
                      T* dx) {
  with_noise<T>(kind, rate, [&](auto draw) {
    auto factors = [=](Noise<T>& noise, const std::uint32_t (&word)[4][16]) {
      draw(noise, word);
      for (int i = 0; i < philox_block; i++) noise.shift[i] = 0;
    };
    add_noise<T>(team, s, key, factors, dy, dx);
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
