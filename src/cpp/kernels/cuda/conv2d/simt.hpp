// Products of tiles in the arithmetic of T: a thread adds up DOWN x ACROSS sums, fours that lie side by side.
#pragma once

#include "kernels/cuda/conv2d/pack.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T, int ROWS, int COLUMNS, int DOWN, int ACROSS>
struct Simt {
  using Value = T;
  using Word = T;  // in shared memory
  static constexpr int rows = ROWS, columns = COLUMNS, depth = sizeof(T) == 4 ? 16 : 8;
  static constexpr int threads_across = COLUMNS / ACROSS, threads = ROWS / DOWN * threads_across;
  static constexpr int quads_down = DOWN / 4, quads_across = ACROSS / 4;

  // A tile: (depth, SIZE), 4 apart so that stores of depth-first values meet fewer banks twice.
  template <bool depth_first, int SIZE>
  static constexpr int room = depth * (SIZE + 4);
  template <bool depth_first, int SIZE, int V>
  static __device__ void store(T* tile, int row, int k, const Pack<T, V>& pack) {
    if constexpr (depth_first)
      for (int v = 0; v < V; v++) tile[(k + v) * (SIZE + 4) + row] = pack.v[v];
    else
      write(tile + k * (SIZE + 4) + row, pack);
  }

  T sum[DOWN][ACROSS] = {};
  int row, column;  // of the first four
  __device__ Simt() : row(int(threadIdx.x) / threads_across * 4), column(int(threadIdx.x) % threads_across * 4) {}

  template <bool, bool>
  __device__ void add(const T* a, const T* b) {
    for (int k = 0; k < depth; k++) {
      Pack<T, 4> x[quads_down], y[quads_across];
      for (int q = 0; q < quads_down; q++) x[q] = read<4>(a + k * (ROWS + 4) + row + q * (ROWS / quads_down));
      for (int q = 0; q < quads_across; q++)
        y[q] = read<4>(b + k * (COLUMNS + 4) + column + q * (COLUMNS / quads_across));
      for (int i = 0; i < DOWN; i++)
        for (int j = 0; j < ACROSS; j++) sum[i][j] += x[i / 4].v[i % 4] * y[j / 4].v[j % 4];
    }
  }

  template <class Put>
  __device__ void put(Put to) const {
    for (int i = 0; i < DOWN; i++)
      for (int q = 0; q < quads_across; q++) {
        Pack<T, 4> pack;
        for (int j = 0; j < 4; j++) pack.v[j] = sum[i][q * 4 + j];
        to(i / 4 * (ROWS / quads_down) + row + i % 4, q * (COLUMNS / quads_across) + column, pack);
      }
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
