// Word vectors: by one thread, for gradient descent goes from word to word.
#pragma once

#include <cstdint>

namespace fastdl {

// Skip-gram with negative sampling over some sentences, tokens[starts[i] .. starts[i+1]).
template <class T>
struct SkipGram {
  const std::int32_t* tokens;
  const std::int64_t* starts;  // (sentences + 1,)
  std::int64_t sentences;
  const std::int32_t* noise;  // (noise_size,): each word as often as it is drawn for a wrong one
  std::int64_t noise_size;
  int window, negative;  // words on either side at most; wrong words for each right one, at most 63
  int size;
  T *vectors, *contexts;  // (words, size)
  double rate, fall;      // learning rate of the first token, and by how much it falls at each
  std::uint64_t seed;
  std::uint32_t epoch;
  std::int64_t first;  // where tokens[0] stands in the epoch: draws depend on it
  double loss;         // out: summed over pairs
  std::int64_t pairs;  // out
};

template <class T>
struct WordKernels {
  void (*skip_gram)(SkipGram<T>&);
};

}  // namespace fastdl
