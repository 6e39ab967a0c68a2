// Noise that is active in training: y = scale x + shift, drawn for each element. It is a function of seed, layer,
// epoch, sample and element (philox.hpp): backward draws it again.
#pragma once

#include "kernels/cpu/philox.hpp"
#include "kernels/cpu/views.hpp"
#include "kernels/pointwise.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
struct Noise {
  Vec<T> scale, shift;
};

// draw(words) makes noise of random words; apply(at, noise) does with it what is done at some place.
template <class T, class Draw, class Apply>
void noise_rows(const Team& team, int n, int features, const RandomKey& key, Draw draw, Apply apply) {
  const std::int64_t blocks = ceil_div(features, philox_block);
  Range part = team.share(n * blocks);
  const Philox philox(key);
  alignas(64) std::uint32_t word[philox_block];
  for (std::int64_t u = part.begin; u < part.end;) {
    const std::int64_t row = u / blocks, before = key.by_step ? row / key.n * blocks : 0;
    const std::uint64_t sample = key.sample[row % key.n];
    for (std::int64_t b = u % blocks; b < blocks && u < part.end; b++, u++) {
      philox.block(sample, std::uint32_t(before + b), word);
      const std::int64_t begin = row * features + b * philox_block, left = features - b * philox_block;
      if (left >= philox_block)
        for (int i = 0; i < philox_block; i += lanes<T>)
          apply(Slice<T>{begin + i, lanes<T>}, draw(load_random<T>(word + i)));
      else
        for_slices<T>(begin, begin + left,
                      [&](Slice<T> at) { apply(at, draw(load_random<T>(word + (at.i - begin)))); });
    }
  }
  team.sync();
}

// Of images of `elements` draws each, each for so many pixels.
template <class T, class Draw, class Apply>
void noise_images(const Team& team, int n, int elements, int pixels, const RandomKey& key, Draw draw, Apply apply) {
  const std::int64_t blocks = ceil_div(elements, philox_block);
  Range part = team.share(ceil_div(n, lanes<T>) * blocks);
  const Philox philox(key);
  for (std::int64_t u = part.begin; u < part.end; u++) {
    const std::int64_t image = u / blocks * lanes<T>, b = u % blocks, first = b * philox_block;
    std::uint64_t sample[lanes<T>];  // the lanes past n repeat the last sample
    for (int l = 0; l < lanes<T>; l++) sample[l] = key.sample[least<std::int64_t>(image + l, n - 1)];
    for (int i = 0; i < least<std::int64_t>(16, elements - first); i++) {
      Random<T> word[4];
      philox.of_samples<T>(sample, std::uint32_t(16 * b + i), word);
      for (int j = 0; j < 4 && first + 16 * j + i < elements; j++) {
        const Noise<T> noise = draw(word[j]);
        const std::int64_t begin = (image / lanes<T> * elements + first + 16 * j + i) * pixels;
        for (int p = 0; p < pixels; p++) apply(Slice<T>{(begin + p) * lanes<T>, lanes<T>}, noise);
      }
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
  each_noise<T>(team, s, key, draw, [=](const Slice<T>& at, const Noise<T>& noise) {
    at.write(y, (x ? at.read(x) : splat(T(1))) * noise.scale + noise.shift);
  });
}

// --- dropout, inverted (Srivastava et al. 2014): what stays is scaled by 1 / (1 - rate), so that inference is the
// identity
template <class T>
void dropout_forward(const Team& team, const NormShape& s, const RandomKey& key, T rate, const T* x, T* y) {
  const T kept = 1 / (1 - rate);
  const Chance<T> dropped(rate);
  auto draw = [=](Random<T> word) { return Noise<T>{dropped(word) ? Vec<T>{} : splat(kept), Vec<T>{}}; };
  add_noise<T>(team, s, key, draw, x, y);
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
  auto draw = [=](Random<T> word) { return Noise<T>{lower + width * u01<T>(word), Vec<T>{}}; };
  each_noise<T>(team, s, key, draw, [=](const Slice<T>& at, const Noise<T>& noise) {
    const Vec<T> v = at.read(d);
    at.write(y, at.read(x) > 0 ? v : noise.scale * v);
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
template <class T>
FASTDL_INLINE Vec<T> normal_draw(Random<T> word) {
  return normal_quantile(upper_bits<T>(word) * T(0x1p-23) - T(1 - 0x1p-24));
}

// with_noise(body): body(draw) with what the kind draws
template <class T, class Body>
FASTDL_INLINE void with_noise(NoiseKind kind, T rate, Body body) {
  switch (kind) {
    case NoiseKind::masking:
      return body([struck = Chance<T>(rate)](Random<T> word) {
        return Noise<T>{struck(word) ? Vec<T>{} : splat(T(1)), Vec<T>{}};
      });
    case NoiseKind::salt_and_pepper:  // the last bit of the word, which u01 leaves out, is black or white
      return body([struck = Chance<T>(rate)](Random<T> word) {
        const Vec<T> white = __builtin_convertvector((Signed<T>)(word & 1), Vec<T>);
        return Noise<T>{struck(word) ? Vec<T>{} : splat(T(1)), struck(word) ? white : Vec<T>{}};
      });
    case NoiseKind::gaussian:
      return body([=](Random<T> word) { return Noise<T>{splat(T(1)), rate * normal_draw<T>(word)}; });
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
    add_noise<T>(team, s, key, [=](Random<T> word) { return Noise<T>{draw(word).scale, Vec<T>{}}; }, dy, dx);
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
