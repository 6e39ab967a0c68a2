// Sums over many terms, in double: parts of blocks, then the parts. Nothing but the number of terms decides the order.
#pragma once

#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr std::int64_t terms_of_block = 4096;
constexpr std::int64_t most_parts = 1024;

template <class F>
__global__ void __launch_bounds__(block_threads) sum_terms(std::int64_t count, F f, double* parts) {
  SHARED(double, room, [32]);
  const std::int64_t step = std::int64_t(gridDim.x) * blockDim.x;
  double sum = 0;
  for (std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) sum += double(f(i));
  sum = block_sum(sum, room);
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

template <class N>
struct Term {
  const N* x;
  __device__ N operator()(std::int64_t i) const { return x[i]; }
};

inline void sum_parts(const Team& team, std::int64_t count, const double* parts, double* total) {
  launch({1, block_threads, 0, stream_of(team)}, sum_terms<Term<double>>, count, Term<double>{parts}, total);
}

// total = f(0) + ... + f(count - 1)
template <class F>
void sum_of(const Team& team, std::int64_t count, F f, double* total) {
  const std::int64_t blocks = most<std::int64_t>(least(ceil_div(count, terms_of_block), most_parts), 1);
  double* parts = blocks == 1 ? total : static_cast<double*>(queue_of(team).workspace);
  launch({unsigned(blocks), block_threads, 0, stream_of(team)}, sum_terms<F>, count, f, parts);
  if (blocks > 1) sum_parts(team, blocks, parts, total);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
