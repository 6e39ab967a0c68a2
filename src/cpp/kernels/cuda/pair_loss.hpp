// Losses of the distances between the samples of a batch. A sample's own loss compares it with the others; one without
// weight takes no part. pairs: rows of squared distances, of slopes by them, and of room, a block for each.
#pragma once

#include "kernels/cuda/sums.hpp"
#include "kernels/training.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// A sample among the others, by the threads of a block.
template <class T>
struct Anchor {
  const LossArgs<T>& a;
  std::int64_t i;
  const T* distance;  // (n,), squared
  T *slope, *room;    // (n,)
  T* sums;            // shared, 32 of T
  __device__ bool counts(int j) const { return !a.weight || a.weight[j] != 0; }
  __device__ bool is_alike(int j) const { return j != i && a.codes[j] == a.codes[i] && counts(j); }
  __device__ bool is_other(int j) const { return a.codes[j] != a.codes[i] && counts(j); }
  template <class F>
  __device__ T sum_of(F f) const {
    T total = 0;
    for (int j = threadIdx.x; j < a.n; j += blockDim.x) total += f(j);
    return block_sum(total, sums);
  }
};

// The mean over p of the same code of max(0, margin + d(a, p) - d(a, n)), d squared; n is the nearest of another code
// that is further off than p, or, where all are nearer, the furthest (semi-hard: Schroff et al. 2015).
template <class T>
struct Triplet {
  T margin;
  // The other sample that p is compared with; -1 where there is none. The first of equals.
  __device__ int other_than(const Anchor<T>& anchor, int p) const {
    const T* d = anchor.distance;
    int nearest = -1, furthest = -1;
    for (int j = 0; j < anchor.a.n; j++) {
      if (!anchor.is_other(j)) continue;
      if (furthest < 0 || d[j] > d[furthest]) furthest = j;
      if (d[j] > d[p] && d[j] < (nearest < 0 ? T(__builtin_inf()) : d[nearest])) nearest = j;
    }
    return nearest < 0 ? furthest : nearest;
  }
  __device__ T operator()(const Anchor<T>& anchor) const {
    const T* d = anchor.distance;
    const int n = anchor.a.n;
    const T share = 1 / anchor.sum_of([&](int j) { return T(anchor.is_alike(j)); });
    // room: for each p whom it pushes away, -1 for nobody
    const T sum = anchor.sum_of([&](int p) {
      const int other = anchor.is_alike(p) ? other_than(anchor, p) : -1;
      const T value = other < 0 ? T(0) : margin + d[p] - d[other];
      const bool pushes = other >= 0 && !(value <= 0);
      anchor.room[p] = pushes ? T(other) : T(-1);
      return pushes ? value * share : T(0);
    });
    __syncthreads();
    for (int j = threadIdx.x; j < n; j += blockDim.x) {
      int times = anchor.room[j] >= 0;
      for (int p = 0; p < n; p++) times -= anchor.room[p] == T(j);
      anchor.slope[j] = times ? share * T(times) : T(0);
    }
    return sum;
  }
};

// The mean of d^2 / 2 over those of the same code, and of max(0, margin - d)^2 / 2 over those of others (Hadsell et al.
// 2006).
template <class T>
struct Contrastive {
  T margin;
  __device__ T operator()(const Anchor<T>& anchor) const {
    const T alike = anchor.sum_of([&](int j) { return T(anchor.is_alike(j)); });
    const T others = anchor.sum_of([&](int j) { return T(anchor.is_other(j)); });
    return anchor.sum_of([&](int j) {
      const T square = anchor.distance[j], d = vsqrt(square), gap = margin - d;
      T slope = 0, value = 0;
      if (anchor.is_alike(j)) {
        slope = T(0.5) / alike, value = square / (2 * alike);
      } else if (anchor.is_other(j) && !(gap <= 0)) {
        slope = d > 0 ? -gap / (2 * d * others) : T(0), value = gap * gap / (2 * others);
      }
      anchor.slope[j] = slope;
      return value;
    });
  }
};

template <class T, class Loss>
__global__ void __launch_bounds__(block_threads) anchor_rows(LossArgs<T> a, Loss loss) {
  SHARED(T, sums, [32]);
  const std::int64_t n = a.n, i = blockIdx.x;
  T* const slope = a.pairs + (n + i) * n;
  const T weight = a.weight ? a.weight[i] : T(1);
  const T value = loss(Anchor<T>{a, i, a.pairs + i * n, slope, a.pairs + (2 * n + i) * n, sums});
  const T factor = 2 * weight / T(*a.norm / a.share);
  for (int j = threadIdx.x; j < n; j += blockDim.x) slope[j] = weight != 0 ? slope[j] * factor : T(0);
  if (threadIdx.x == 0) a.value[i] = weight != 0 ? double(weight) * double(value) : 0.0;
}

// With the slopes of both samples of a pair together, s_ij, the gradient is dz_i = 2 sum_j s_ij (z_i - z_j).
template <class T, class Loss>
void each_anchor(const Team& team, const LossArgs<T>& a, Loss loss) {
  const std::int64_t n = a.n, outputs = a.outputs;
  const T *z = a.pred, *slopes = a.pairs + n * n;
  T *distances = a.pairs, *dz = a.dpred;
  for_each_row(team, n * n, [=] __device__(std::int64_t pair, int lane) {
    const T *own = z + pair / n * outputs, *other = z + pair % n * outputs;
    T sum = 0;
    for (std::int64_t k = lane; k < outputs; k += 32) sum += (own[k] - other[k]) * (own[k] - other[k]);
    sum = warp_sum(sum);
    if (lane == 0) distances[pair] = sum;
  });
  launch({unsigned(n), block_threads, 0, stream_of(team)}, anchor_rows<T, Loss>, a, loss);
  sum_of(team, n, Term<double>{a.value}, a.total);
  if (!dz) return;
  for_each(team, n * outputs, [=] __device__(std::int64_t e) {
    const std::int64_t i = e / outputs, k = e % outputs;
    T sum = 0;
    for (std::int64_t j = 0; j < n; j++) {
      const T slope = slopes[i * n + j] + slopes[j * n + i];
      if (slope != 0) sum += slope * (z[e] - z[j * outputs + k]);
    }
    dz[e] = sum;
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
