// A product by tiles: a block computes Engine::m x Engine::n of c. Slices of both factors are copied to shared memory
// while those before them are multiplied.
#pragma once

#include "kernels/cuda/gemm_engines.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class Engine, class A, class B>
struct Stages {
  using T = typename Engine::T;
  using SliceA = Slice<T, A, Engine::m, Engine::depth, Engine::pad>;
  using SliceB = Slice<T, B, Engine::n, Engine::depth, Engine::pad>;
  static constexpr int size = SliceA::size + SliceB::size;
  static constexpr int pitch = Engine::n + 4;  // of sums that slices leave to be added
  static constexpr int sums = Engine::slices > 1 ? Engine::slices * Engine::m * pitch : 0;
  static constexpr std::size_t bytes = sizeof(T) * (size * Engine::stages > sums ? size * Engine::stages : sums);
};

// out(split, row, column, sum) takes the results. Split z sums over depths z*split_depth and following, as many.
// SUMS: out.sum(split, column, sum) also takes the sums of the columns of b.
template <class Engine, bool SUMS, class A, class B, class Out>
__global__ void __launch_bounds__(Engine::threads, 1)
    tile_product(int m, int n, int depth, int split_depth, A a, B b, Out out) {
  using T = typename Engine::T;
  using S = Stages<Engine, A, B>;
  DYNAMIC_SHARED(T, shared);
  const int tiles_n = ceil_div(n, Engine::n), split = int(blockIdx.z);
  const int row = int(blockIdx.x / tiles_n) * Engine::m, column = int(blockIdx.x % tiles_n) * Engine::n;
  const int begin = split * split_depth, steps = ceil_div(least(depth - begin, split_depth), Engine::depth);
  const int slice = threadIdx.x / Engine::team, thread = threadIdx.x % Engine::team;
  const auto fetch = [&](int step) {
    if (step < steps) {
      T* const to = shared + step % Engine::stages * S::size;
      S::SliceA::template fetch<Engine::threads>(a, row, begin + step * Engine::depth, to);
      S::SliceB::template fetch<Engine::threads>(b, column, begin + step * Engine::depth, to + S::SliceA::size);
    }
    close_copies();
  };

  Engine engine;
  constexpr int teams = Engine::threads / Engine::n;  // of threads that sum columns
  T column_sum = 0;
  for (int step = 0; step < Engine::stages - 1; step++) fetch(step);
  for (int step = 0; step < steps; step++) {
    wait_copies<Engine::stages - 2>();
    __syncthreads();  // all see the slice; and all are done with the one before, where the next one goes
    fetch(step + Engine::stages - 1);
    const T *const x = shared + step % Engine::stages * S::size, *const y = x + S::SliceA::size;
    engine.template add<typename S::SliceA, typename S::SliceB>(thread, x, y, slice * (Engine::depth / Engine::slices));
    if (SUMS && row == 0)
      for (int k = threadIdx.x / Engine::n; k < Engine::depth; k += teams)
        column_sum += y[S::SliceB::index(threadIdx.x % Engine::n, k)];
  }
  wait_copies<0>();

  if constexpr (Engine::slices == 1) {
    engine.template each<typename S::SliceA, typename S::SliceB>(thread, [&](int i, int j, T sum) {
      if (row + i < m && column + j < n) out(split, row + i, column + j, sum);
    });
  } else {
    __syncthreads();
    T* const mine = shared + slice * Engine::m * S::pitch;
    engine.template each<typename S::SliceA, typename S::SliceB>(
        thread, [&](int i, int j, T sum) { mine[i * S::pitch + j] = sum; });
    __syncthreads();
    for (int at = threadIdx.x; at < Engine::m * Engine::n; at += Engine::threads) {
      const int i = at / Engine::n, j = at % Engine::n;
      T sum = shared[i * S::pitch + j];
      for (int s = 1; s < Engine::slices; s++) sum += shared[(s * Engine::m + i) * S::pitch + j];
      if (row + i < m && column + j < n) out(split, row + i, column + j, sum);
    }
  }
  if constexpr (SUMS) {
    if (row) return;
    __syncthreads();
    shared[threadIdx.x] = column_sum;
    __syncthreads();
    if (threadIdx.x >= Engine::n || column + int(threadIdx.x) >= n) return;
    for (int i = 1; i < teams; i++) column_sum += shared[i * Engine::n + threadIdx.x];
    out.sum(split, column + threadIdx.x, column_sum);
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
