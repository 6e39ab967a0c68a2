// Noise that is active in training, drawn for each element as the CPU draws it: backward draws it again.
#pragma once

#include "kernels/cuda/each.hpp"
#include "kernels/cuda/normal.hpp"
#include "kernels/pointwise.hpp"
#include "math/philox.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// y = draw(word, v, x): v a value of d (null: 1), x of x where that is not null.
template <class T, class Draw>
struct Noisy {
  Draw draw;
  const T *d, *x;
  T* y;
  struct In {
    T v, x;
  };
  __device__ In load(std::int64_t i) const { return {d ? d[i] : T(1), x ? x[i] : T(0)}; }
  __device__ void put(std::int64_t i, std::uint32_t word, const In& in) const { y[i] = draw(word, in.v, in.x); }
};

// A thread has the four words of a counter, for elements of a row, or pixels of a channel, sixteen apart. rows: (n,
// length, channels), channels = 1 but for images, whose length is then a multiple of 64.
template <class T, class Draw>
void noise_by_counters(const Team& team, int n, int length, int channels, const RandomKey& key, bool steps,
                       const Noisy<T, Draw>& noisy) {
  const int counters = ceil_div(length, philox_block) * 16;
  for_each(team, std::int64_t(n) * counters * channels, [=] __device__(std::int64_t u) {
    const int c = int(u % channels), q = int(u / channels % counters);
    const std::int64_t row = u / channels / counters, step = steps ? row / key.n : 0;
    const std::int64_t first = (row * length + q / 16 * philox_block + q % 16) * channels + c;
    const int end = ceil_div(length - q / 16 * philox_block - q % 16, 16);  // of its elements, those that there are
    typename Noisy<T, Draw>::In in[4];
    for (int j = 0; j < 4; j++)
      if (j < end) in[j] = noisy.load(first + 16 * j * std::int64_t(channels));
    const std::int64_t before = key.by_step ? step * counters : std::int64_t(c) * counters;
    const Words words = philox_words(key, key.sample[steps ? row % key.n : row], std::uint32_t(before + q));
    for (int j = 0; j < 4; j++)
      if (j < end) noisy.put(first + 16 * j * std::int64_t(channels), words.at[j], in[j]);
  });
}

// Images (n, pixels, channels) of any size, or with a draw for a whole channel.
template <class T, class Draw>
void noise_by_elements(const Team& team, const NormShape& s, const RandomKey& key, const Noisy<T, Draw>& noisy) {
  const int channels = s.channels, pixels = s.pixels;
  for_each(team, std::int64_t(s.n) * pixels * channels, [=] __device__(std::int64_t i) {
    const int c = int(i % channels), pixel = int(i / channels % pixels);
    const std::int64_t element = key.by_channel ? c : std::int64_t(c) * pixels + pixel;
    const auto in = noisy.load(i);
    noisy.put(i, philox_word(key, key.sample[i / channels / pixels], element), in);
  });
}

template <class T, class Draw>
void add_noise(const Team& team, const NormShape& s, const RandomKey& key, Draw draw, const T* d, T* y,
               const T* x = nullptr) {
  const Noisy<T, Draw> noisy{draw, d, x, y};
  if (!s.image)
    noise_by_counters(team, s.n, s.channels, 1, key, true, noisy);
  else if (!key.by_channel && s.pixels % philox_block == 0)
    noise_by_counters(team, s.n, s.pixels, s.channels, key, false, noisy);
  else
    noise_by_elements(team, s, key, noisy);
}

// --- dropout, inverted (Srivastava et al. 2014): what stays is scaled by 1 / (1 - rate), so that inference is the
// identity
template <class T>
void dropout_forward(const Team& team, const NormShape& s, const RandomKey& key, T rate, const T* x, T* y) {
  const T kept = 1 / (1 - rate);
  auto draw = [=] __device__(std::uint32_t word, T v, T) { return v * (u01(word) < rate ? T(0) : kept); };
  add_noise(team, s, key, draw, x, y);
}

// dx = dy times the same factors
template <class T>
void dropout_backward(const Team& team, const NormShape& s, const RandomKey& key, T rate, const T* dy, T* dx) {
  dropout_forward(team, s, key, rate, dy, dx);
}

// --- rrelu: y = d where x > 0, else a d, a drawn from [lower, upper) for each value; of d = dy the gradient
template <class T>
void rrelu(const Team& team, const NormShape& s, const RandomKey& key, T lower, T upper, const T* x, const T* d, T* y) {
  const T width = upper - lower;
  auto draw = [=] __device__(std::uint32_t word, T v, T x) { return x > 0 ? v : (lower + width * u01(word)) * v; };
  add_noise(team, s, key, draw, d, y, x);
}

// --- corruption of a denoising autoencoder (Vincent et al. 2010); forward, or its gradient
template <class T, bool forward>
struct Corruption {
  NoiseKind kind;
  T rate;
  __device__ T operator()(std::uint32_t word, T v, T) const {
    if (kind == NoiseKind::gaussian) return forward ? v + rate * normal_of<T>(word) : v;
    const bool struck = u01(word) < rate, white = kind == NoiseKind::salt_and_pepper && (word & 1);
    return struck ? v * 0 + T(forward && white) : v;
  }
};

template <class T>
void corrupt_forward(const Team& team, const NormShape& s, const RandomKey& key, NoiseKind kind, T rate, const T* x,
                     T* y) {
  add_noise(team, s, key, Corruption<T, true>{kind, rate}, x, y);
}
template <class T>
void corrupt_backward(const Team& team, const NormShape& s, const RandomKey& key, NoiseKind kind, T rate, const T* dy,
                      T* dx) {
  add_noise(team, s, key, Corruption<T, false>{kind, rate}, dy, dx);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
