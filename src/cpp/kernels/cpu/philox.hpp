// The words of math/philox.hpp, many at a time: a counter in each 64-bit lane, whose products with 32 bits are one
// instruction.
#pragma once

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "math/philox.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

typedef std::uint64_t Wide __attribute__((vector_size(FASTDL_VECTOR_BYTES)));  // the lower halves count
constexpr int wide_lanes = lanes<double>;
template <class T>
struct RandomOf {
  typedef std::uint32_t V __attribute__((vector_size(lanes<T> * 4)));
  typedef std::int32_t S __attribute__((vector_size(lanes<T> * 4)));
  typedef std::uint32_t U __attribute__((vector_size(lanes<T> * 4), aligned(4), may_alias));
};
template <class T>
using Random = typename RandomOf<T>::V;  // a word for each lane of Vec<T>
template <class T>
using Signed = typename RandomOf<T>::S;  // which become numbers in one instruction

// x y of the lower halves
FASTDL_INLINE Wide product(Wide x, std::uint32_t y) {
  const Wide ys = y - Wide{};
#if defined(__AVX512F__)
  return (Wide)_mm512_maskz_mul_epu32(__mmask8(-1), (__m512i)x, (__m512i)ys);  // without, GCC 12 warns of its own
#elif defined(__AVX2__)
  return (Wide)_mm256_mul_epu32((__m256i)x, (__m256i)ys);
#elif defined(__x86_64__)
  return (Wide)_mm_mul_epu32((__m128i)x, (__m128i)ys);
#else
  return (x & 0xFFFFFFFF) * ys;
#endif
}

// The words of even lanes and of odd ones, in turns.
FASTDL_INLINE Random<float> join(Wide even, Wide odd) { return (Random<float>)((even & 0xFFFFFFFF) | odd << 32); }

// What does not change from block to block. A kernel makes it before its loop: read again after each store, the keys
// of the rounds would take as long as the rounds.
struct Philox {
  Wide k0[10], k1[10], epoch;

  FASTDL_INLINE explicit Philox(const RandomKey& key) : epoch(key.epoch - Wide{}) {
    std::uint32_t low = std::uint32_t(key.seed), high = std::uint32_t(key.seed >> 32) ^ key.layer;
    for (int round = 0; round < 10; round++, low += 0x9E3779B9, high += 0xBB67AE85)
      k0[round] = low - Wide{}, k1[round] = high - Wide{};
  }

  // What philox_words does, in each lane.
  FASTDL_INLINE void rounds(Wide (&w)[4]) const {
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
      const Wide p = product(w[0], 0xD2511F53), q = product(w[2], 0xCD9E8D57);
      w[0] = (q >> 32) ^ w[1] ^ k0[round];
      w[1] = q;
      w[2] = (p >> 32) ^ w[3] ^ k1[round];
      w[3] = p;
    }
  }

  // The words of elements 64 b .. 64 b + 63, in their order.
  FASTDL_INLINE void block(std::uint64_t sample, std::uint32_t b, std::uint32_t* word) const {
    Wide evens{};
    for (int l = 0; l < wide_lanes; l++) evens[l] = 2 * l;
    for (int i = 0; i < 16; i += lanes<float>) {
      const Wide counters = evens + std::uint64_t(16 * b + i);
      Wide even[4] = {counters, sample - Wide{}, (sample >> 32) - Wide{}, epoch};
      Wide odd[4] = {counters + 1, even[1], even[2], epoch};
      rounds(even), rounds(odd);
      for (int j = 0; j < 4; j++) *reinterpret_cast<RandomOf<float>::U*>(word + 16 * j + i) = join(even[j], odd[j]);
    }
  }

  // The words of one counter for as many samples as Vec<T> has lanes.
  template <class T>
  FASTDL_INLINE void of_samples(const std::uint64_t (&sample)[lanes<T>], std::uint32_t counter,
                                Random<T> (&word)[4]) const {
    constexpr int parts = lanes<T> / wide_lanes;
    Wide w[parts][4];
    for (int part = 0; part < parts; part++) {
      Wide samples{};
      for (int l = 0; l < wide_lanes; l++) samples[l] = sample[parts * l + part];
      w[part][0] = counter - Wide{}, w[part][1] = samples, w[part][2] = samples >> 32, w[part][3] = epoch;
      rounds(w[part]);
    }
    for (int j = 0; j < 4; j++)
      if constexpr (parts == 2)
        word[j] = join(w[0][j], w[1][j]);
      else
        word[j] = __builtin_convertvector(w[0][j] & 0xFFFFFFFF, Random<T>);
  }
};

template <class T>
FASTDL_INLINE Random<T> load_random(const std::uint32_t* word) {
  return *reinterpret_cast<const typename RandomOf<T>::U*>(word);
}
// The upper 24 bits of each word as a number, exactly.
template <class T>
FASTDL_INLINE Vec<T> upper_bits(Random<T> word) {
  return __builtin_convertvector((Signed<T>)(word >> 8), Vec<T>);
}
template <class T>
FASTDL_INLINE Vec<T> u01(Random<T> word) {
  return upper_bits<T>(word) * T(0x1p-24);
}
// u01 < rate, 0 <= rate <= 1, without making numbers of words.
template <class T>
struct Chance {
  std::int32_t end;  // of the upper 24 bits below rate
  FASTDL_INLINE explicit Chance(T rate) {
    const T scaled = rate * T(0x1p24);
    end = std::int32_t(scaled);
    end += end < scaled;
  }
  FASTDL_INLINE Mask<T> operator()(Random<T> word) const {
    const Signed<T> below = (Signed<T>)(word >> 8) < end;
    if constexpr (sizeof(T) == 4)
      return (Mask<T>)below;  // GCC 12 would not leave the conversion out
    else
      return __builtin_convertvector(below, Mask<T>);
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
