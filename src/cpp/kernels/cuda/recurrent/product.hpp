// recurrent: a block's part of one step's product, 16 samples by 16 units of each of some gates, with weights that stay
// in shared memory for the whole sequence. Each warp multiplies a slice of the depth; the states come from global
// memory straight to registers, for no other warp of the block needs them.
#pragma once

#include <mma.hpp>
#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int tile_rows = 16, tile_units = 16, walk_threads = tile_rows * tile_units, walk_warps = walk_threads / 32;

// Weights (depth, columns) in shared memory, zero past the depth; 8 more from row to row, so that banks do not collide.
template <int gates>
struct TileShape {
  static constexpr int columns = gates * tile_units, stride = columns + 8;
  static FASTDL_INLINE int slice(int depth) { return ceil_div(depth, walk_warps * 16) * 16; }  // of a warp
  static FASTDL_INLINE int weights(int depth) { return walk_warps * slice(depth) * stride; }
  static constexpr int sums = walk_warps * tile_rows * columns;  // of each warp
};

// States of a tile, (rows, depth), a row `row` elements after the one before
struct TileInput {
  const float* from;
  std::int64_t row;
  int rows, depth;
  bool vectors;  // rows begin at multiples of 16 bytes

  FASTDL_INLINE const float* at(int r) const { return from + least(r, rows - 1) * row; }
};
FASTDL_INLINE float4 load4(const TileInput& a, const float* row, int k) {
  if (a.vectors) return k < a.depth ? *reinterpret_cast<const float4*>(row + k) : make_float4(0, 0, 0, 0);
  auto value = [&](int e) { return k + e < a.depth ? row[k + e] : 0.0f; };
  return make_float4(value(0), value(1), value(2), value(3));
}

// In float32. A lane has `lane_rows` rows by 4 units of each gate; where lanes are left they share the depth.
template <int gates, int lane_rows>
struct Float32Product {
  using Tile = TileShape<gates>;
  static FASTDL_INLINE float weight(float w) { return w; }

  // sums (walk_warps, tile_rows, columns)
  static __device__ inline void multiply(const TileInput& a, const float* weights, float* sums) {
    constexpr int row_lanes = tile_rows / lane_rows, depth_lanes = 8 / row_lanes;
    const int lane = int(threadIdx.x % 32), warp = int(threadIdx.x / 32);
    const int column = lane % 4 * 4, row = lane / 4 % row_lanes, part = lane / 4 / row_lanes;
    const int first = warp * Tile::slice(a.depth), last = first + Tile::slice(a.depth);
    float4 sum[lane_rows][gates] = {}, next[lane_rows];
    auto load = [&](int k) {
      for (int r = 0; r < lane_rows; r++) next[r] = load4(a, a.at(row + r * row_lanes), k);
    };
    load(first + part * 4);
    for (int k = first + part * 4; k < last; k += 4 * depth_lanes) {
      float x[lane_rows][4];
      for (int r = 0; r < lane_rows; r++)
        x[r][0] = next[r].x, x[r][1] = next[r].y, x[r][2] = next[r].z, x[r][3] = next[r].w;
      if (k + 4 * depth_lanes < last) load(k + 4 * depth_lanes);
      for (int e = 0; e < 4; e++)
        for (int g = 0; g < gates; g++) {
          const float4 w = *reinterpret_cast<const float4*>(weights + (k + e) * Tile::stride + g * tile_units + column);
          for (int r = 0; r < lane_rows; r++) {
            float4& s = sum[r][g];
            s.x += x[r][e] * w.x, s.y += x[r][e] * w.y, s.z += x[r][e] * w.z, s.w += x[r][e] * w.w;
          }
        }
    }
    for (int r = 0; r < lane_rows; r++)
      for (int g = 0; g < gates; g++) {
        float4 s = sum[r][g];
        for (int far = 16; far >= 4 * row_lanes; far /= 2) {
          s.x += __shfl_xor_sync(~0u, s.x, far), s.y += __shfl_xor_sync(~0u, s.y, far);
          s.z += __shfl_xor_sync(~0u, s.z, far), s.w += __shfl_xor_sync(~0u, s.w, far);
        }
        float* to = sums + (warp * tile_rows + row + r * row_lanes) * Tile::columns + g * tile_units + column;
        if (part == 0) *reinterpret_cast<float4*>(to) = s;
      }
  }
};

// In TF32, with sums in float32, by tensor cores. The states of `batch` steps of the depth are on their way at once.
template <int gates, int batch>
struct Tf32Product {
  using Tile = TileShape<gates>;
  static __device__ inline float weight(float w) { return __uint_as_float(to_tf32(w)); }

  static __device__ inline void multiply(const TileInput& a, const float* weights, float* sums) {
    const int lane = int(threadIdx.x % 32), warp = int(threadIdx.x / 32), row = lane / 4, column = lane % 4;
    const int first = warp * Tile::slice(a.depth), last = first + Tile::slice(a.depth), end = least(last, a.depth);
    const float *const low = a.at(row), *const high = a.at(row + 8);
    float sum[2 * gates][4] = {}, x[batch / 8][4];
    for (int k = first; k < last; k += batch) {
      UNROLL
      for (int s = 0; s < batch / 8; s++) {
        const int left = k + s * 8 + column, right = left + 4;
        x[s][0] = left < end ? low[left] : 0.0f, x[s][1] = left < end ? high[left] : 0.0f;
        x[s][2] = right < end ? low[right] : 0.0f, x[s][3] = right < end ? high[right] : 0.0f;
      }
      UNROLL
      for (int s = 0; s < batch / 8; s++) {
        if (k + s * 8 >= last) break;
        const unsigned states[4] = {to_tf32(x[s][0]), to_tf32(x[s][1]), to_tf32(x[s][2]), to_tf32(x[s][3])};
        UNROLL
        for (int n = 0; n < 2 * gates; n++) {
          const float* const w = weights + (k + s * 8 + column) * Tile::stride + n * 8 + row;
          const unsigned part[2] = {__float_as_uint(w[0]), __float_as_uint(w[4 * Tile::stride])};
          mma_tf32(sum[n], states, part);
        }
      }
    }
    UNROLL
    for (int n = 0; n < 2 * gates; n++) {
      float* const to = sums + (warp * tile_rows + row) * Tile::columns + n * 8 + column * 2;
      to[0] = sum[n][0], to[1] = sum[n][1];
      to[8 * Tile::columns] = sum[n][2], to[8 * Tile::columns + 1] = sum[n][3];
    }
  }
};

// The sum of all warps, of a gate of this thread's unit
template <int gates>
FASTDL_INLINE float tile_sum(const float* sums, int gate) {
  constexpr int columns = TileShape<gates>::columns;
  const int at = int(threadIdx.x) / tile_units * columns + gate * tile_units + int(threadIdx.x) % tile_units;
  float sum = sums[at];
  for (int warp = 1; warp < walk_warps; warp++) sum += sums[warp * tile_rows * columns + at];
  return sum;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
