// How a block multiplies the pixels in shared memory, as each tap meets them, by the weights there, onto its sums. A
// word is what one register holds: one value, or two of bf16. Depth: the taps, and the words of a pixel in each. The
// threads are SLICES teams, each of which takes its part of the depth.
//   spot(word)                 which weight lies there
//   pitch(words)               of pixels, that lets the threads of a warp read without conflicts of banks
//   add<PACKS>(...)            the depths from begin to end; PACKS: four channels lie side by side
//   leave(team's thread, to)   the sums, m rows of them
#pragma once

#include "kernels/cuda/gemm_engines.hpp"
#include "kernels/cuda/pack.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

struct Spot {
  int depth, filter;
};

// What a team multiplies.
template <class Word>
struct Seen2D {
  const Word *x, *w;
  const int* starts;   // of the pixels that the outputs see first
  const int* offsets;  // from there, of each depth
};

FASTDL_INLINE float word_of(const float (&v)[1], float) { return v[0]; }
__device__ inline unsigned word_of(const float (&v)[1], unsigned) { return to_tf32(v[0]); }
__device__ inline unsigned word_of(const float (&v)[2], unsigned) { return to_bf16x2(v[0], v[1]); }

constexpr int without_conflicts(int words) { return words % 16 ? words : words + 8; }  // of pairs that are read at once

// Tensor cores: a warp the sums of 32 pixels. Depths in the order of Mma: a lane's two of a row are neighbours.
template <class Format, int M, int N, int SLICES>
struct DirectMma {
  using Word = unsigned;
  static constexpr int m = M, n = N, slices = SLICES, values = Format::values, team = M, threads = M * SLICES;
  static constexpr int resident = N > 16 ? 2 : 4;  // blocks of a multiprocessor, for which there are registers
  static constexpr int tiles = N / 8, sums_pitch = without_conflicts(N);
  float sum[2][tiles][4] = {};

  static constexpr int pitch(int words) { return without_conflicts(words); }
  static __device__ Spot spot(int word) {
    const int lane = word / 2 % 32, tile = word / 64;
    return {tile / tiles * 8 + lane % 4 * 2 + word % 2, tile % tiles * 8 + lane / 4};
  }
  template <bool PACKS>
  __device__ void add(int thread, const Seen2D<Word>& seen, int begin, int end) {
    const int lane = thread % 32, g = lane / 4, t = lane % 4;
    const Word *pixels[4], *w = seen.w + begin * N + lane * 2;
    for (int i = 0; i < 4; i++) pixels[i] = seen.x + seen.starts[thread / 32 * 32 + i * 8 + g];
    for (int k = begin; k < end; k += 8, w += 8 * N) {
      const int first = seen.offsets[k + 2 * t], second = PACKS ? first + 1 : seen.offsets[k + 2 * t + 1];
      Pack<Word, 2> v[4];
      for (int i = 0; i < 4; i++)
        v[i] = PACKS ? load<2>(pixels[i] + first) : Pack<Word, 2>{pixels[i][first], pixels[i][second]};
      for (int c = 0; c < tiles; c++) {
        const auto y = load<2>(w + c * 64);
        for (int r = 0; r < 2; r++) {
          const auto &up = v[2 * r], &low = v[2 * r + 1];
          Format::multiply(sum[r][c], {up[0], low[0], up[1], low[1]}, {y[0], y[1]});
        }
      }
    }
  }
  __device__ void leave(int thread, float* to) const {
    const int g = thread % 32 / 4, t = thread % 4;
    for (int r = 0; r < 2; r++)
      for (int i = 0; i < 2; i++) {
        float* row = to + (thread / 32 * 32 + r * 16 + i * 8 + g) * sums_pitch + 2 * t;
        for (int c = 0; c < tiles; c++) store(row + c * 8, Pack<float, 2>{sum[r][c][2 * i], sum[r][c][2 * i + 1]});
      }
  }
};

// Each thread for itself: 4 pixels, 8 filters.
template <int M, int N, int SLICES>
struct DirectSimt {
  using Word = float;
  static constexpr int m = M, n = N, slices = SLICES, values = 1, team = M * N / 32, threads = team * SLICES;
  static constexpr int resident = 512 / threads;
  static constexpr int right = N / 8, apart = M / 4, sums_pitch = N + 4;
  float sum[4][8] = {};

  static constexpr int pitch(int words) { return words % 8 ? words : words + 4; }
  static __device__ Spot spot(int word) { return {word / N, word % N}; }

  template <bool PACKS>
  __device__ void add(int thread, const Seen2D<Word>& seen, int begin, int end) {
    const float *pixels[4], *w = seen.w + begin * N + thread % right * 8;
    for (int i = 0; i < 4; i++) pixels[i] = seen.x + seen.starts[i * apart + thread / right];
    for (int k = begin; k < end; k += 4) {
      float v[4][4];
      for (int i = 0; i < 4; i++) {
        if constexpr (PACKS)
          read4(pixels[i] + seen.offsets[k], v[i]);
        else
          for (int j = 0; j < 4; j++) v[i][j] = pixels[i][seen.offsets[k + j]];
      }
      for (int j = 0; j < 4; j++, w += N) {
        float y[2][4];
        read4(w, y[0]), read4(w + 4, y[1]);
        for (int i = 0; i < 4; i++)
          for (int c = 0; c < 8; c++) sum[i][c] += v[i][j] * y[c / 4][c % 4];
      }
    }
  }
  __device__ void leave(int thread, float* to) const {
    for (int i = 0; i < 4; i++) {
      float* row = to + (i * apart + thread / right) * sums_pitch + thread % right * 8;
      for (int c = 0; c < 8; c += 4) store(row + c, packed<float, 4>([&](int j) { return sum[i][c + j]; }));
    }
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
