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

// The words of elements 64 b .. 64 b + 63.
FASTDL_INLINE void philox(const RandomKey& key, std::uint64_t sample, std::uint32_t b, std::uint32_t (&word)[4][16]) {
  const std::uint32_t epoch = key.epoch;
  for (std::uint32_t i = 0; i < 16; i++) {
    word[0][i] = 16 * b + i;
    word[1][i] = std::uint32_t(sample);
    word[2][i] = std::uint32_t(sample >> 32);
    word[3][i] = epoch;
  }
  std::uint32_t k0 = std::uint32_t(key.seed), k1 = std::uint32_t(key.seed >> 32) ^ key.layer;
  for (int round = 0; round < 10; round++, k0 += 0x9E3779B9, k1 += 0xBB67AE85) {
#pragma GCC unroll 1  // or GCC unrolls it before it could vectorise it
    for (int i = 0; i < 16; i++) {
      std::uint64_t p = std::uint64_t(0xD2511F53) * word[0][i], q = std::uint64_t(0xCD9E8D57) * word[2][i];
      word[0][i] = std::uint32_t(q >> 32) ^ word[1][i] ^ k0;
      word[1][i] = std::uint32_t(q);
      word[2][i] = std::uint32_t(p >> 32) ^ word[3][i] ^ k1;
      word[3][i] = std::uint32_t(p);
    }
  }
}

FASTDL_INLINE float u01(std::uint32_t word) { return (word >> 8) * 0x1p-24f; }  // uniform in [0, 1), exact

}  // namespace
}  // namespace fastdl::FASTDL_ISA
