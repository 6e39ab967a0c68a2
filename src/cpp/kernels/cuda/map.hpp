// y[i] = f(x[i] ...) for all i below count: four floats at once where all arrays begin at a multiple of sixteen bytes.
#pragma once

#include <utility>

#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T, int size>
struct alignas(size * sizeof(T)) Packet {
  T at[size];
};

template <class F, class T, int size, std::size_t... input>
__device__ inline T map_one(const F& f, const Packet<T, size>* in, int k, std::index_sequence<input...>) {
  return f(in[input].at[k]...);
}

// y may be any of x: a thread reads all that it needs before it writes.
template <int size, class F, class T, class... X>
__global__ void __launch_bounds__(block_threads) map_packets(std::int64_t count, F f, T* y, const X*... x) {
  using Piece = Packet<T, size>;
  const std::int64_t step = std::int64_t(gridDim.x) * blockDim.x, whole = count / size;
  const std::int64_t first = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  for (std::int64_t i = first; i < whole; i += step) {
    const Piece in[] = {reinterpret_cast<const Piece*>(x)[i]...};
    Piece out;
    for (int k = 0; k < size; k++) out.at[k] = map_one(f, in, k, std::index_sequence_for<X...>{});
    reinterpret_cast<Piece*>(y)[i] = out;
  }
  const std::int64_t i = whole * size + first;
  if (i < count) y[i] = f(x[i]...);
}

template <class F, class T, class... X>
void map(const Team& team, std::int64_t count, F f, T* y, const X*... x) {
  if (count <= 0) return;
  constexpr int size = is_float<T> ? 4 : 1;  // two doubles at once take too many registers
  const bool aligned = ((reinterpret_cast<std::uintptr_t>(y) | ... | reinterpret_cast<std::uintptr_t>(x)) & 15) == 0;
  const std::int64_t pieces = aligned ? ceil_div<std::int64_t>(count, size) : count;
  const auto blocks = unsigned(least(ceil_div<std::int64_t>(pieces, block_threads), most_blocks));
  const Launch l{blocks, block_threads, 0, stream_of(team)};
  if (aligned)
    launch(l, map_packets<size, F, T, X...>, count, f, y, x...);
  else
    launch(l, map_packets<1, F, T, X...>, count, f, y, x...);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
