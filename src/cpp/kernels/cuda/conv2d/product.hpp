// out = a b: a block a tile of it. Slices of both factors are on their way to shared memory while one is multiplied.
#pragma once

#include <type_traits>

#include "kernels/cuda/conv2d/operands.hpp"
#include "kernels/cuda/gemm_tile.hpp"
#include "kernels/cuda/queue.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// What a layer of blocks computes.
template <class A, class B, class Out>
struct Part {
  A a;
  B b;
  Out out;  // rows, columns; at(row): where it lies in y; bias; sums of the columns of b
  std::int64_t depth;
};

template <class Engine, class T>
__device__ void put_packs(const Engine& engine, int thread, const std::int64_t* places, int columns, const T* bias,
                          T* to) {
  if constexpr (Engine::side == pack<T>)
    engine.each_side(thread, [&](int i, int j, const T(&v)[Engine::side]) {
      if (places[i] >= 0 && j < columns)
        store<pack<T>>(to + places[i] + j, packed<T, pack<T>>([&](int k) { return bias ? v[k] + bias[j + k] : v[k]; }));
    });
}

template <class Engine, class Problem>
__global__ void __launch_bounds__(Engine::threads, Engine::blocks) product(Problem problem) {
  using T = typename Problem::Value;
  using Parts = decltype(problem.part(0));
  using A = decltype(Parts::a);
  using B = decltype(Parts::b);
  using S = Stages<Engine, A, B>;
  DYNAMIC_SHARED(T, shared);
  SHARED(std::int64_t, places, [Engine::m]);
  const Parts part = problem.part(int(blockIdx.z));
  const std::int64_t row = std::int64_t(blockIdx.x) * Engine::m, column = std::int64_t(blockIdx.y) * Engine::n;
  const int thread = int(threadIdx.x), slices = int((part.depth + Engine::depth - 1) / Engine::depth);
  if (row >= part.out.rows) return;  // of the whole block
  for (int i = thread; i < Engine::m; i += Engine::threads)
    places[i] = row + i < part.out.rows ? part.out.at(row + i) : -1;

  typename A::template Loader<Engine, Engine::m, typename S::SliceA> a(part.a, row);
  typename B::template Loader<Engine, Engine::n, typename S::SliceB> b(part.b, column);
  const auto fetch = [&](int slice) {
    if (slice < slices) {
      T* const to = shared + slice % Engine::stages * S::size;
      a.fetch(to), b.fetch(to + S::SliceA::size);
    }
    close_copies();
  };
  Engine engine;
  T sum = 0;  // of a part of a column of b
  constexpr int teams = Engine::threads / Engine::n;
  for (int slice = 0; slice < Engine::stages - 1; slice++) fetch(slice);
  for (int slice = 0; slice < slices; slice++) {
    wait_copies<Engine::stages - 2>();
    __syncthreads();  // all see the slice; and all have done with the one before, where the next one goes
    fetch(slice + Engine::stages - 1);
    const T *const x = shared + slice % Engine::stages * S::size, *const y = x + S::SliceA::size;
    engine.template add<typename S::SliceA, typename S::SliceB>(thread, x, y, 0);
    if (B::summed && row == 0)
      for (int k = thread / Engine::n; k < Engine::depth; k += teams) sum += y[S::SliceB::index(thread % Engine::n, k)];
  }
  wait_copies<0>();
  __syncthreads();

  const int columns = part.out.columns - int(column);
  T* const to = part.out.y + column;
  const T* const bias = part.out.bias ? part.out.bias + column : nullptr;
  if (Engine::side == pack<T> && columns % pack<T> == 0 && part.out.pitch % pack<T> == 0 &&
      std::uintptr_t(to) % 16 == 0) {
    put_packs(engine, thread, places, columns, bias, to);
  } else {
    engine.template each<typename S::SliceA, typename S::SliceB>(thread, [&](int i, int j, T value) {
      if (places[i] >= 0 && j < columns) to[places[i] + j] = bias ? value + bias[j] : value;
    });
  }
  if constexpr (B::summed) {
    if (row || !part.out.sums) return;
    shared[thread] = sum;
    __syncthreads();
    if (thread >= least(Engine::n, columns)) return;
    for (int i = 1; i < teams; i++) sum += shared[i * Engine::n + thread];
    part.out.sums[column + thread] = sum;
  }
}

// --- which tiles
template <class Engine>
std::int64_t tiles_of(std::int64_t rows, int columns) {
  return ceil_div<std::int64_t>(rows, Engine::m) * ceil_div(columns, Engine::n);
}

template <class Engine, class Problem>
void multiply_by(const Team& team, const Problem& problem, std::int64_t rows, int columns, int parts) {
  using P = decltype(problem.part(0));
  const auto kernel = product<Engine, Problem>;
  constexpr std::size_t bytes = Stages<Engine, decltype(P::a), decltype(P::b)>::bytes;
  if (bytes > 44 << 10)  // with what is static, more than any kernel may have
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes));
  const dim3 grid{unsigned(ceil_div<std::int64_t>(rows, Engine::m)), unsigned(ceil_div(columns, Engine::n)),
                  unsigned(parts)};
  launch({grid, Engine::threads, bytes, stream_of(team)}, kernel, problem);
}

// f.operator()<Engine>() with the largest tiles of which there are enough for all multiprocessors, where `parts`
// layers of blocks are computed at once. Factors that come in packs leave registers for large tiles of a warp, whose
// products ask less of shared memory: 2 and 3 such blocks fit a multiprocessor.
template <class Format, bool PACKS, class F>
void with_mma(int multiprocessors, std::int64_t rows, int columns, int parts, F f) {
  using Widest =
      std::conditional_t<PACKS, Mma<Format, 128, 128, 32, 64, 64, 1, 3, 2>, Mma<Format, 128, 128, 16, 64, 32, 1, 4>>;
  using Wide =
      std::conditional_t<PACKS, Mma<Format, 128, 64, 32, 64, 32, 1, 3, 3>, Mma<Format, 128, 64, 16, 32, 32, 1, 4>>;
  const std::int64_t enough = ceil_div(multiprocessors * 3, 4);
  if (columns <= 16) return f.template operator()<Mma<Format, 128, 16, 16, 32, 16, 1, 4>>();
  if (columns <= 32) return f.template operator()<Mma<Format, 128, 32, 16, 32, 32, 1, 4>>();
  if (columns > 64 && tiles_of<Widest>(rows, columns) * parts >= enough) return f.template operator()<Widest>();
  if (tiles_of<Wide>(rows, columns) * parts >= enough) return f.template operator()<Wide>();
  f.template operator()<Mma<Format, 64, 64, 16, 32, 32, 1, 4>>();
}
template <bool PACKS = false, class F>
void with_tiles(const Team& team, float, std::int64_t rows, int columns, int parts, F f) {
  using Widest = Simt<float, 128, 128, 16, 8, 8, 1, 3>;
  using Wide = Simt<float, 128, 64, 16, 8, 4, 1, 3>;
  const Queue& queue = queue_of(team);
  const std::int64_t enough = ceil_div(queue.multiprocessors * 3, 4);
  if (queue.precision == Precision::tf32) return with_mma<Tf32, PACKS>(queue.multiprocessors, rows, columns, parts, f);
  if (queue.precision == Precision::bf16) return with_mma<Bf16, PACKS>(queue.multiprocessors, rows, columns, parts, f);
  if (columns <= 32) return f.template operator()<Simt<float, 128, 32, 16, 8, 4, 1, 3>>();
  if (columns > 64 && tiles_of<Widest>(rows, columns) * parts >= enough) return f.template operator()<Widest>();
  if (tiles_of<Wide>(rows, columns) * parts >= enough) return f.template operator()<Wide>();
  f.template operator()<Simt<float, 64, 64, 16, 4, 4, 1, 3>>();
}
template <bool PACKS = false, class F>
void with_tiles(const Team&, double, std::int64_t, int columns, int, F f) {
  if (columns <= 32) return f.template operator()<Simt<double, 64, 32, 16, 4, 4, 1, 3>>();
  f.template operator()<Simt<double, 64, 64, 16, 4, 4, 1, 3>>();
}

template <class Problem>
void multiply(const Team& team, const Problem& problem, std::int64_t rows, int columns, int parts) {
  if (rows <= 0 || columns <= 0 || parts <= 0) return;
  with_tiles<Problem::packs>(team, typename Problem::Value{}, rows, columns, parts,
                             [&]<class Engine>() { multiply_by<Engine>(team, problem, rows, columns, parts); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
