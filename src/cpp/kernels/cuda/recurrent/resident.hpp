// recurrent: the whole way through the steps in one kernel, whose blocks keep their part of the weights in shared
// memory and meet after each product (Diamos et al. 2016, Persistent RNNs). A block has 16 units, and 16 samples or
// more.
#pragma once

#include "kernels/cuda/recurrent/cells.hpp"
#include "kernels/cuda/recurrent/product.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// weights (units, gates of 16 units from the first of this block's): columns of w_hh, of gate `from_gate` on
template <class Product, int gates>
__device__ inline void keep_columns(const Walk<float>& w, int from_gate, float* weights) {
  using Tile = TileShape<gates>;
  const int rows = walk_warps * Tile::slice(w.units), first = int(blockIdx.x) * tile_units;
  for (int k = int(threadIdx.x); k < rows * Tile::columns; k += walk_threads) {
    const int row = k / Tile::columns, column = k % Tile::columns, u = first + column % tile_units;
    const int gate = from_gate + column / tile_units;
    const bool there = row < w.units && u < w.units;
    weights[row * Tile::stride + column] =
        there ? Product::weight(w.a.w_hh[std::int64_t(row) * w.width + gate * w.units + u]) : 0.0f;
  }
}
// weights (depth, 16 units): the transpose of rows of w_hh, of its columns from from_column on
template <class Product>
__device__ inline void keep_rows(const Walk<float>& w, int from_column, int depth, float* weights) {
  using Tile = TileShape<1>;
  const int rows = walk_warps * Tile::slice(depth), first = int(blockIdx.x) * tile_units;
  for (int column = 0; column < tile_units; column++)
    for (int k = int(threadIdx.x); k < rows; k += walk_threads) {
      const bool there = k < depth && first + column < w.units;
      weights[k * Tile::stride + column] =
          there ? Product::weight(w.a.w_hh[std::int64_t(first + column) * w.width + from_column + k]) : 0.0f;
    }
}

// f(first sample) for the tiles of this block, then the blocks meet
template <class F>
__device__ inline void for_each_tile(const Walk<float>& w, F f) {
  for (int first = int(blockIdx.y) * tile_rows; first < w.n; first += int(gridDim.y) * tile_rows) {
    f(first);
    __syncthreads();  // the sums are read
  }
  grid_sync();
}

// --- forward
template <template <int> class Product, Cell cell>
__global__ void __launch_bounds__(walk_threads, 1) forward_walk(const Walk<float> w, bool vectors) {
  constexpr int gates = first_gates(cell);
  DYNAMIC_SHARED(float, weights);
  float* const weights_n = weights + TileShape<gates>::weights(w.units);
  float* const sums = weights_n + (cell == Cell::gru ? TileShape<1>::weights(w.units) : 0);
  keep_columns<Product<gates>, gates>(w, 0, weights);
  if constexpr (cell == Cell::gru) keep_columns<Product<1>, 1>(w, 2, weights_n);
  __syncthreads();
  const int i = int(threadIdx.x) / tile_units, u = int(blockIdx.x) * tile_units + int(threadIdx.x) % tile_units;
  auto input = [&](const float* states, int first) {
    return TileInput{states + std::int64_t(first) * w.units, w.units, w.n - first, w.units, vectors};
  };
  for (int t = 0; t < w.steps; t++) {
    const float* const seen = w.seen(t);
    for_each_tile(w, [&](int first) {
      const bool mine = first + i < w.n && u < w.units;
      const CellInput<float> in = mine ? forward_input<cell>(w, t, first + i, u) : CellInput<float>{};
      float p[4] = {};
      if (seen) {
        Product<gates>::multiply(input(seen, first), weights, sums);
        __syncthreads();
        for (int g = 0; g < gates; g++) p[g] = tile_sum<gates>(sums, g);
      }
      if (mine) cell_forward<cell, 0>(w, t, first + i, u, in, p);
    });
    if constexpr (cell == Cell::gru)
      for_each_tile(w, [&](int first) {
        const bool mine = first + i < w.n && u < w.units;
        const CellInput<float> in = mine ? forward_input<cell>(w, t, first + i, u) : CellInput<float>{};
        float p[4] = {};
        if (seen) {
          Product<1>::multiply(input(w.a.extra + w.row(t, 0) * w.units, first), weights_n, sums);
          __syncthreads();
          p[0] = tile_sum<1>(sums, 0);
        }
        if (mine) cell_forward<cell, 1>(w, t, first + i, u, in, p);
      });
  }
}

// --- backward
template <template <int> class Product, Cell cell>
__global__ void __launch_bounds__(walk_threads, 1) backward_walk(const Walk<float> w, int last, bool vectors) {
  const int main = first_gates(cell) * w.units;
  DYNAMIC_SHARED(float, weights);
  float* const weights_n = weights + TileShape<1>::weights(main);
  float* const sums = weights_n + (cell == Cell::gru ? TileShape<1>::weights(w.units) : 0);
  keep_rows<Product<1>>(w, 0, main, weights);
  if constexpr (cell == Cell::gru) keep_rows<Product<1>>(w, main, w.units, weights_n);
  __syncthreads();
  const int i = int(threadIdx.x) / tile_units, u = int(blockIdx.x) * tile_units + int(threadIdx.x) % tile_units;
  auto input = [&](int t, int first, int from_column, int depth) {
    return TileInput{w.dz_hh + w.row(t, first) * w.width + from_column, w.width, w.n - first, depth, vectors};
  };
  for (int t = w.steps - 1; t >= last; t--) {
    for_each_tile(w, [&](int first) {
      const bool mine = first + i < w.n && u < w.units;
      const CellInput<float> in = mine ? backward_input<cell>(w, t, first + i, u) : CellInput<float>{};
      float p = 0;
      if (t + 1 < w.steps) {
        Product<1>::multiply(input(t + 1, first, 0, main), weights, sums);
        __syncthreads();
        p = tile_sum<1>(sums, 0);
      }
      if (mine) cell_backward<cell, 0>(w, t, first + i, u, in, p);
    });
    if constexpr (cell == Cell::gru)
      if (t >= 0)
        for_each_tile(w, [&](int first) {
          const bool mine = first + i < w.n && u < w.units;
          const CellInput<float> in = mine ? backward_input<cell>(w, t, first + i, u) : CellInput<float>{};
          Product<1>::multiply(input(t, first, main, w.units), weights_n, sums);
          __syncthreads();
          if (mine) cell_backward<cell, 1>(w, t, first + i, u, in, tile_sum<1>(sums, 0));
        });
  }
}

// --- on the host
constexpr std::size_t most_shared = 227 << 10;  // bytes of a block; a device with less refuses them

inline std::size_t shared_of_walk(const Walk<float>& w, bool backward) {
  auto weights = [&](int gates, int depth) {
    return gates == 4   ? TileShape<4>::weights(depth)
           : gates == 3 ? TileShape<3>::weights(depth)
           : gates == 2 ? TileShape<2>::weights(depth)
                        : TileShape<1>::weights(depth);
  };
  const int gates = first_gates(w.cell), second = w.cell == Cell::gru ? weights(1, w.units) : 0;
  const int first = backward ? weights(1, gates * w.units) : weights(gates, w.units);
  return (std::size_t(first) + second + (backward ? 1 : gates) * TileShape<1>::sums) * sizeof(float);
}

// Whether it could: blocks wait for each other, so there are no more than multiprocessors.
template <class... P, class... A>
bool launch_walk(const Team& team, const Walk<float>& w, bool backward, void (*kernel)(P...), A... args) {
  const std::size_t shared = shared_of_walk(w, backward);
  const int across = ceil_div(w.units, tile_units), down = ceil_div(w.n, tile_rows);
  const int rows_at_once = queue_of(team).multiprocessors / across;
  if (rows_at_once == 0 || shared > most_shared) return false;
  if (cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(shared)) != cudaSuccess)
    return cudaGetLastError(), false;
  const dim3 grid(unsigned(across), unsigned(least(down, rows_at_once)));
  launch({grid, walk_threads, shared, stream_of(team), true}, kernel, w, args...);
  return true;
}
template <int gates>
using ForwardFloat32 = Float32Product<gates, 4>;
template <int gates>
using BackwardFloat32 = Float32Product<gates, 8>;
template <int gates>
using ForwardTf32 = Tf32Product<gates, 64>;
template <int gates>
using BackwardTf32 = Tf32Product<gates, 128>;

template <Cell cell>
bool forward_resident(const Team& team, const Walk<float>& w) {
  if (queue_of(team).precision != Precision::float32)
    return launch_walk(team, w, false, forward_walk<ForwardTf32, cell>, true);
  return launch_walk(team, w, false, forward_walk<ForwardFloat32, cell>, w.units % 4 == 0);
}
template <Cell cell>
bool backward_resident(const Team& team, const Walk<float>& w) {
  const int last = w.dh0 || w.dc0 ? -1 : 0;
  if (queue_of(team).precision != Precision::float32)
    return launch_walk(team, w, true, backward_walk<BackwardTf32, cell>, last, true);
  return launch_walk(team, w, true, backward_walk<BackwardFloat32, cell>, last, w.units % 4 == 0);
}
template <Cell cell>
bool forward_resident(const Team&, const Walk<double>&) {
  return false;
}
template <Cell cell>
bool backward_resident(const Team&, const Walk<double>&) {
  return false;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
