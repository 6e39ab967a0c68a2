// attention: y = the mean of a sequence's values, weighted by the softmax of how well a query fits its keys
#pragma once

#include "kernels/attention.hpp"
#include "kernels/cuda/each.hpp"
#include "kernels/cuda/gemm.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// --- a block for each query of each sample: a warp has a step, or lanes have features that the warps add up over
// theirs
struct Query {
  std::int64_t row;  // query * n + sample
  int i, length;     // sample; steps it has
  FASTDL_INLINE Query(const AttentionShape& s, std::int64_t row, const std::int32_t* samples = nullptr)
      : row(row), i(samples ? samples[row] : int(row % s.n)), length(int(s.lengths[i])) {}
};

// sum over k of f(k), lanes side by side
template <class T, class F>
__device__ T warp_sum_of(int count, F f) {
  T sum = 0;
  for (int k = threadIdx.x % 32; k < count; k += 32) sum += f(k);
  return warp_sum(sum);
}
// write(k, the sum over j of f(j, k)) for all k; partial: shared
template <class T, class F, class Write>
__device__ void sums_over_steps(int steps, int count, T (*partial)[32], F f, Write write) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int first = 0; first < count; first += 32) {
    const int k = first + lane;
    T sum = 0;
    for (int j = warp; j < steps && k < count; j += rows_of_block) sum += f(j, k);
    __syncthreads();  // others may still read the partial sums before
    partial[warp][lane] = sum;
    __syncthreads();
    if (warp || k >= count) continue;
    for (int w = 1; w < rows_of_block; w++) sum += partial[w][lane];
    write(k, sum);
  }
}

// In place, of x (count,), by a block
template <class T>
__device__ void softmax_of_block(int count, T* x, T* room) {
  T top = count ? x[0] : T(0), sum = 0;
  for (int j = threadIdx.x; j < count; j += block_threads) top = vmax(x[j], top);
  top = warp_max(top);
  if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = top;
  __syncthreads();
  for (int w = 0; w < rows_of_block; w++) top = vmax(room[w], top);
  for (int j = threadIdx.x; j < count; j += block_threads) sum += x[j] = vexp(x[j] - top);
  sum = block_sum(sum, room);
  for (int j = threadIdx.x; j < count; j += block_threads) x[j] /= sum;
}

// samples: of each row, or null for one after the other
template <class T>
__global__ void attend(AttentionShape s, AttentionArrays<T> a, std::int64_t rows, const std::int32_t* samples) {
  SHARED(T, room, [32]);
  SHARED(T, partial, [rows_of_block][32]);
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const Query at(s, row, samples);
    const T* q = a.q + row * s.size;
    T *weights = a.weights + row * s.steps, *y = a.y + row * s.features;
    for (int j = threadIdx.x / 32; j < at.length; j += rows_of_block) {
      const T* k = a.k + (std::int64_t(j) * s.n + at.i) * s.size;
      const T score = warp_sum_of<T>(
          s.size, [&](int m) { return s.score == Score::dot ? q[m] * k[m] : a.w[m] * vtanh(q[m] + k[m]); });
      if (threadIdx.x % 32 == 0) weights[j] = score;
    }
    for (int j = at.length + int(threadIdx.x); j < s.steps; j += block_threads) weights[j] = 0;
    __syncthreads();
    softmax_of_block(at.length, weights, room);
    __syncthreads();
    sums_over_steps(
        at.length, s.features, partial,
        [&](int j, int f) { return weights[j] * a.v[(std::int64_t(j) * s.n + at.i) * s.features + f]; },
        [&](int f, T sum) { y[f] = sum; });
  }
}
template <class T>
void attend_rows(const Team& team, const AttentionShape& s, const AttentionArrays<T>& a, std::int64_t rows,
                 const std::int32_t* samples) {
  if (rows <= 0) return;
  launch({unsigned(least(rows, most_blocks)), block_threads, 0, stream_of(team)}, attend<T>, s, a, rows, samples);
}
template <class T>
void attention_forward(const Team& team, const AttentionShape& s, const AttentionArrays<T>& a) {
  attend_rows<T>(team, s, a, std::int64_t(s.queries) * s.n, nullptr);
}

// --- backward, of some queries at a time: their gradients of the scores (queries, n, steps) stand between its kernels
template <class T>
struct AttentionBackward {
  AttentionShape s;
  AttentionArrays<T> a;
  AttentionGradients<T> d;
  int first, end;  // queries
  T* dscores;      // (end - first, n, steps)
};

// dscores, and dq from them. The softmax's sum over weights and their gradients is dy y.
template <class T>
__global__ void attend_backward(AttentionBackward<T> b) {
  SHARED(T, partial, [rows_of_block][32]);
  const auto& [s, a, d, first, end, dscores] = b;
  const std::int64_t begin = std::int64_t(first) * s.n, rows = std::int64_t(end) * s.n;
  for (std::int64_t row = begin + blockIdx.x; row < rows; row += gridDim.x) {
    const Query at(s, row);
    const T *q = a.q + row * s.size, *weights = a.weights + row * s.steps, *y = a.y + row * s.features;
    const T* dy = d.dy + row * s.features;
    T *dscore = dscores + (row - begin) * s.steps, *dq = d.dq + row * s.size;
    const T mean = warp_sum_of<T>(s.features, [&](int f) { return dy[f] * y[f]; });
    for (int j = threadIdx.x / 32; j < at.length; j += rows_of_block) {
      const T* v = a.v + (std::int64_t(j) * s.n + at.i) * s.features;
      const T dweight = warp_sum_of<T>(s.features, [&](int f) { return dy[f] * v[f]; });
      if (threadIdx.x % 32 == 0) dscore[j] = weights[j] * (dweight - mean);
    }
    __syncthreads();
    sums_over_steps(
        at.length, s.size, partial,
        [&](int j, int m) {
          const T key = a.k[(std::int64_t(j) * s.n + at.i) * s.size + m];
          if (s.score == Score::dot) return dscore[j] * key;
          const T h = vtanh(q[m] + key);
          return dscore[j] * a.w[m] * (1 - h * h);
        },
        [&](int m, T sum) { dq[m] = sum; });
  }
}

// dk and dv of one feature, added up over the queries; both in one where keys are the values.
template <class T>
struct SourceGradients : AttentionBackward<T> {
  FASTDL_INLINE bool is_one() const { return this->d.dk == this->d.dv; }
  FASTDL_INLINE int width() const { return this->s.size + (is_one() ? 0 : this->s.features); }
  __device__ void operator()(std::int64_t u) const {
    const auto& s = this->s;
    const int m = int(u % width()), f = is_one() ? m : m - s.size;
    const std::int64_t row = u / width(), i = row % s.n, j = row / s.n;
    T* to = m < s.size ? this->d.dk + row * s.size + m : this->d.dv + row * s.features + f;
    T sum = this->first ? *to : T(0);
    if (j < s.lengths[i])
      for (int t = this->first; t < this->end; t++) {
        if (m < s.size) sum += dkey(t, i, j, m);
        if (f >= 0) sum += dvalue(t, i, j, f);
      }
    *to = sum;
  }
  FASTDL_INLINE T dkey(std::int64_t t, std::int64_t i, std::int64_t j, int m) const {
    const auto& s = this->s;
    const T q = this->a.q[(t * s.n + i) * s.size + m], d = this->dscores[((t - this->first) * s.n + i) * s.steps + j];
    if (s.score == Score::dot) return d * q;
    const T h = vtanh(q + this->a.k[(j * s.n + i) * s.size + m]);
    return d * this->a.w[m] * (1 - h * h);
  }
  FASTDL_INLINE T dvalue(std::int64_t t, std::int64_t i, std::int64_t j, int f) const {
    const auto& s = this->s;
    return this->a.weights[(t * s.n + i) * s.steps + j] * this->d.dy[(t * s.n + i) * s.features + f];
  }
};

// dw_of_each: a block for each sample, whose warps share the steps.
template <class T>
__global__ void weight_gradients(AttentionBackward<T> b) {
  SHARED(T, partial, [rows_of_block][32]);
  const auto& [s, a, d, first, end, dscores] = b;
  for (int i = blockIdx.x; i < s.n; i += gridDim.x) {
    T* dw = d.dw_of_each + std::int64_t(i) * s.size;
    sums_over_steps(
        s.score == Score::dot ? 0 : int(s.lengths[i]), s.size, partial,
        [&](int j, int m) {
          const T key = a.k[(std::int64_t(j) * s.n + i) * s.size + m];
          T sum = 0;
          for (std::int64_t t = first; t < end; t++)
            sum += dscores[((t - first) * s.n + i) * s.steps + j] * vtanh(a.q[(t * s.n + i) * s.size + m] + key);
          return sum;
        },
        [&](int m, T sum) { dw[m] = first ? dw[m] + sum : sum; });
  }
}

template <class T>
void launch_blocks(const Team& team, std::int64_t count, void (*kernel)(AttentionBackward<T>),
                   const AttentionBackward<T>& b) {
  if (count > 0) launch({unsigned(least(count, most_blocks)), block_threads, 0, stream_of(team)}, kernel, b);
}

template <class T>
void source_gradients(const Team& team, const AttentionBackward<T>& b) {
  const SourceGradients<T> gradients{b};
  for_each(team, std::int64_t(b.s.n) * b.s.steps * gradients.width(), gradients);
}

template <class T>
void attention_backward(const Team& team, const AttentionShape& s, const AttentionArrays<T>& a,
                        const AttentionGradients<T>& d) {
  const std::int64_t of_query = std::int64_t(s.n) * s.steps;
  const std::int64_t together = std::int64_t(workspace_bytes / sizeof(T)) / most<std::int64_t>(of_query, 1);
  int first = 0;
  do {
    const int end = int(least<std::int64_t>(s.queries, first + most<std::int64_t>(together, 1)));
    const AttentionBackward<T> b{s,     a,   d,
                                 first, end, together ? static_cast<T*>(queue_of(team).workspace) : d.dweights};
    launch_blocks(team, std::int64_t(end - first) * s.n, attend_backward<T>, b);
    if (d.dw) launch_blocks(team, s.n, weight_gradients<T>, b);
    source_gradients(team, b);
    first = end;
  } while (first < s.queries);
  if (d.dw) sum_rows(team, s.n, s.size, d.dw_of_each, d.dw);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
