// Products of matrices by own kernels, and sums of rows.
#include "kernels/cuda/gemm.hpp"

#include "kernels/cuda/each.hpp"
#include "kernels/cuda/gemm_tile.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// What becomes of a sum: c = alpha sum + beta c + bias.
template <class T>
struct Result {
  T* c;
  std::int64_t ldc;
  T alpha, beta;
  const T* bias;
  __device__ void operator()(int, int i, int j, T sum) const {
    T* at = c + i * ldc + j;
    T value = alpha * sum;
    if (beta != 0) value += beta * *at;
    if (bias) value += bias[j];
    *at = value;
  }
};
template <class T>
struct Partial {  // (splits, m, n)
  T* sums;
  std::int64_t m, n;
  __device__ void operator()(int split, int i, int j, T sum) const { sums[(split * m + i) * n + j] = sum; }
};

template <class T>
struct Problem {
  int m, n, k;
  Result<T> result;
};

template <class T, class TILE, class A, class B>
void multiply(const Team& team, const Problem<T>& p, A a, B b) {
  const std::int64_t tiles = std::int64_t(ceil_div(p.m, TILE::m)) * ceil_div(p.n, TILE::n);
  const std::int64_t mn = std::int64_t(p.m) * p.n;
  std::int64_t splits = most<std::int64_t>(1, 2 * queue_of(team).multiprocessors / tiles);
  splits = least(splits, most<std::int64_t>(1, p.k / (8 * TILE::depth)));
  splits = least(splits, most<std::int64_t>(1, std::int64_t(workspace_bytes / sizeof(T)) / mn));
  const int split_depth = most(1, ceil_div(int(ceil_div<std::int64_t>(p.k, splits)), TILE::depth)) * TILE::depth;
  splits = most(1, ceil_div(p.k, split_depth));
  const dim3 grid(unsigned(tiles), 1, unsigned(splits));
  const Launch how{grid, TILE::threads, 0, stream_of(team)};
  if (splits == 1) {
    launch(how, tile_product<T, TILE, A, B, Result<T>>, p.m, p.n, p.k, split_depth, a, b, p.result);
    return;
  }
  T* const sums = static_cast<T*>(queue_of(team).workspace);
  launch(how, tile_product<T, TILE, A, B, Partial<T>>, p.m, p.n, p.k, split_depth, a, b, Partial<T>{sums, p.m, p.n});
  const Result<T> result = p.result;
  const int n = p.n;
  for_each(team, mn, [=] __device__(std::int64_t at) {
    T sum = sums[at];
    for (int s = 1; s < splits; s++) sum += sums[s * mn + at];
    result(0, int(at / n), int(at % n), sum);
  });
}

}  // namespace

template <class T>
void gemm(const Team& team, bool transpose_a, bool transpose_b, int m, int n, int k, T alpha, const T* a, int lda,
          const T* b, int ldb, T beta, T* c, int ldc, const T* bias) {
  if (m <= 0 || n <= 0) return;
  using Small = Tile<64, 64, 16, 4, 4>;
  const Problem<T> p{m, n, k, {c, ldc, alpha, beta, bias}};
  const Matrix<T, true> a_rows{a, lda, m, k, fours(a, lda)}, b_columns{b, ldb, n, k, fours(b, ldb)};
  const Matrix<T, false> a_columns{a, lda, m, k, fours(a, lda)}, b_rows{b, ldb, n, k, fours(b, ldb)};
  if (transpose_a) {
    if (transpose_b) {
      multiply<T, Small>(team, p, a_columns, b_columns);
    } else {
      multiply<T, Small>(team, p, a_columns, b_rows);
    }
  } else if (transpose_b) {
    multiply<T, Small>(team, p, a_rows, b_columns);
  } else {
    multiply<T, Small>(team, p, a_rows, b_rows);
  }
}

namespace {

constexpr int sum_columns = 32, sum_warps = 8;

// sums (chunks, columns): of chunk rows each. Warps take turns at rows, and are added in order.
template <class T>
__global__ void sum_chunks(int rows, int columns, int chunk, const T* x, T* sums) {
  SHARED(T, part, [sum_warps][sum_columns]);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, j = int(blockIdx.x) * sum_columns + lane;
  const std::int64_t begin = std::int64_t(blockIdx.y) * chunk, end = least<std::int64_t>(rows, begin + chunk);
  T sum = 0;
  if (j < columns)
    for (std::int64_t i = begin + warp; i < end; i += sum_warps) sum += x[i * columns + j];
  part[warp][lane] = sum;
  __syncthreads();
  if (warp || j >= columns) return;
  for (int w = 1; w < sum_warps; w++) sum += part[w][lane];
  sums[std::int64_t(blockIdx.y) * columns + j] = sum;
}

}  // namespace

template <class T>
void sum_rows(const Team& team, int rows, int columns, const T* x, T* sums) {
  if (columns <= 0) return;
  const int across = ceil_div(columns, sum_columns);
  std::int64_t chunks = least(ceil_div(rows, 64), ceil_div(4 * queue_of(team).multiprocessors, across));
  chunks = least(chunks, std::int64_t(workspace_bytes / sizeof(T)) / columns);
  chunks = rows < 512 || chunks < 2 ? 1 : chunks;
  const int chunk = ceil_div<int>(rows, int(chunks));
  T* const parts = static_cast<T*>(queue_of(team).workspace);
  launch({dim3(across, unsigned(chunks)), 32 * sum_warps, 0, stream_of(team)}, sum_chunks<T>, rows, columns, chunk, x,
         chunks > 1 ? parts : sums);
  if (chunks > 1)
    launch({dim3(across), 32 * sum_warps, 0, stream_of(team)}, sum_chunks<T>, int(chunks), columns, int(chunks), parts,
           sums);
}

FASTDL_GEMM(, float)
FASTDL_GEMM(, double)

}  // namespace fastdl::FASTDL_ISA
