// The optimizer's pass over flat memory, and the sums and limits around it.
#pragma once

#include "kernels/cuda/pack.hpp"
#include "kernels/cuda/sums.hpp"
#include "math/updates.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// --- one run of parameters: N values of a thread side by side, those of v in parts of `side`
// ---------------------------
template <class Rule, class T, int N, int side>
struct UpdateValues {
  Pack<T, N> w, g, m, v;

  __device__ void read(const UpdateArgs<T>& a, std::int64_t i) {
    w = load<N>(a.w + i), g = load<N>(a.g + i);
    if constexpr (Rule::moments > 0) m = load<N>(a.m + i);
    if constexpr (Rule::moments > 1)
      for (int k = 0; k < N; k += side) put(k, load<side>(a.v + i + k));
  }
  __device__ void put(int first, const Pack<T, side>& part) {
    for (int k = 0; k < side; k++) v[first + k] = part[k];
  }
  __device__ void step(const Rule& rule, const Step<T>& s) {
    for (int k = 0; k < N; k++) {
      const T clipped = at_most(at_least(s.scale * g[k], -s.clip), s.clip);
      const T dw = rule.step(clipped + s.l2 * w[k] + s.l1 * vsign(w[k]), m[k], v[k]);
      w[k] = w[k] + dw - s.decay * w[k];
    }
  }
  __device__ void write(const UpdateArgs<T>& a, std::int64_t i) const {
    store(a.w + i, w);
    if constexpr (Rule::moments > 0) store(a.m + i, m);
    if constexpr (Rule::moments > 1)
      for (int k = 0; k < N; k += side) store(a.v + i + k, packed<T, side>([&](int l) { return v[k + l]; }));
  }
};

// Bytes are what takes the time: a thread has its next values on their way while it works on these, and the first of
// them while the block finds the numbers of its step.
template <class T>
constexpr int update_blocks = is_float<T> ? 3 : 2;  // of a multiprocessor
template <class Rule, class T, int N, int side>
__global__ void __launch_bounds__(block_threads, update_blocks<T>) update_run(UpdateArgs<T> a, int head) {
  SHARED(Step<T>, shared, [1]);  // divisions and roots once a block
  SHARED(bool, learns, [1]);
  const std::int64_t packs = (a.count - head) / N, stride = std::int64_t(gridDim.x) * block_threads;
  const std::int64_t first = std::int64_t(blockIdx.x) * block_threads + threadIdx.x;
  UpdateValues<Rule, T, N, side> now{}, next{};
  if (first < packs) now.read(a, head + first * N);
  if (threadIdx.x == 0) learns[0] = moves(*a.tally), shared[0] = step_of(a);
  __syncthreads();
  if (!learns[0]) return;
  const Step<T> s = shared[0];
  const Rule rule(s);
  for (std::int64_t p = first; p < packs; p += stride) {
    if (p + stride < packs) next.read(a, head + (p + stride) * N);
    now.step(rule, s);
    now.write(a, head + p * N);
    now = next;
  }
  if (first >= a.count - packs * N) return;
  const std::int64_t i = first < head ? first : first + packs * N;  // what lies before and after the packs
  UpdateValues<Rule, T, 1, 1> single{};
  single.read(a, i);
  single.step(rule, s);
  single.write(a, i);
}

template <class T>
int values_to_pack(const T* x) {  // until the next address that packs may have
  return int(-reinterpret_cast<std::uintptr_t>(x) / sizeof(T) % pack<T>);
}

template <class Rule, class T>
void launch_update(const Team& team, const UpdateArgs<T>& a) {
  constexpr int N = pack<T>;
  const auto blocks = [&](int side) {
    const std::int64_t at_once = std::int64_t(queue_of(team).multiprocessors) * update_blocks<T>;
    return dim3(unsigned(least(ceil_div<std::int64_t>(a.count, side * block_threads), at_once)));
  };
  const int head = int(least<std::int64_t>(values_to_pack(a.w), a.count));
  const auto as_w = [&](const T* x) { return !x || values_to_pack(x) == values_to_pack(a.w); };
  if (!as_w(a.g) || !as_w(a.m))
    launch({blocks(1), block_threads, 0, stream_of(team)}, update_run<Rule, T, 1, 1>, a, 0);
  else if (!as_w(a.v))  // it lies behind all of m, whose count may be odd
    launch({blocks(N), block_threads, 0, stream_of(team)}, update_run<Rule, T, N, 1>, a, head);
  else
    launch({blocks(N), block_threads, 0, stream_of(team)}, update_run<Rule, T, N, N>, a, head);
}

template <class T>
void update(const Team& team, const UpdateArgs<T>& a) {
  if (a.count <= 0) return;
  switch (a.kind) {
    case UpdateKind::sgd: return launch_update<Sgd<T>>(team, a);
    case UpdateKind::momentum: return launch_update<Momentum<T>>(team, a);
    case UpdateKind::nesterov: return launch_update<Nesterov<T>>(team, a);
    case UpdateKind::adagrad: return launch_update<AdaGrad<T>>(team, a);
    case UpdateKind::adadelta: return launch_update<AdaDelta<T>>(team, a);
    case UpdateKind::rmsprop: return launch_update<RmsProp<T>>(team, a);
    case UpdateKind::adam: return launch_update<Adam<T>>(team, a);
    case UpdateKind::adamw: return launch_update<AdamW<T>>(team, a);
    case UpdateKind::nadam: return launch_update<Nadam<T>>(team, a);
  }
}

// --- columns of w limited to a norm: a block has 32 of them, a warp every 32nd row of these
template <class T>
__global__ void __launch_bounds__(1024)
    limit_columns(const Tally* tally, std::int64_t rows, std::int64_t cols, T limit, T* w) {
  if (!moves(*tally)) return;
  SHARED(T, sums, [32][33]);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const std::int64_t column = std::int64_t(blockIdx.x) * 32 + lane;
  T sum = 0;
  for (std::int64_t i = warp; i < rows && column < cols; i += 32) sum += w[i * cols + column] * w[i * cols + column];
  sums[warp][lane] = sum;
  __syncthreads();
  T square = 0;
  for (int k = 0; k < 32; k++) square += sums[k][lane];
  const T norm = vsqrt(square);
  if (!(norm > limit)) return;
  for (std::int64_t i = warp; i < rows && column < cols; i += 32) w[i * cols + column] *= limit / norm;
}
template <class T>
void max_norm(const Team& team, const Tally* tally, std::int64_t rows, std::int64_t cols, T limit, T* w) {
  if (rows <= 0 || cols <= 0) return;
  launch({unsigned(ceil_div<std::int64_t>(cols, 32)), 1024, 0, stream_of(team)}, limit_columns<T>, tally, rows, cols,
         limit, w);
}

// --- sums over parameters; parts[i] is that of chunk i ---------------------------------------------------------------
struct Square {
  template <class T>
  __device__ T operator()(T x) const {
    return x * x;
  }
};
struct Absolute {
  template <class T>
  __device__ T operator()(T x) const {
    return vabs(x);
  }
};
template <class T, class F>
__global__ void __launch_bounds__(block_threads) sum_chunk_of(std::int64_t count, const T* x, F f, double* parts) {
  SHARED(double, room, [32]);
  const std::int64_t begin = blockIdx.x * sum_chunk, end = least(begin + sum_chunk, count);
  T sum = 0;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += block_threads) sum += f(x[i]);
  const double total = block_sum(double(sum), room);
  if (threadIdx.x == 0) parts[blockIdx.x] = total;
}
template <class T, class F>
void sum_chunks(const Team& team, std::int64_t count, const T* x, F f, double* parts, double* total) {
  const std::int64_t chunks = most<std::int64_t>(ceil_div(count, sum_chunk), 1);
  launch({unsigned(chunks), block_threads, 0, stream_of(team)}, sum_chunk_of<T, F>, count, x, f,
         chunks == 1 ? total : parts);
  if (chunks > 1) sum_parts(team, chunks, parts, total);
}
template <class T>
void sum_squares(const Team& team, std::int64_t count, const T* x, double* parts, double* total) {
  sum_chunks(team, count, x, Square{}, parts, total);
}
template <class T>
void sum_absolutes(const Team& team, std::int64_t count, const T* x, double* parts, double* total) {
  sum_chunks(team, count, x, Absolute{}, parts, total);
}

// g += l2 w + l1 sign(w), for those who take the gradient themselves; the update does this on its way.
template <class T>
void add_penalty_gradient(const Team& team, std::int64_t count, double l1, double l2, const double* norm, const T* w,
                          T* g) {
  for_each(team, count, [=] __device__(std::int64_t i) { g[i] += T(l2 / *norm) * w[i] + T(l1 / *norm) * vsign(w[i]); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
