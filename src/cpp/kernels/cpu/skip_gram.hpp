// Skip-gram with negative sampling (Mikolov et al. 2013, "Distributed representations of words and phrases and their
// compositionality"): the vector h of a word near by, and the context vectors u of the word itself, which is right, and
// of words drawn from the noise, which are wrong. All words near by share the draws, so u stays in the cache (Ji et al.
// 2016). Loss of a pair: -log sigmoid(h u_0) - the sum of log sigmoid(-h u_j).
#pragma once

#include "kernels/cpu/philox.hpp"
#include "kernels/cpu/views.hpp"
#include "kernels/words.hpp"
#include "math/activations.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// One step down the gradient for one pair; u[0] is right.
template <class T>
FASTDL_INLINE T skip_gram_pair(int size, int targets, T* const* u, T rate, T* h) {
  alignas(64) T loss[philox_block], g[philox_block];
  for (int j = 0; j < ceil_div(targets, lanes<T>) * lanes<T>; j++) {
    Vec<T> sum{};
    if (j < targets) for_slices<T>(0, size, [&](Slice<T> at) { sum += at.read(h) * at.read(u[j]); });
    g[j] = spread_sum(sum)[0];
  }
  g[0] = -g[0];
  for (int j = 0; j < targets; j += lanes<T>) {
    const Vec<T> wrong = load(g + j);
    store(loss + j, Softplus<T>{}.value(wrong));
    store(g + j, rate * Sigmoid<T>{}.value(wrong));
  }
  g[0] = -g[0];
  for_slices<T>(0, size, [&](Slice<T> at) {
    const Vec<T> before = at.read(h);
    Vec<T> now = before;
    for (int j = 0; j < targets; j++) {
      const Vec<T> context = at.read(u[j]);
      now -= g[j] * context;
      at.write(u[j], context - g[j] * before);
    }
    at.write(h, now);
  });
  T total = 0;
  for (int j = 0; j < targets; j++) total += loss[j];
  return total;
}

template <class T>
void skip_gram(SkipGram<T>& s) {
  const RandomKey key{s.seed, 0, s.epoch, nullptr, 1};
  auto below = [](std::uint32_t word, std::int64_t n) { return std::int64_t(std::uint64_t(word) * n >> 32); };
  const Philox philox(key);
  std::uint32_t word[philox_block];
  T* u[philox_block];
  s.loss = 0, s.pairs = 0;
  for (std::int64_t sentence = 0; sentence < s.sentences; sentence++) {
    const std::int64_t begin = s.starts[sentence], end = s.starts[sentence + 1];
    for (std::int64_t i = begin; i < end; i++) {
      philox.block(s.first + i, 0, word);
      const std::int64_t span = 1 + below(word[0], s.window);  // a shorter window for some: near words count more
      int targets = 0;
      u[targets++] = s.contexts + std::int64_t(s.tokens[i]) * s.size;
      for (int j = 1; j <= s.negative; j++) {
        const std::int32_t drawn = s.noise[below(word[j], s.noise_size)];
        if (drawn != s.tokens[i]) u[targets++] = s.contexts + std::int64_t(drawn) * s.size;
      }
      const T rate = T(s.rate - s.fall * i);
      for (std::int64_t near = most(begin, i - span); near < least(end, i + span + 1); near++) {
        if (near == i) continue;
        s.loss += skip_gram_pair(s.size, targets, u, rate, s.vectors + std::int64_t(s.tokens[near]) * s.size);
        s.pairs++;
      }
    }
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
