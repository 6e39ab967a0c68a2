// A product of few tiles: a block computes one small tile, and each of its warps takes chunks of the depth in turn,
// straight from global memory to registers, so that all loads of a tile are under way together. The warps' sums are
// added in their order.
#pragma once

#include <type_traits>

#include "kernels/cuda/gemm_engines.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int chunk_depth = 16;

inline __device__ void read2(const float* p, float (&v)[2]) {
  const float2 x = *reinterpret_cast<const float2*>(p);
  v[0] = x.x, v[1] = x.y;
}
inline __device__ void read2(const double* p, double (&v)[2]) {
  const double2 x = *reinterpret_cast<const double2*>(p);
  v[0] = x.x, v[1] = x.y;
}

// A lane's share of SIDE rows of an operand, 16 deep: lane 4 g + t has SIDE / 8 rows of depths 4t .. 4t + 3. Rows that
// lie side by side are the lane's own, for it reads them at once.
template <class T, class Operand, int SIDE>
struct Share {
  static constexpr int rows = SIDE / 8;
  T v[rows][4];
  static __device__ int row(int g, int r) { return Operand::by_depth ? r * 8 + g : g * rows + r; }
};

// Reads them. No load hangs on a branch and nothing hangs on a load before all are under way: what lies outside is read
// at another place. Nobody takes what rows outside give; depths outside become zeros by mask(). FOURS: as
// Operand::fours.
template <bool FOURS, class T, class Operand, int SIDE>
struct Reader {
  using Of = Share<T, Operand, SIDE>;
  static constexpr bool fours = FOURS, by_depth = Operand::by_depth, beside = FOURS && !by_depth;
  const T* row[beside ? 1 : Of::rows];
  int ld, depth;

  __device__ Reader(const Operand& from, int first, int g) : ld(int(from.ld)), depth(from.depth) {
    UNROLL
    for (int r = 0; r < (beside ? 1 : Of::rows); r++) {
      const int at = first + Of::row(g, r);
      row[r] = from.p + (at < from.rows ? at : 0) * (by_depth ? from.ld : 1);
    }
  }
  __device__ void read(int k, Of& to) const {
    if constexpr (FOURS && by_depth) {
      UNROLL
      for (int r = 0; r < Of::rows; r++) read4(row[r] + (k < depth ? k : 0), to.v[r]);
    } else {
      UNROLL
      for (int d = 0; d < 4; d++) {
        T x[Of::rows];
        read_at((k + d < depth ? k + d : 0) * std::int64_t(by_depth ? 1 : ld), x);
        UNROLL
        for (int r = 0; r < Of::rows; r++) to.v[r][d] = x[r];
      }
    }
  }
  __device__ void mask(int k, Of& share) const {
    not_before_here(k);
    UNROLL
    for (int r = 0; r < Of::rows; r++) {
      UNROLL
      for (int d = 0; d < 4; d++) {
        not_before_here(share.v[r][d]);
        share.v[r][d] = k + d < depth ? share.v[r][d] : T(0);
      }
    }
  }
  __device__ void read_at(std::int64_t at, T (&x)[Of::rows]) const {
    if constexpr (!beside) {
      UNROLL
      for (int r = 0; r < Of::rows; r++) x[r] = row[r][at];
    } else if constexpr (Of::rows == 4) {
      read4(row[0] + at, x);
    } else {
      read2(row[0] + at, x);
    }
  }
};

// How a warp multiplies two shares onto its sums, M x N: add(lane, a, b), and each(lane, f) for f(row, column, sum).
// Any order of depths will do, if it is the same in both factors.
//   AHEAD    chunks that a warp reads at once; of more than two nvcc waits for the first before it reads the last
//   SLICES   the most warps of a block

// By tensor cores.
inline __device__ void multiply_shares(Tf32, float (&d)[4], const float (&up)[4], const float (&low)[4],
                                       const float (&b)[4]) {
  UNROLL
  for (int k = 0; k < 4; k += 2)
    mma_tf32(d, {to_tf32(up[k]), to_tf32(low[k]), to_tf32(up[k + 1]), to_tf32(low[k + 1])},
             {to_tf32(b[k]), to_tf32(b[k + 1])});
}
inline __device__ void multiply_shares(Bf16, float (&d)[4], const float (&up)[4], const float (&low)[4],
                                       const float (&b)[4]) {
  mma_bf16(d, {to_bf16x2(up[0], up[1]), to_bf16x2(low[0], low[1]), to_bf16x2(up[2], up[3]), to_bf16x2(low[2], low[3])},
           {to_bf16x2(b[0], b[1]), to_bf16x2(b[2], b[3])});
}
template <class Format, int M, int N, int AHEAD, int SLICES>
struct WarpMma {
  using T = float;
  static constexpr int m = M, n = N, ahead = AHEAD, most_slices = SLICES;
  float sum[M / 16][N / 8][4] = {};

  template <class A, class B>
  __device__ void add(int, const A& a, const B& b) {
    UNROLL
    for (int r = 0; r < M / 16; r++) {
      UNROLL
      for (int c = 0; c < N / 8; c++) multiply_shares(Format{}, sum[r][c], a.v[2 * r], a.v[2 * r + 1], b.v[c]);
    }
  }
  template <class A, class B, class F>
  __device__ void each(int lane, F f) const {
    const int g = lane / 4, t = lane % 4;
    UNROLL
    for (int at = 0; at < M / 16 * (N / 8); at++) {
      const int r = at / (N / 8), c = at % (N / 8);
      UNROLL
      for (int i = 0; i < 4; i++) f(A::row(g, 2 * r + i / 2), B::row(2 * t + i % 2, c), sum[r][c][i]);
    }
  }
};

// Each lane its rows of a by all columns of b, at its own depths; the columns come from the lanes that have them.
template <class T_, int M, int N, int AHEAD, int SLICES>
struct WarpSimt {
  using T = T_;
  static constexpr int m = M, n = N, ahead = AHEAD, most_slices = SLICES;
  T sum[M / 8][8][N / 8] = {};

  template <class A, class B>
  __device__ void add(int lane, const A& a, const B& b) {
    UNROLL
    for (int g = 0; g < 8; g++) {
      UNROLL
      for (int c = 0; c < N / 8; c++) {
        UNROLL
        for (int d = 0; d < 4; d++) {
          const T y = __shfl_sync(~0u, b.v[c][d], 4 * g + lane % 4);
          UNROLL
          for (int r = 0; r < M / 8; r++) sum[r][g][c] += a.v[r][d] * y;
        }
      }
    }
  }
  template <class A, class B, class F>
  __device__ void each(int lane, F f) const {
    UNROLL
    for (int at = 0; at < M / 8 * N; at++) {
      const int r = at / N, g = at % 8, c = at / 8 % (N / 8);
      T all = sum[r][g][c];
      all += __shfl_xor_sync(~0u, all, 1);
      all += __shfl_xor_sync(~0u, all, 2);
      if (g % 4 == lane % 4) f(A::row(lane / 4, r), B::row(g, c), all);
    }
  }
};

template <class Engine>
constexpr int slice_pitch = Engine::n + 4;
template <class Engine>
constexpr int slice_size = Engine::m * slice_pitch<Engine> + Engine::n;  // a warp's sums, and its sums of columns

// As tile_product; the block has as many warps as there are slices.
template <class Engine, bool SUMS, class A, class B, class Out>
__global__ void __launch_bounds__(32 * Engine::most_slices, 1)
    slice_product(int m, int n, int depth, int split_depth, A a, B b, Out out) {
  using T = typename Engine::T;
  using ShareA = Share<T, A, Engine::m>;
  using ShareB = Share<T, B, Engine::n>;
  constexpr int pitch = slice_pitch<Engine>;
  DYNAMIC_SHARED(T, shared);
  const int tiles_n = ceil_div(n, Engine::n), split = int(blockIdx.z);
  const int row = int(blockIdx.x / tiles_n) * Engine::m, column = int(blockIdx.x % tiles_n) * Engine::n;
  const int begin = split * split_depth, end = least(depth, begin + split_depth);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, slices = int(blockDim.x) / 32;

  Engine engine;
  T column_sum[ShareB::rows] = {};
  const auto depth_of = [&](int first, int turn) {
    const int chunk = first + turn * slices * chunk_depth;
    return (chunk < end ? chunk : depth) + lane % 4 * 4;
  };
  const auto run = [&](const auto& read_a, const auto& read_b) {
    // Addresses of single values take the registers.
    constexpr int ahead = std::decay_t<decltype(read_a)>::fours ? Engine::ahead : Engine::ahead > 1 ? 2 : 1;
    for (int first = begin + warp * chunk_depth; first < end; first += ahead * slices * chunk_depth) {
      ShareA x[ahead];
      ShareB y[ahead];
      UNROLL
      for (int u = 0; u < ahead; u++) {
        read_a.read(depth_of(first, u), x[u]);
        read_b.read(depth_of(first, u), y[u]);
      }
      __syncwarp();  // which the compiler moves no load over
      UNROLL
      for (int u = 0; u < ahead; u++) {
        read_a.mask(depth_of(first, u), x[u]);
        read_b.mask(depth_of(first, u), y[u]);
        engine.add(lane, x[u], y[u]);
        if (SUMS && row == 0) {
          UNROLL
          for (int c = 0; c < ShareB::rows; c++)
            column_sum[c] += y[u].v[c][0] + y[u].v[c][1] + y[u].v[c][2] + y[u].v[c][3];
        }
      }
    }
  };
  if (a.fours && b.fours)
    run(Reader<true, T, A, Engine::m>(a, row, lane / 4), Reader<true, T, B, Engine::n>(b, column, lane / 4));
  else
    run(Reader<false, T, A, Engine::m>(a, row, lane / 4), Reader<false, T, B, Engine::n>(b, column, lane / 4));

  T* const mine = shared + warp * slice_size<Engine>;
  engine.template each<ShareA, ShareB>(lane, [&](int i, int j, T sum) { mine[i * pitch + j] = sum; });
  if (SUMS && row == 0) {
    UNROLL
    for (int c = 0; c < ShareB::rows; c++) {
      T sum = column_sum[c];
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      if (lane % 4 == 0) mine[Engine::m * pitch + ShareB::row(lane / 4, c)] = sum;
    }
  }
  __syncthreads();
  const auto total = [&](int at) {
    T sum = shared[at];
    for (int s = 1; s < slices; s++) sum += shared[s * slice_size<Engine> + at];
    return sum;
  };
  for (int at = threadIdx.x; at < Engine::m * Engine::n; at += int(blockDim.x)) {
    const int i = at / Engine::n, j = at % Engine::n;
    if (row + i < m && column + j < n) out(split, row + i, column + j, total(i * pitch + j));
  }
  if (SUMS && row == 0)
    for (int j = threadIdx.x; j < Engine::n && column + j < n; j += int(blockDim.x))
      out.sum(split, column + j, total(Engine::m * pitch + j));
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
