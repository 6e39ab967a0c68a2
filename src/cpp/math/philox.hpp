// Philox4x32-10, a counter-based generator (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a
// random word is a function of where it is used, so it depends neither on threads nor on the batch.
//   key     = (seed low, seed high ^ layer)
//   counter = (i, sample low, sample high, epoch), four words each
// The words of a sample are used in blocks of 64, from 16 counters: word j of counter 16 b + i is for element
// 64 b + 16 j + i. Element: the feature of a row, c * pixels + pixel of an image.
#pragma once

#include "elementary.hpp"  // of the backend that is compiled
#include "kernels/shapes.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int philox_block = 64;

// The four words of a counter 16 b + i: of elements 64 b + i, 64 b + 16 + i, + 32 + i and + 48 + i.
struct Words {
  std::uint32_t at[4];
};
FASTDL_INLINE Words philox_words(const RandomKey& key, std::uint64_t sample, std::uint32_t counter) {
  std::uint32_t w0 = counter, w1 = std::uint32_t(sample), w2 = std::uint32_t(sample >> 32), w3 = key.epoch;
  std::uint32_t k0 = std::uint32_t(key.seed), k1 = std::uint32_t(key.seed >> 32) ^ key.layer;
  for (int round = 0; round < 10; round++, k0 += 0x9E3779B9, k1 += 0xBB67AE85) {
    const std::uint64_t p = std::uint64_t(0xD2511F53) * w0, q = std::uint64_t(0xCD9E8D57) * w2;
    w0 = std::uint32_t(q >> 32) ^ w1 ^ k0;
    w1 = std::uint32_t(q);
    w2 = std::uint32_t(p >> 32) ^ w3 ^ k1;
    w3 = std::uint32_t(p);
  }
  return {{w0, w1, w2, w3}};
}

// Of one element of a sample.
FASTDL_INLINE std::uint32_t philox_word(const RandomKey& key, std::uint64_t sample, std::uint64_t element) {
  const std::uint32_t counter = std::uint32_t(element / philox_block * 16 + element % 16);
  const Words words = philox_words(key, sample, counter);
  const int j = int(element / 16 % 4);
  return j < 2 ? (j ? words.at[1] : words.at[0]) : (j == 2 ? words.at[2] : words.at[3]);
}

FASTDL_INLINE float u01(std::uint32_t word) { return (word >> 8) * 0x1p-24f; }  // uniform in [0, 1), exact

}  // namespace
}  // namespace fastdl::FASTDL_ISA
