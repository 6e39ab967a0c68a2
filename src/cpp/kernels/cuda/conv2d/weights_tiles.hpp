// The weights' gradient of a convolution as WeightsPlan cuts it up: sums of 16 x 8 as tensor cores have them, rows the
// taps and channels, columns the filters, depth the outputs of a tile.
#pragma once

#include "kernels/cuda/conv2d/box.hpp"
#include "kernels/cuda/conv2d/weights_engines.hpp"
#include "kernels/cuda/conv2d/weights_plan.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Sums of slices of the outputs, halves of the warps to the others, until the first slice has all.
template <int TALL, int WIDE>
__device__ void add_slices(float (&sum)[TALL][WIDE][4], float* shared, int warp, int lane, int warps) {
  constexpr int count = TALL * WIDE * 4;
  for (int half = WeightsPlan::warps / 2; half >= warps; half /= 2) {
    __syncthreads();
    float* const room = shared + warp % half * count * 32 + lane;
    if (warp >= half && warp < 2 * half) {
      UNROLL
      for (int i = 0; i < count; i++) room[i * 32] = sum[i / 4 / WIDE][i / 4 % WIDE][i % 4];
    }
    __syncthreads();
    if (warp < half) {
      UNROLL
      for (int i = 0; i < count; i++) sum[i / 4 / WIDE][i / 4 % WIDE][i % 4] += room[i * 32];
    }
  }
}

template <class Engine, int TALL, int WIDE>
__global__ void __launch_bounds__(WeightsPlan::threads, TALL* WIDE < 20 ? 2 : 1)
    weights_tiles(WeightsPlan p, const float* x, const float* dy, Parts<float> parts) {
  DYNAMIC_SHARED(float, shared);
  const Shape2D& s = p.s;
  const int thread = int(threadIdx.x), lane = thread % 32, warp = thread / 32;
  const int across = warp % p.warps_across, down = warp / p.warps_across % p.warps_down;
  const int slice = warp / (p.warps_across * p.warps_down);
  const int part = int(blockIdx.x), group = int(blockIdx.y) / p.blocks_of_group();
  const int block = int(blockIdx.y) % p.blocks_of_group();
  const int c0 = block % p.channel_blocks * p.c, c = least(p.c, p.channels - c0);
  const int f0 = block / p.channel_blocks * p.f, f = least(p.f, p.filters - f0);
  x += group * p.channels + c0, dy += group * p.filters + f0;

  int* const place = reinterpret_cast<int*>(shared);  // of a tile's outputs in its box of x
  float* const stages = shared + p.depth;
  const int outputs = p.images * p.rows * p.columns;
  for (int k = thread; k < p.depth; k += p.threads) {
    const Output at = place_in(k, p.rows, p.columns);
    place[k] = k < outputs ? ((at.n * p.x_rows + at.i * s.sh) * p.x_columns + at.j * s.sw) * p.x_pitch : 0;
  }
  for (int i = outputs * p.dy_pitch + thread; i < p.depth * p.dy_pitch; i += p.threads)
    stages[p.x_size() + i] = stages[p.stage() + p.x_size() + i] = 0;

  const Output x_images{s.n, s.h, s.w}, x_box{p.images, p.x_rows, p.x_columns};
  const Output dy_images{s.n, s.oh, s.ow}, dy_box{p.images, p.rows, p.columns};
  BoxWalk<WeightsPlan::threads> x_walk, dy_walk;
  p.x_packs ? x_walk.begin<4>(x_box, c) : x_walk.begin<1>(x_box, c);
  p.dy_packs ? dy_walk.begin<4>(dy_box, f) : dy_walk.begin<1>(dy_box, f);
  const int first = part * p.tiles_of_part, end = least(p.tiles, first + p.tiles_of_part);
  const auto fetch = [&](int tile) {
    if (tile < end) {
      float *const x_to = stages + (tile - first) % 2 * p.stage(), *const dy_to = x_to + p.x_size();
      Output at = place_in(tile, p.tiles_down, p.tiles_across);
      at = {at.n * p.images, at.i * p.rows, at.j * p.columns};
      const Output seen{at.n, at.i * s.sh - s.top, at.j * s.sw - s.left};
      if (p.x_packs)
        x_walk.copy<4>(x_to, p.x_pitch, x, x_images, s.c, seen, x_box, c);
      else
        x_walk.copy<1>(x_to, p.x_pitch, x, x_images, s.c, seen, x_box, c);
      if (p.dy_packs)
        dy_walk.copy<4>(dy_to, p.dy_pitch, dy, dy_images, s.f, at, dy_box, f);
      else
        dy_walk.copy<1>(dy_to, p.dy_pitch, dy, dy_images, s.f, at, dy_box, f);
    }
    close_copies();
  };

  int row[2 * TALL];  // where the lane's rows lie in what an output sees
  Tap at = tap_of(down * TALL * 16 + lane / 4, s.kw, p.c);
  for (int i = 0; i < 2 * TALL; i++) {
    row[i] = at.a < s.kh ? (at.a * s.dh * p.x_columns + at.b * s.dw) * p.x_pitch + at.c : 0;
    go_on(at, tap_of(8, s.kw, p.c), s.kw, p.c);
  }
  float sum[TALL][WIDE][4] = {}, bias = 0;
  const bool has_bias = parts.to_bias && c0 == 0;
  const int column = thread % p.f, teams = p.threads / p.f;
  fetch(first);
  for (int tile = first; tile < end; tile++) {
    fetch(tile + 1);
    wait_copies<1>();
    __syncthreads();
    const float *const seen = stages + (tile - first) % 2 * p.stage(), *const by = seen + p.x_size();
    for (int k = slice * Engine::depth; k < p.depth; k += p.slices() * Engine::depth)
      Engine::add(sum, seen, row, by + k * p.dy_pitch + across * WIDE * 8, p.dy_pitch, place + k, lane);
    if (has_bias && column < f)
      for (int k = thread / p.f; k < outputs; k += teams) bias += by[k * p.dy_pitch + column];
    __syncthreads();  // all have done with the stage that the next tile but one goes to
  }
  wait_copies<0>();

  add_slices(sum, shared, warp, lane, p.warps_across * p.warps_down);
  if (slice == 0) {
    float* const dw = parts.dw(part) + group * p.filters + f0;
    UNROLL
    for (int i = 0; i < 2 * TALL; i++) {
      const Tap at = tap_of(down * TALL * 16 + i * 8 + lane / 4, s.kw, p.c);
      if (at.a >= s.kh || at.c >= c) continue;
      float* const to = dw + (std::int64_t(at.a * s.kw + at.b) * p.channels + c0 + at.c) * s.f;
      UNROLL
      for (int j = 0; j < 2 * WIDE; j++) {
        const int to_column = (across * WIDE + j / 2) * 8 + lane % 4 * 2 + j % 2;
        if (to_column < f) to[to_column] = sum[i / 2][j / 2][i % 2 * 2 + j % 2];
      }
    }
  }
  if (!has_bias) return;
  __syncthreads();
  shared[thread] = bias;
  __syncthreads();
  if (thread >= f) return;
  for (int i = 1; i < teams; i++) bias += shared[i * p.f + thread];
  parts.db(part)[group * p.filters + f0 + thread] = bias;
}

// --- launched
template <class Engine, int TALL, int WIDE>
void launch_weights_tiles(const Team& team, const WeightsPlan& p, const float* x, const float* dy,
                          const Parts<float>& parts) {
  const auto kernel = weights_tiles<Engine, TALL, WIDE>;
  const std::size_t floats =
      most(p.depth + 2 * p.stage(), p.slices() > 1 ? WeightsPlan::warps / 2 * 32 * TALL * WIDE * 4 : p.threads);
  cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(floats * 4));
  launch({{unsigned(parts.count), unsigned(p.blocks())}, WeightsPlan::threads, floats * 4, stream_of(team)}, kernel, p,
         x, dy, parts);
}
template <class Engine>
void launch_weights(const Team& team, const WeightsPlan& p, const float* x, const float* dy,
                    const Parts<float>& parts) {
  if (p.tall == 2 && p.wide == 1) return launch_weights_tiles<Engine, 2, 1>(team, p, x, dy, parts);
  if (p.tall == 2 && p.wide == 2) return launch_weights_tiles<Engine, 2, 2>(team, p, x, dy, parts);
  if (p.tall == 2) return launch_weights_tiles<Engine, 2, 4>(team, p, x, dy, parts);
  if (p.wide == 2) return launch_weights_tiles<Engine, 5, 2>(team, p, x, dy, parts);
  if (p.wide == 4) return launch_weights_tiles<Engine, 5, 4>(team, p, x, dy, parts);
  launch_weights_tiles<Engine, 5, 8>(team, p, x, dy, parts);
}

// False where no block can have all taps, or in another type: nothing is done then.
inline bool weights_by_tiles(const Team& team, const Shape2D& s, const float* x, const float* dy, float* dw,
                             float* db) {
  const Queue& queue = queue_of(team);
  WeightsPlan p{};
  if (!plan_weights(p, queue, s, x, dy)) return false;
  const auto parts = plan_parts(p, queue, dw, db);
  if (queue.precision == Precision::tf32)
    launch_weights<WeightsMma<WeightsTf32>>(team, p, x, dy, parts);
  else if (queue.precision == Precision::bf16)
    launch_weights<WeightsMma<WeightsBf16>>(team, p, x, dy, parts);
  else
    launch_weights<WeightsFloat32>(team, p, x, dy, parts);
  sum_parts(team, parts, dw, db);
  return true;
}
inline bool weights_by_tiles(const Team&, const Shape2D&, const double*, const double*, double*, double*) {
  return false;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
