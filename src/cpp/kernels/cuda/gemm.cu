// Products of matrices by own kernels, and sums of rows.
#include "kernels/cuda/gemm.hpp"

#include "kernels/cuda/blas.hpp"
#include "kernels/cuda/each.hpp"
#include "kernels/cuda/gemm_small.hpp"
#include "kernels/cuda/gemm_tile.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// What becomes of a sum: c = alpha sum + beta c + bias. Of several splits each has its own c, and its own sums (n,).
template <class T>
struct Result {
  T* c;
  std::int64_t ldc, split;
  T alpha, beta;
  const T* bias;
  T* sums = nullptr;
  __device__ void operator()(int s, int i, int j, T sum) const {
    T* const at = c + s * split + i * ldc + j;
    T value = alpha * sum;
    if (beta != 0) value += beta * *at;
    if (bias) value += bias[j];
    *at = value;
  }
  __device__ void sum(int s, int j, T sum) const { sums[s * split + j] = sum; }
};

template <class T>
struct Problem {
  int m, n, k;
  Result<T> result;
};

template <class T>
struct AddSplits {  // parts (splits, m n, and n more where columns are summed)
  const T* parts;
  std::int64_t splits, stride, mn;
  int n;
  Result<T> result;
  __device__ void operator()(std::int64_t at) const {
    T sum = parts[at];
    for (std::int64_t s = 1; s < splits; s++) sum += parts[s * stride + at];
    if (at < mn) {
      result(0, int(at / n), int(at % n), sum);
    } else {
      result.sum(0, int(at - mn), sum);
    }
  }
};

template <class Engine>
std::int64_t tiles_of(int m, int n) {
  return std::int64_t(ceil_div(m, Engine::m)) * ceil_div(n, Engine::n);
}

// Runs start(blocks of the grid, depth of a split, result) for tiles that each sum over all depths, or, where that
// leaves multiprocessors without a tile, over one of several splits, at least least_depth deep, a multiple of `unit`.
template <bool SUMS, class T, class Start>
void in_splits(const Team& team, const Problem<T>& p, std::int64_t tiles, int least_depth, int unit, Start start) {
  const std::int64_t mn = std::int64_t(p.m) * p.n, stride = mn + (SUMS ? p.n : 0);
  std::int64_t splits = least<std::int64_t>(2 * queue_of(team).multiprocessors / tiles, p.k / least_depth);
  splits = most<std::int64_t>(1, least(splits, std::int64_t(workspace_bytes / sizeof(T)) / stride));
  const int split_depth = most(1, ceil_div(ceil_div(p.k, int(splits)), unit)) * unit;
  splits = most(1, ceil_div(p.k, split_depth));
  const dim3 blocks(unsigned(tiles), 1, unsigned(splits));
  if (splits == 1) return start(blocks, split_depth, p.result);
  T* const parts = static_cast<T*>(queue_of(team).workspace);
  start(blocks, split_depth, Result<T>{parts, p.n, stride, 1, 0, nullptr, parts + mn});
  for_each(team, stride, AddSplits<T>{parts, splits, stride, mn, p.n, p.result});
}

constexpr int least_depth = 512;  // of a split

template <class Engine, bool SUMS, class T, class A, class B>
void multiply(const Team& team, const Problem<T>& p, A a, B b) {
  const auto kernel = tile_product<Engine, SUMS, A, B, Result<T>>;
  constexpr std::size_t bytes = Stages<Engine, A, B>::bytes;
  if (bytes > 44 << 10)  // with what is static, more than any kernel may have
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes));
  in_splits<SUMS>(team, p, tiles_of<Engine>(p.m, p.n), least_depth, Engine::depth,
                  [&](dim3 blocks, int split_depth, const Result<T>& result) {
                    launch({blocks, Engine::threads, bytes, stream_of(team)}, kernel, p.m, p.n, p.k, split_depth, a, b,
                           result);
                  });
}

// The warps of a block share its depth: it pays to split it only where they have many turns.
template <class Engine, bool SUMS, class T, class A, class B>
void multiply_small(const Team& team, const Problem<T>& p, A a, B b) {
  constexpr int turns_of_split = 8;
  in_splits<SUMS>(team, p, tiles_of<Engine>(p.m, p.n), turns_of_split * Engine::most_slices * chunk_depth, chunk_depth,
                  [&](dim3 blocks, int split_depth, const Result<T>& result) {
                    const int chunks = most(1, ceil_div(least(split_depth, p.k), chunk_depth));
                    const int slices = ceil_div(chunks, ceil_div(chunks, Engine::most_slices));
                    const std::size_t bytes = slices * slice_size<Engine> * sizeof(T);
                    static_assert(Engine::most_slices * slice_size<Engine> * sizeof(T) <= 48 << 10,
                                  "what any kernel may have");
                    launch({blocks, unsigned(32 * slices), bytes, stream_of(team)},
                           slice_product<Engine, SUMS, A, B, Result<T>>, p.m, p.n, p.k, split_depth, a, b, result);
                  });
}

// The largest tile of which there are enough for all multiprocessors; of the small ones, for half of them. Shallow:
// where one chunk for each warp is all.
template <class Large, class Middle, class Small, class Deep, class Shallow, bool SUMS, class T, class A, class B>
void multiply_by_size(const Team& team, const Problem<T>& p, A a, B b) {
  const std::int64_t splits = most(1, p.k / least_depth), all = queue_of(team).multiprocessors, enough = all * 3 / 4;
  if (tiles_of<Large>(p.m, p.n) * splits >= enough) {
    multiply<Large, SUMS>(team, p, a, b);
  } else if (tiles_of<Middle>(p.m, p.n) * splits >= enough) {
    multiply<Middle, SUMS>(team, p, a, b);
  } else if (tiles_of<Small>(p.m, p.n) >= all / 2) {
    multiply_small<Small, SUMS>(team, p, a, b);
  } else if (p.k > Shallow::most_slices * chunk_depth) {
    multiply_small<Deep, SUMS>(team, p, a, b);
  } else {
    multiply_small<Shallow, SUMS>(team, p, a, b);
  }
}

template <class Format, bool SUMS, class A, class B>
void multiply_by_mma(const Team& team, const Problem<float>& p, A a, B b) {
  multiply_by_size<Mma<Format, 128, 128, 32, 64, 64, 1, 3>, Mma<Format, 64, 64, 32, 32, 32, 2, 3>,
                   WarpMma<Format, 32, 32, 2, 8>, WarpMma<Format, 16, 16, 2, 16>, WarpMma<Format, 16, 16, 1, 16>, SUMS>(
      team, p, a, b);
}
template <bool SUMS, class A, class B>
void multiply_by_precision(const Team& team, const Problem<float>& p, A a, B b) {
  switch (queue_of(team).precision) {
    case Precision::tf32: return multiply_by_mma<Tf32, SUMS>(team, p, a, b);
    case Precision::bf16: return multiply_by_mma<Bf16, SUMS>(team, p, a, b);
    case Precision::float32:
      return multiply_by_size<Simt<float, 128, 128, 16, 8, 8, 1, 3>, Simt<float, 64, 64, 16, 4, 4, 1, 4>,
                              WarpSimt<float, 32, 16, 1, 8>, WarpSimt<float, 16, 16, 2, 12>,
                              WarpSimt<float, 16, 16, 1, 16>, SUMS>(team, p, a, b);
  }
}
template <bool SUMS, class A, class B>
void multiply_by_precision(const Team& team, const Problem<double>& p, A a, B b) {
  multiply_by_size<Simt<double, 64, 64, 16, 4, 4, 1, 3>, Simt<double, 64, 64, 16, 4, 4, 1, 3>,
                   WarpSimt<double, 16, 16, 1, 8>, WarpSimt<double, 16, 16, 1, 8>, WarpSimt<double, 16, 16, 1, 8>,
                   SUMS>(team, p, a, b);
}

}  // namespace

template <class T>
void gemm(const Team& team, bool transpose_a, bool transpose_b, int m, int n, int k, T alpha, const T* a, int lda,
          const T* b, int ldb, T beta, T* c, int ldc, const T* bias) {
  if (m <= 0 || n <= 0) return;
  if (blas_gemm(team, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, bias)) return;
  const Problem<T> p{m, n, k, {c, ldc, 0, alpha, beta, bias}};
  const Matrix<T, true> a_rows{a, lda, m, k}, b_columns{b, ldb, n, k};
  const Matrix<T, false> a_columns{a, lda, m, k}, b_rows{b, ldb, n, k};
  if (transpose_a) {
    if (transpose_b) {
      multiply_by_precision<false>(team, p, a_columns, b_columns);
    } else {
      multiply_by_precision<false>(team, p, a_columns, b_rows);
    }
  } else if (transpose_b) {
    multiply_by_precision<false>(team, p, a_rows, b_columns);
  } else {
    multiply_by_precision<false>(team, p, a_rows, b_rows);
  }
}

template <class T>
void gemm_and_sums(const Team& team, int m, int n, int k, const T* a, const T* b, T* c, T* sums) {
  if (m <= 0 || n <= 0) return;
  if (blas_gemm<T>(team, true, false, m, n, k, 1, a, m, b, n, 0, c, n, nullptr)) return sum_rows(team, k, n, b, sums);
  const Problem<T> p{m, n, k, {c, n, 0, 1, 0, nullptr, sums}};
  multiply_by_precision<true>(team, p, Matrix<T, false>{a, m, m, k}, Matrix<T, false>{b, n, n, k});
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
