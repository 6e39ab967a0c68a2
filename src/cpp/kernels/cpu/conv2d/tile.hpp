// Register tiles of the convolutions: R x C accumulators, each one chain of fused multiply-adds.
#pragma once

#include "kernels/cpu/vec.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Accumulators that fit beside their operands in 32 or 16 vector registers; SSE2 needs some for the products too.
#if FASTDL_VECTOR_BYTES == 64 || defined(__aarch64__)
constexpr int tile_accumulators = 25;
#else
constexpr int tile_accumulators = FASTDL_VECTOR_BYTES == 32 ? 12 : 8;
#endif
constexpr int tile_side = 8;  // the largest R and C

// acc[r][c] += row(r) * column(c). The shorter side stays in registers while the longer one streams by.
template <class T, int R, int C, class Row, class Column>
FASTDL_INLINE void outer_product(Vec<T> (&acc)[R][C], Row row, Column column) {
  Vec<T> held[R < C ? R : C];
  if constexpr (R < C) {
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) held[r] = row(r);
#pragma GCC unroll 8
    for (int c = 0; c < C; c++) {
      Vec<T> x = column(c);
      FASTDL_IN_REGISTER(x);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) acc[r][c] += held[r] * x;
    }
  } else {
#pragma GCC unroll 8
    for (int c = 0; c < C; c++) held[c] = column(c);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      Vec<T> x = row(r);
      FASTDL_IN_REGISTER(x);
#pragma GCC unroll 8
      for (int c = 0; c < C; c++) acc[r][c] += x * held[c];
    }
  }
}

// The instances of a tile function, [R - 1][C - 1]; null where the registers do not suffice.
#define FASTDL_TILE(F, r, c) (r * c <= tile_accumulators ? F<T, r, (r * c <= tile_accumulators ? c : 1)> : nullptr)
#define FASTDL_TILE_ROW(F, r)                                                              \
  {FASTDL_TILE(F, r, 1), FASTDL_TILE(F, r, 2), FASTDL_TILE(F, r, 3), FASTDL_TILE(F, r, 4), \
   FASTDL_TILE(F, r, 5), FASTDL_TILE(F, r, 6), FASTDL_TILE(F, r, 7), FASTDL_TILE(F, r, 8)}
#define FASTDL_TILE_TABLE(F)                                                                   \
  {FASTDL_TILE_ROW(F, 1), FASTDL_TILE_ROW(F, 2), FASTDL_TILE_ROW(F, 3), FASTDL_TILE_ROW(F, 4), \
   FASTDL_TILE_ROW(F, 5), FASTDL_TILE_ROW(F, 6), FASTDL_TILE_ROW(F, 7), FASTDL_TILE_ROW(F, 8)}

// --- cutting ---------------------------------------------------------------------------------------------------------

// total things in count parts that differ by at most one.
struct Parts {
  int total = 0, count = 1;
  int small = total / count, larger = total % count;  // size of a part; how many, the first ones, have one more
  int begin(int part) const { return part * small + least(part, larger); }
  int size(int part) const { return small + (part < larger); }
  int largest() const { return size(0); }
};
inline Parts parts_of(int total, std::int64_t largest) {
  return {total, static_cast<int>(ceil_div<std::int64_t>(total, most<std::int64_t>(largest, 1)))};
}

struct Tiles {
  Parts rows, columns;
};

// What a cut of the columns costs: multiply-adds of one row, and steps, the outer products of all its tiles.
struct ColumnCost {
  std::int64_t products, steps;
};

// The cut of rows x columns with the fewest cycles in a core with two multiply-adds and two loads at a time and a
// latency of four; a step has about one cycle of its own, and loads are not quite free. Threads that share out all
// tiles (of as many groups) count what the busiest has to do.
template <class Cost>
Tiles best_tiles(int rows, int columns, Cost cost_of, std::int64_t groups = 1, int threads = 1) {
  Tiles best;
  double least_cost = 0;
  for (int c = 1; c <= tile_side; c++) {
    const Parts across = parts_of(columns, c);
    const ColumnCost cost = cost_of(across);
    for (int r = 1; r <= tile_side && r * c <= tile_accumulators; r++) {
      const int down = ceil_div(rows, r);
      const std::int64_t loads = down * cost.products + rows * cost.steps, steps = down * cost.steps;
      double cycles = 8 * most(most(rows * cost.products, loads), 8 * steps) + 16 * steps + loads;
      if (threads > 1) {
        const std::int64_t tiles = groups * down * across.count;
        cycles *= double(ceil_div<std::int64_t>(tiles, threads)) / tiles;
      }
      if (least_cost == 0 || cycles < least_cost) best = {{rows, down}, across}, least_cost = cycles;
    }
  }
  return best;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
