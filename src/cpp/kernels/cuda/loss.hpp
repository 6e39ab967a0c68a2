// Losses: each sample's weighted value, and the gradient of weight * loss / norm by its predictions. A row of outputs
// is one thread's where it is narrow (or four's, where few rows leave them free), else a warp's or a block's.
#pragma once

#include <mma.hpp>  // UNROLL
#include "kernels/cuda/sums.hpp"
#include "kernels/points.hpp"
#include "kernels/training.hpp"
#include "math/losses.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int loss_threads = 512;
constexpr int few_outputs = 32;

// The threads of a row, 1, 4, 32 or all of a block: each has every size-th output.
template <class T, int size>
struct RowThreads {
  static constexpr int threads = size == 4 && is_float<T> ? 1024 : loss_threads, rows = threads / size;  // of a block
  int lane, outputs;
  T* room;  // shared, 32 of T
  template <class F>
  static __device__ T fold(T x, F f) {
    const unsigned mask = size == 4 ? 0xfu << threadIdx.x % 32 / 4 * 4 : ~0u;
    for (int far = least(size, 32) / 2; far; far /= 2) x = f(x, __shfl_xor_sync(mask, x, far));
    return x;
  }
  __device__ T sum(T x) const {
    if constexpr (size > 32) return block_sum(x, room);
    return fold(x, [](T a, T b) { return a + b; });
  }
  __device__ T max(T x) const {
    x = fold(x, [](T a, T b) { return vmax(a, b); });
    if constexpr (size <= 32) return x;
    __syncthreads();  // others may still read what was there before
    if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = x;
    __syncthreads();
    x = room[0];
    for (int w = 1; w < size / 32; w++) x = vmax(x, room[w]);
    return x;
  }
  // Over the outputs: each(f), the sum and the maximum of f(output).
  template <class F>
  __device__ void each(F f) const {
    if constexpr (size == 4) {  // the loads of all on their way together
      UNROLL
      for (int k = 0; k < few_outputs / 4; k++) {
        if (const int j = lane + 4 * k; j < outputs) f(j);
      }
    } else {
      for (int j = lane; j < outputs; j += size) f(j);
    }
  }
  template <class F>
  __device__ T sum_of(F f) const {
    T total = 0;
    each([&](int j) { total += f(j); });
    return sum(total);
  }
  template <class F>
  __device__ T max_of(F f) const {
    T top = -T(__builtin_inf());
    each([&](int j) { top = vmax(f(j), top); });
    return max(top);
  }
};

// weight / norm of a sample, divided when it is used: what is loaded before is on its way meanwhile.
template <class T>
struct Scale {
  T weight;
  double norm, share;
  __device__ operator T() const { return weight / T(norm / share); }
};

// --- losses of a row z (outputs,) and its class y --------------------------------------------------------------------
// -log softmax(z)_y: value = log(sum exp(z - max)) - (z_y - max), dz = softmax(z) - onehot(y). Smoothed (Szegedy et al.
// 2016), a part of the target goes to all classes alike: the value grows by smoothing * (z_y - mean of z).
template <class T>
struct SoftmaxCrossEntropy {
  T smoothing;
  template <class Row>
  __device__ T operator()(const Row& row, const LossArgs<T>& a, std::int64_t i, const Scale<T>& share) const {
    const T* z = a.pred + i * a.outputs;
    const int y = a.codes[i];
    const T top = row.max_of([&](int j) { return z[j]; });
    const T total = row.sum_of([&](int j) { return vexp(z[j] - top); });
    const T even = smoothing / T(a.outputs), scale = share;
    if (T* dz = a.dpred ? a.dpred + i * a.outputs : nullptr)
      row.each([&](int j) { dz[j] = (vexp(z[j] - top) / total - (j == y ? 1 - smoothing : T(0)) - even) * scale; });
    T value = vlog(total) - (z[y] - top);
    if (smoothing != 0)
      value += smoothing * (z[y] - top - row.sum_of([&](int j) { return z[j] - top; }) / T(a.outputs));
    return at_most(value, a.cap);
  }
};

// -(1 - p)^gamma log(p) of p = softmax(z)_y (Lin et al. 2017): dz = c (softmax(z) - onehot(y)), where
// c = (1 - p)^gamma (1 - gamma p log(p) / (1 - p)). 1 - p is the sum of the others: no digits are lost where p is
// near 1.
template <class T>
struct Focal {
  T gamma;
  template <class Row>
  __device__ T operator()(const Row& row, const LossArgs<T>& a, std::int64_t i, const Scale<T>& share) const {
    const T* z = a.pred + i * a.outputs;
    const int y = a.codes[i];
    const T top = row.max_of([&](int j) { return z[j]; });
    const T others = row.sum_of([&](int j) { return j == y ? T(0) : vexp(z[j] - top); });
    const T e = vexp(z[y] - top), total = others + e, p = e / total, rest = others / total;
    const T loss = z[y] == top ? vlog1p(others) : vlog(total) - (z[y] - top);
    const T power = gamma == 0 ? T(1) : rest > 0 ? vexp(gamma * vlog(rest)) : rest, scale = share;
    if (T* dz = a.dpred ? a.dpred + i * a.outputs : nullptr) {
      const T c = scale * power * (1 + gamma * p * (rest > 0 ? loss / rest : T(1)));
      row.each([&](int j) { dz[j] = j == y ? -rest * c : vexp(z[j] - top) / total * c; });
    }
    return at_most(power * loss, a.cap);
  }
};

// max(0, margin + max over j != y of z_j - z_y) (Crammer and Singer 2001, as sklearn.metrics.hinge_loss); the first of
// equal rivals counts, and NaN goes through.
template <class T>
struct Hinge {
  T margin;
  template <class Row>
  __device__ T operator()(const Row& row, const LossArgs<T>& a, std::int64_t i, const Scale<T>& share) const {
    const T *z = a.pred + i * a.outputs, low = -T(__builtin_inf());
    const int y = a.codes[i];
    const T top = row.max_of([&](int j) { return j == y ? low : z[j]; });
    const T lost = row.sum_of([&](int j) { return z[j] == z[j] ? T(0) : z[j]; });
    const T value = margin + top - z[y] + lost, scale = share;
    if (T* dz = a.dpred ? a.dpred + i * a.outputs : nullptr) {
      const T last = T(a.outputs),
              rival = last - row.max_of([&](int j) { return j != y && z[j] == top ? last - j : T(0); });
      row.each([&](int j) { dz[j] = value > 0 && j == y ? -scale : value > 0 && T(j) == rival ? scale : T(0); });
    }
    return value < 0 ? T(0) : value;
  }
};

// --- losses of single outputs, summed over a row; the cap is one output's
// ---------------------------------------------
template <class T, class Loss>
struct SumOfLosses {
  Loss loss;
  template <class Row>
  __device__ T operator()(const Row& row, const LossArgs<T>& a, std::int64_t i, const Scale<T>& share) const {
    const std::int64_t first = i * a.outputs;
    const T scale = share;
    return row.sum_of([&](int j) {
      const T p = a.pred[first + j], y = a.target[first + j];
      if (a.dpred) a.dpred[first + j] = loss.slope(p, y) * scale;
      return at_most(loss.value(p, y), a.cap);
    });
  }
};

// Of a cell: the offset of an object's centre, the logarithms of its width and height (absolute errors, those of the
// size times size_weight; a target that is not a number stands for no object), then the heat map of each class.
template <class T>
struct ObjectsAsPoints {
  T size_weight;
  template <class Row>
  __device__ T operator()(const Row& row, const LossArgs<T>& a, std::int64_t i, const Scale<T>& share) const {
    const std::int64_t first = i * a.outputs;
    const T scale = share;
    const HeatMap<T> heat;
    return row.sum_of([&](int j) {
      const T p = a.pred[first + j], y = a.target[first + j];
      const bool is_heat = j >= box_outputs;
      const T factor = j < box_outputs / 2 ? T(1) : size_weight, error = y == y ? p - y : T(0);
      if (a.dpred) a.dpred[first + j] = (is_heat ? heat.slope(p, y) : factor * vsign(error)) * scale;
      return at_most(is_heat ? heat.value(p, y) : factor * vabs(error), a.cap);
    });
  }
};

// --- all rows --------------------------------------------------------------------------------------------------------
// parts: the sum of each block's values
template <class T, int size, class Loss>
__global__ void __launch_bounds__(RowThreads<T, size>::threads, 1) loss_rows(LossArgs<T> a, Loss loss, double* parts) {
  SHARED(T, room, [32]);
  SHARED(double, sums, [32]);
  using Row = RowThreads<T, size>;
  const int lane = int(threadIdx.x) % size;
  const Row row{lane, a.outputs, room};
  const std::int64_t i = std::int64_t(blockIdx.x) * Row::rows + threadIdx.x / size;
  double value = 0;
  if (i < a.n) {  // the threads of a row go together
    const T weight = a.weight ? a.weight[i] : T(1);
    value = double(weight) * double(loss(row, a, i, Scale<T>{weight, *a.norm, a.share}));
    if (lane == 0) a.value[i] = value;
  }
  value = block_sum(lane == 0 ? value : 0.0, sums);
  if (threadIdx.x == 0) parts[blockIdx.x] = value;
}

template <int size, class T, class Loss>
void launch_loss(const Team& team, const LossArgs<T>& a, Loss loss) {
  const unsigned blocks = unsigned(ceil_div(a.n, RowThreads<T, size>::rows));
  double* parts = blocks == 1 ? a.total : static_cast<double*>(queue_of(team).workspace);
  launch({blocks, RowThreads<T, size>::threads, 0, stream_of(team)}, loss_rows<T, size, Loss>, a, loss, parts);
  if (blocks > 1) sum_parts(team, blocks, parts, a.total);
}
template <class T, class Loss>
void each_sample(const Team& team, const LossArgs<T>& a, Loss loss) {
  if (a.outputs <= few_outputs && a.n <= RowThreads<T, 4>::rows)
    launch_loss<4>(team, a, loss);
  else if (a.outputs <= few_outputs)
    launch_loss<1>(team, a, loss);
  else if (a.outputs <= 2048)
    launch_loss<32>(team, a, loss);
  else
    launch_loss<loss_threads>(team, a, loss);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
