// Rows of channels (sets * rows, channels): sums over the rows of each set, channel by channel, in double, and what
// then happens to each value. A thread stays with one channel. Where the rows are few a block does both, else one
// launch sums chunks of rows and the next adds the chunks up: each in an order that the shape decides.
//
// An operation is a struct of pointers with
//   static constexpr int sums;            how many for each channel
//   static constexpr bool applies;        whether values are gone through once more
//   struct In                             what is read at one place:   In load(i, row)
//   struct Before                         of a channel, for the sums:  Before begin(set, c); None without sums
//   void add(sum, before, in, i, row)     adds to sum[sums]; may write at i
//   void add_several(sum, before, in)     if it is there, instead: of an array of In
//   struct After                          of a channel, for apply: After finish(set, c, before, sum, bool writes); one
//                                         thread of each channel writes, after all sums of the channel are known
//   void apply(after, in, i, row)
// with i = row * channels + c. What add and finish read of a channel nothing but a finish that writes may change.
#pragma once

#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

struct None {};

constexpr int channel_blocks = 128;
template <class Op>
constexpr int channel_threads = alignof(typename Op::In) <= 4 ? 1024 : 512;  // doubles take more registers

struct Channels {
  std::int64_t sets, rows;
  int channels;
  int tiles, width;        // channels side by side in a block
  int chunks;              // of the rows
  int threads, high, far;  // of a block, its rows at once, and the largest power of 2 below that
};
inline Channels channels_of(std::int64_t sets, std::int64_t rows, int channels, int most_threads, bool sums) {
  Channels s{sets, rows, channels, ceil_div(channels, rows <= 2048 ? 16 : 64)};  // few rows: more blocks
  s.width = ceil_div(channels, s.tiles);
  s.threads = rows * s.width <= 8 * 256 ? 256 : most_threads;
  s.high = s.threads / s.width;
  for (s.far = 1; 2 * s.far < s.high; s.far *= 2) {
  }
  const std::int64_t each = 8 * s.high, wanted = (sums ? 1 : 8) * channel_blocks / (s.tiles * sets);
  s.chunks = sums && rows <= 4 * each ? 1 : int(most<std::int64_t>(least(ceil_div(rows, each), wanted), 1));
  return s;
}

// What a thread of a block does: channel c of a set, rows begin + h, begin + h + high ...
struct ChannelPlace {
  std::int64_t set, begin, end;
  int tile, column, c, h;  // column: c in its tile
  bool works;
};
__device__ inline ChannelPlace place_of(const Channels& s) {
  ChannelPlace at;
  at.set = blockIdx.x / s.tiles, at.tile = blockIdx.x % s.tiles;
  at.column = threadIdx.x % s.width, at.h = threadIdx.x / s.width;
  at.c = at.tile * s.width + at.column;
  at.works = at.h < s.high && at.c < s.channels;
  at.begin = at.set * s.rows + s.rows * blockIdx.y / gridDim.y;
  at.end = at.set * s.rows + s.rows * (blockIdx.y + 1) / gridDim.y;
  return at;
}

// Values that are read before the first of them is worked on, to have them on their way together.
template <class In>
constexpr int channel_ahead = alignof(In) > 4   ? 1
                              : sizeof(In) <= 8 ? 8
                                                : int(32 / sizeof(In));
template <class Op>
struct Ahead {
  static constexpr int count = channel_ahead<typename Op::In>;
  typename Op::In in[count];
  __device__ static bool fits(const Channels& s, const ChannelPlace& at, std::int64_t row) {
    return at.works && row + (count - 1) * s.high < at.end;
  }
  __device__ void read(const Channels& s, const ChannelPlace& at, const Op& op, std::int64_t row) {
    for (int k = 0; k < count; k++) in[k] = op.load((row + k * s.high) * s.channels + at.c, row + k * s.high);
  }
};

// f(in, row) for the thread's values: in an array of those of rows row, row + high ...; the first may have been read.
template <class Op, class F>
__device__ inline void each_of_channel(const Channels& s, const ChannelPlace& at, const Op& op, Ahead<Op>* read, F f) {
  std::int64_t row = at.begin + at.h;
  if (read && Ahead<Op>::fits(s, at, row)) f(read->in, row), row += Ahead<Op>::count * s.high;
  for (; Ahead<Op>::fits(s, at, row); row += Ahead<Op>::count * s.high) {
    Ahead<Op> next;
    next.read(s, at, op, row);
    f(next.in, row);
  }
  for (; row < at.end; row += s.high) {
    const typename Op::In one[1] = {op.load(row * s.channels + at.c, row)};
    f(one, row);
  }
}
template <class Op>
concept AddsSeveral = requires(const Op& op, double* sum, const typename Op::Before& before,
                               const typename Op::In (&in)[1]) { op.add_several(sum, before, in); };
template <class Op>
__device__ inline void add_channel(const Channels& s, const ChannelPlace& at, const Op& op,
                                   const typename Op::Before& before, double* sum) {
  each_of_channel(s, at, op, static_cast<Ahead<Op>*>(nullptr),
                  [&]<int n>(const typename Op::In(&in)[n], std::int64_t row) {
                    if constexpr (AddsSeveral<Op>)
                      op.add_several(sum, before, in);
                    else
                      for (int k = 0; k < n; k++)
                        op.add(sum, before, in[k], (row + k * s.high) * s.channels + at.c, row + k * s.high);
                  });
}

// The sums of a block's rows, for each thread those of its channel. room: shared, (sums, threads)
template <int sums>
__device__ inline void sum_over_rows(const Channels& s, const ChannelPlace& at, double* room, double* sum) {
  for (int k = 0; k < sums; k++) room[k * s.threads + threadIdx.x] = sum[k];
  for (int far = s.far; far; far /= 2) {
    __syncthreads();
    if (at.works && at.h < far && at.h + far < s.high)
      for (int k = 0; k < sums; k++)
        room[k * s.threads + threadIdx.x] += room[k * s.threads + threadIdx.x + far * s.width];
  }
  __syncthreads();
  for (int k = 0; k < sums; k++) sum[k] = room[k * s.threads + at.column];
}

template <class Op>
__device__ inline void finish_channel(const Channels& s, const ChannelPlace& at, const Op& op,
                                      const typename Op::Before& before, const double* sum, Ahead<Op>* read = nullptr) {
  if (!at.works) return;
  const auto after = op.finish(at.set, at.c, before, sum, at.h == 0 && blockIdx.y == 0);
  if constexpr (Op::applies)
    each_of_channel(s, at, op, read, [&]<int n>(const typename Op::In(&in)[n], std::int64_t row) {
      for (int k = 0; k < n; k++) op.apply(after, in[k], (row + k * s.high) * s.channels + at.c, row + k * s.high);
    });
}

// partial (tiles * sets, chunks, sums, width): where there is more than one chunk.
template <class Op>
__global__ void __launch_bounds__(channel_threads<Op>, 1) sum_channels(Channels s, Op op, double* partial) {
  DYNAMIC_SHARED(double, room);
  const ChannelPlace at = place_of(s);
  double sum[Op::sums]{};
  typename Op::Before before{};
  if (at.works) {
    before = op.begin(at.set, at.c);
    add_channel(s, at, op, before, sum);
  }
  sum_over_rows<Op::sums>(s, at, room, sum);
  if (gridDim.y == 1) return finish_channel(s, at, op, before, sum);
  if (!at.works || at.h) return;
  double* const to = partial + (std::int64_t(blockIdx.x) * gridDim.y + blockIdx.y) * Op::sums * s.width;
  for (int k = 0; k < Op::sums; k++) to[k * s.width + at.column] = sum[k];
}

template <class Op>
__global__ void __launch_bounds__(channel_threads<Op>, 1) finish_channels(Channels s, Op op, const double* partial) {
  DYNAMIC_SHARED(double, room);
  const ChannelPlace at = place_of(s);
  double sum[Op::sums]{};
  typename Op::Before before{};
  Ahead<Op> ahead{};  // values on their way while the sums are added up
  if constexpr (Op::applies)
    if (Ahead<Op>::fits(s, at, at.begin + at.h)) ahead.read(s, at, op, at.begin + at.h);
  if (at.works) {
    before = op.begin(at.set, at.c);
    const double* const from = partial + std::int64_t(blockIdx.x) * s.chunks * Op::sums * s.width + at.column;
    for (int chunk = at.h; chunk < s.chunks; chunk += s.high)
      for (int k = 0; k < Op::sums; k++) sum[k] += from[(std::int64_t(chunk) * Op::sums + k) * s.width];
  }
  sum_over_rows<Op::sums>(s, at, room, sum);
  finish_channel(s, at, op, before, sum, &ahead);
}

// Without sums: apply with what finish makes of a channel alone.
template <class Op>
__global__ void __launch_bounds__(channel_threads<Op>, 1) apply_channels(Channels s, Op op) {
  const ChannelPlace at = place_of(s);
  finish_channel(s, at, op, typename Op::Before{}, nullptr);
}

template <class Op>
void for_channels(const Team& team, std::int64_t sets, std::int64_t rows, int channels, const Op& op) {
  if (sets <= 0 || rows <= 0 || channels <= 0) return;
  const Channels s = channels_of(sets, rows, channels, channel_threads<Op>, Op::sums > 0);
  const dim3 grid(unsigned(s.tiles * sets), unsigned(s.chunks)), block(unsigned(s.threads));
  if constexpr (Op::sums == 0) {
    launch({grid, block, 0, stream_of(team)}, apply_channels<Op>, s, op);
  } else {
    const std::size_t shared = std::size_t(Op::sums) * s.threads * sizeof(double);
    double* const partial = static_cast<double*>(queue_of(team).workspace);
    launch({grid, block, shared, stream_of(team)}, sum_channels<Op>, s, op, partial);
    if (s.chunks == 1) return;
    const dim3 last(grid.x, Op::applies ? grid.y : 1);
    launch({last, block, shared, stream_of(team)}, finish_channels<Op>, s, op, partial);
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
