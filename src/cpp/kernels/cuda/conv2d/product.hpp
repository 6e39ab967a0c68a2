// out = a b: a block a tile of it, the slice after next on its way to registers while one is multiplied in shared
// memory.
#pragma once

#include "kernels/cuda/conv2d/operands.hpp"
#include "kernels/cuda/conv2d/simt.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class A, class B, class Out>
struct Part {
  A a;
  B b;
  Out out;  // rows, columns; put(row, column, pack); put_sum(column, sum of the second factor's)
  std::int64_t depth;
};

template <class Engine, class Problem>
__global__ void __launch_bounds__(Engine::threads) product(Problem problem) {
  const auto part = problem.part(int(blockIdx.z));
  using A = decltype(part.a);
  using B = decltype(part.b);
  using Word = typename Engine::Word;
  constexpr int room_a = Engine::template room<A::depth_first, Engine::rows>,
                room_b = Engine::template room<B::depth_first, Engine::columns>;
  using Quad = Pack<Word, 4>;
  SHARED(Quad, tiles, [(room_a + room_b) / 2]);
  Word* const first = reinterpret_cast<Word*>(tiles);
  const std::int64_t row = std::int64_t(blockIdx.x) * Engine::rows, column = std::int64_t(blockIdx.y) * Engine::columns;
  if (row >= part.out.rows) return;  // of the whole block

  typename A::template Loader<Engine, Engine::rows> a(part.a, row);
  typename B::template Loader<Engine, Engine::columns> b(part.b, column);
  Engine engine;
  a.fetch(), b.fetch();
  const int slices = int((part.depth + Engine::depth - 1) / Engine::depth);
  for (int slice = 0; slice < slices; slice++) {
    Word *tile_a = first + slice % 2 * (room_a + room_b), *tile_b = tile_a + room_a;
    a.store(tile_a), b.store(tile_b);
    __syncthreads();  // that this one is there, and that all have done with the one before
    if (slice + 1 < slices) a.fetch(), b.fetch();
    engine.template add<A::depth_first, B::depth_first>(tile_a, tile_b);
  }
  engine.put([&](int i, int j, const auto& pack) { part.out.put(row + i, int(column) + j, pack); });
  if constexpr (B::summed)
    if (blockIdx.x == 0) {
      __syncthreads();
      b.put_sums(reinterpret_cast<typename Engine::Value*>(tiles),
                 [&](int j, auto sum) { part.out.put_sum(int(column) + j, sum); });
    }
}

// --- which tiles
template <class Engine, class Problem>
void multiply_by(const Team& team, const Problem& problem, std::int64_t rows, int columns, int parts) {
  const dim3 grid{unsigned(ceil_div<std::int64_t>(rows, Engine::rows)), unsigned(ceil_div(columns, Engine::columns)),
                  unsigned(parts)};
  launch({grid, Engine::threads, 0, stream_of(team)}, product<Engine, Problem>, problem);
}

// The largest tiles that still give each multiprocessor a block.
template <class Problem>
void multiply(const Team& team, const Problem& problem, std::int64_t rows, int columns, int parts) {
  using T = typename Problem::Value;
  if (rows <= 0 || columns <= 0 || parts <= 0) return;
  if (columns <= 16) return multiply_by<Simt<T, 128, 16, 4, 4>>(team, problem, rows, columns, parts);
  if constexpr (is_float<T>) {
    const auto fills = [&](int down, int across) {
      return ceil_div<std::int64_t>(rows, down) * ceil_div(columns, across) * parts >= queue_of(team).multiprocessors;
    };
    if (columns <= 32) return multiply_by<Simt<T, 128, 32, 8, 4>>(team, problem, rows, columns, parts);
    if (columns > 64 && fills(128, 128))
      return multiply_by<Simt<T, 128, 128, 8, 8>>(team, problem, rows, columns, parts);
    if (fills(128, 64)) return multiply_by<Simt<T, 128, 64, 8, 4>>(team, problem, rows, columns, parts);
  }
  multiply_by<Simt<T, 64, 64, 4, 4>>(team, problem, rows, columns, parts);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
