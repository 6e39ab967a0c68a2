// Inverted dropout (Srivastava et al. 2014): what stays is scaled by 1 / (1 - rate), so that inference is the identity.
// The mask is a function of seed, layer, epoch, sample and element (philox.hpp): backward draws it again.
#pragma once

// keep[j * stride], j = 0..63: the factors of elements 64 b + j of sample i.
template <class T>
FASTDL_INLINE void dropout_factors(const RandomKey& key, std::int64_t i, int b, T rate, T* keep, int stride) {
  std::uint32_t word[4][16];
  philox(key, key.sample[i], b, word);
  const T scale = 1 / (1 - rate);
  for (int j = 0; j < philox_block; j++) keep[j * stride] = u01(word[j / 16][j % 16]) < rate ? T(0) : scale;
}

template <class T>
void dropout_rows(const Team& team, int n, int features, const RandomKey& key, T rate, const T* x, T* y) {
  const std::int64_t blocks = ceil_div(features, philox_block);
  Range part = team.share(n * blocks);
  alignas(64) T keep[philox_block];
  for (std::int64_t u = part.begin; u < part.end; u++) {
    std::int64_t row = u / blocks, first = u % blocks * philox_block;
    dropout_factors(key, row, int(u % blocks), rate, keep, 1);
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
  alignas(64) T keep[philox_block * lanes<T>];
  for (std::int64_t u = part.begin; u < part.end; u++) {
    std::int64_t image = u / blocks * lanes<T>, first = u % blocks * philox_block;
    for (int l = 0; l < lanes<T>; l++)  // the lanes past n repeat the last sample
      dropout_factors(key, least<std::int64_t>(image + l, n - 1), int(u % blocks), rate, keep + l, lanes<T>);
    std::int64_t begin = (image / lanes<T> * elements + first) * lanes<T>;
    std::int64_t size = least<std::int64_t>(philox_block, elements - first) * lanes<T>;
    for (std::int64_t i = 0; i < size; i += lanes<T>) store(y + begin + i, load(x + begin + i) * load(keep + i));
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
