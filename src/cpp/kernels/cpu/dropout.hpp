// Inverted dropout (Srivastava et al. 2014): what stays is scaled by 1 / (1 - rate), so that inference is the identity.
// The mask is a function of seed, layer, epoch, sample and element (philox.hpp): backward draws it again.
#pragma once

// The factors of elements 64 b .. 64 b + 63 of sample i.
template <class T>
FASTDL_INLINE void dropout_factors(const RandomKey& key, std::int64_t i, int b, T rate, T (&keep)[philox_block]) {
  std::uint32_t word[4][16];
  philox(key, key.sample[i % key.n], b, word);
  const T scale = 1 / (1 - rate);
  for (int j = 0; j < 4; j++)
#pragma GCC unroll 1
    for (int k = 0; k < 16; k++) keep[16 * j + k] = u01(word[j][k]) < rate ? T(0) : scale;
}

template <class T>
void dropout_rows(const Team& team, int n, int features, const RandomKey& key, T rate, const T* x, T* y) {
  const std::int64_t blocks = ceil_div(features, philox_block);
  Range part = team.share(n * blocks);
  alignas(64) T keep[philox_block];
  for (std::int64_t u = part.begin; u < part.end; u++) {
    std::int64_t row = u / blocks, first = u % blocks * philox_block;
    dropout_factors(key, row, int(u % blocks), rate, keep);
    std::int64_t begin = row * features + first;
    for_slices<T>(begin, begin + least<std::int64_t>(philox_block, features - first),
                  [&](Slice<T> at) { at.write(y, at.read(x) * load(keep + (at.i - begin))); });
  }
  team.sync();
}

template <class T>
void dropout_images(const Team& team, int n, int elements, const RandomKey& key, T rate, const T* x, T* y) {
  const std::int64_t blocks = ceil_div(elements, philox_block);
  Range part = team.share(ceil_div(n, lanes<T>) * blocks);
  alignas(64) T keep[philox_block], turned[philox_block][lanes<T>];
  for (std::int64_t u = part.begin; u < part.end; u++) {
    std::int64_t image = u / blocks * lanes<T>, first = u % blocks * philox_block;
    for (int l = 0; l < lanes<T>; l++) {  // the lanes past n repeat the last sample
      dropout_factors(key, least<std::int64_t>(image + l, n - 1), int(u % blocks), rate, keep);
      for (int j = 0; j < philox_block; j++) turned[j][l] = keep[j];
    }
    std::int64_t begin = (image / lanes<T> * elements + first) * lanes<T>;
    int size = int(least<std::int64_t>(philox_block, elements - first));
    for (int j = 0; j < size; j++) {
      std::int64_t at = begin + j * lanes<T>;
      store(y + at, load(x + at) * load(turned[j]));
    }
  }
  team.sync();
}

template <class T>
void dropout_forward(const Team& team, const NormShape& s, const RandomKey& key, T rate, const T* x, T* y) {
  if (s.image)
    dropout_images(team, s.n, s.channels * s.pixels, key, rate, x, y);
  else
    dropout_rows(team, s.n, s.channels, key, rate, x, y);
}

// dx = dy times the same factors
template <class T>
void dropout_backward(const Team& team, const NormShape& s, const RandomKey& key, T rate, const T* dy, T* dx) {
  dropout_forward(team, s, key, rate, dy, dx);
}
