// numeric_embedding: the first columns x_j of rows become [V_j' cos(2 pi w_j x_j + b_j) + c_j, x_j]. Threads side by
// side have samples, so that cosine and sine (columns, frequencies, room) are read and written as they lie.
#pragma once

#include "kernels/columns.hpp"
#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
std::size_t numeric_embedding_scratch(const NumericEmbeddingShape&, int) {
  return 0;
}
FASTDL_INLINE std::int64_t width_of(const NumericEmbeddingShape& s) {
  return std::int64_t(s.columns) * s.units + s.features - s.columns;
}

// A column of a sample, or a feature that stays.
template <class T>
struct NumericEmbeddingForward {
  NumericEmbeddingShape s;
  NumericEmbeddingArrays<T> a;
  T* y;
  __device__ void operator()(std::int64_t u) const {
    const std::int64_t j = u / s.n, i = u - j * s.n;
    const T x = a.x[i * s.features + j];
    T* to = y + i * width_of(s) + j;
    if (j >= s.columns) {
      to[std::int64_t(s.columns) * (s.units - 1)] = x;
      return;
    }
    to += j * (s.units - 1);
    to[s.units - 1] = x;
    keep_waves(x, j, i);
    for (int m = 0; m < s.units - 1; m += together) mix(m, j, i, to);
  }
  FASTDL_INLINE void keep_waves(T x, std::int64_t j, std::int64_t i) const {
    for (int k = 0; k < s.frequencies; k++) {
      const std::int64_t at = j * s.frequencies + k;
      const CosSin<T> u = vcossin_turns(a.frequency[at] * x + a.phase[at] * T(0.15915494309189534));
      a.cosine[at * s.room + i] = u.cosine, a.sine[at * s.room + i] = u.sine;
    }
  }
  static constexpr int together = 4;  // sums
  FASTDL_INLINE void mix(int first, std::int64_t j, std::int64_t i, T* to) const {
    const int mixed = s.units - 1, count = least(together, mixed - first);
    T sum[together];
    for (int m = 0; m < together; m++) sum[m] = m < count ? a.bias[j * mixed + first + m] : T(0);
    for (int k = 0; k < s.frequencies; k++) {
      const std::int64_t at = j * s.frequencies + k;
      const T cosine = a.cosine[at * s.room + i], *weight = a.weight + at * mixed + first;
      for (int m = 0; m < together; m++)
        if (m < count) sum[m] += weight[m] * cosine;
    }
    for (int m = 0; m < together; m++)
      if (m < count) to[first + m] = sum[m];
  }
};
template <class T>
void numeric_embedding_forward(const Team& team, const NumericEmbeddingShape& s, const NumericEmbeddingArrays<T>& a,
                               T* y) {
  for_each(team, std::int64_t(s.n) * s.features, NumericEmbeddingForward<T>{s, a, y});
}

// With e = V' u + c and u = cos: dV = u de', dc = de, du = V de, db = -sin du, dw = -2 pi x sin du.
template <class T>
struct NumericEmbeddingBackward {
  NumericEmbeddingShape s;
  NumericEmbeddingArrays<T> a;
  NumericEmbeddingGradients<T> g;
  static constexpr T full_turn = T(6.283185307179586);

  FASTDL_INLINE const T* de(std::int64_t j, std::int64_t i) const { return g.dy + i * width_of(s) + j * s.units; }
  FASTDL_INLINE T dphase_of(std::int64_t at, std::int64_t j, std::int64_t i) const {  // of a sample, negative
    const int mixed = s.units - 1;
    const T *d = de(j, i), *weight = a.weight + at * mixed;
    T du = 0;
    for (int m = 0; m < mixed; m++) du += weight[m] * d[m];
    return a.sine[at * s.room + i] * du;
  }
};

template <class T>
struct NumericEmbeddingInputs : NumericEmbeddingBackward<T> {
  __device__ void operator()(std::int64_t u) const {
    const auto& s = this->s;
    const std::int64_t j = u / s.n, i = u - j * s.n;
    T* to = this->g.dx + i * s.features + j;
    if (j >= s.columns) {
      *to = this->g.dy[i * width_of(s) + std::int64_t(s.columns) * (s.units - 1) + j];
      return;
    }
    T sum = this->de(j, i)[s.units - 1];
    for (int k = 0; k < s.frequencies; k++) {
      const std::int64_t at = j * s.frequencies + k;
      sum -= this->full_turn * this->a.frequency[at] * this->dphase_of(at, j, i);
    }
    *to = sum;
  }
};

// A warp for each column and frequency, and one more for the bias of each column.
template <class T>
struct NumericEmbeddingParameters : NumericEmbeddingBackward<T> {
  __device__ void operator()(std::int64_t row, int lane) const {
    const auto& s = this->s;
    const auto& g = this->g;
    const std::int64_t j = row / (s.frequencies + 1), at = row - j - 1;  // j * frequencies + k
    const bool bias = row % (s.frequencies + 1) == 0;
    if (!bias) waves(j, at, lane);
    const T* cosine = this->a.cosine + at * s.room;
    const int mixed = s.units - 1;
    for (int m = 0; m < mixed; m++) {
      T sum = 0;
      for (std::int64_t i = lane; i < s.n; i += 32) sum += bias ? this->de(j, i)[m] : cosine[i] * this->de(j, i)[m];
      sum = warp_sum(sum);
      if (lane == 0) (bias ? g.dbias + j * mixed : g.dweight + at * mixed)[m] = sum;
    }
  }
  FASTDL_INLINE void waves(std::int64_t j, std::int64_t at, int lane) const {
    T sum = 0, sum_x = 0;
    for (std::int64_t i = lane; i < this->s.n; i += 32) {
      const T p = this->dphase_of(at, j, i);
      sum += p, sum_x += p * this->a.x[i * this->s.features + j];
    }
    sum = warp_sum(sum), sum_x = warp_sum(sum_x);
    if (lane == 0) this->g.dphase[at] = -sum, this->g.dfrequency[at] = -this->full_turn * sum_x;
  }
};

template <class T>
void numeric_embedding_backward(const Team& team, const NumericEmbeddingShape& s, const NumericEmbeddingArrays<T>& a,
                                const NumericEmbeddingGradients<T>& g) {
  if (g.dx) for_each(team, std::int64_t(s.n) * s.features, NumericEmbeddingInputs<T>{{s, a, g}});
  if (g.dfrequency)
    for_each_row(team, std::int64_t(s.columns) * (s.frequencies + 1), NumericEmbeddingParameters<T>{{s, a, g}});
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
