// Which convolutions are computed directly, forward and back to the data, and by which tiles.
#pragma once

#include "kernels/cuda/conv2d/direct_tile.hpp"
#include "kernels/cuda/queue.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Lines of at most 32 outputs, as many as a block has sums for; whole images if there is room.
inline void set_tile(Direct& d, int outputs) {
  d.across = ceil_div(d.ow, 32), d.columns = ceil_div(d.ow, d.across);
  d.down = ceil_div(d.oh, outputs / d.columns), d.rows = ceil_div(d.oh, d.down);
  d.images = d.down * d.across == 1 ? outputs / (d.oh * d.ow) : 1;
  d.tiles = ceil_div(d.n, d.images) * d.down * d.across;
}

template <class Engine, bool PACKS>
bool direct_by(const Team& team, Direct d, const float* x, const float* w, const float* b, float* y) {
  set_tile(d, Engine::m);
  d.words = ceil_div(d.c, Engine::values), d.pitch = Engine::pitch(d.words);
  d.depth = ceil_div(d.kh * d.kw * d.words, 8) * 8;
  constexpr std::size_t of_processor = 227 << 10, beside = (Engine::m * 12) + (1 << 10);
  const std::size_t bytes = DirectRoom<Engine>::bytes(d), at_once = of_processor / (bytes + beside);
  // Of large images two blocks at least: one loads while the other multiplies.
  if (at_once < (Engine::slices == 1 ? 2 : 1)) return false;
  d.side = d.f % 4 == 0 && takes_packs(y) ? 4 : 1;
  const auto kernel = direct<Engine, PACKS>;
  if (bytes > 44 << 10) cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes));
  // A block goes on with another tile rather than leave it to one that has to read the weights again.
  const int groups = ceil_div(d.f, Engine::n), resident = least(int(at_once), Engine::resident);
  const int turns = ceil_div(d.tiles, most(queue_of(team).multiprocessors * resident / groups, 1));
  const dim3 grid{unsigned(ceil_div(d.tiles, turns)), unsigned(groups)};
  launch({grid, Engine::threads, bytes, stream_of(team)}, kernel, d, x, w, b, y);
  return true;
}

// By the shape of an image alone: sums come in one order whatever the batch. Small images have their depth halved
// between two teams, for there are few of their tiles.
template <template <int, int, int> class Engine, bool PACKS>
bool direct_for(const Team& team, const Direct& d, const float* x, const float* w, const float* b, float* y) {
  const auto by = [&]<int N>() {
    return d.oh * d.ow >= 256 ? direct_by<Engine<256, N, 1>, PACKS>(team, d, x, w, b, y)
                              : direct_by<Engine<128, N, 2>, PACKS>(team, d, x, w, b, y);
  };
  if (d.f <= 8) return by.template operator()<8>();
  if (d.f <= 16) return by.template operator()<16>();
  return by.template operator()<32>();
}

template <int M, int N, int SLICES>
using DirectTf32 = DirectMma<Tf32, M, N, SLICES>;
template <int M, int N, int SLICES>
using DirectBf16 = DirectMma<Bf16, M, N, SLICES>;

inline bool direct(const Team& team, const Direct& d, const float* x, const float* w, const float* b, float* y) {
  if (d.n <= 0) return true;
  if (d.kh * d.kw == 1 || d.c > 64 || d.f > 64 || d.oh <= 0 || d.ow <= 0) return false;
  const auto with_packs = [&]<bool PACKS>() {
    const Precision precision = queue_of(team).precision;
    if (precision == Precision::tf32) return direct_for<DirectTf32, PACKS>(team, d, x, w, b, y);
    if (precision == Precision::bf16) return direct_for<DirectBf16, PACKS>(team, d, x, w, b, y);
    return direct_for<DirectSimt, PACKS>(team, d, x, w, b, y);
  };
  return d.c % 4 == 0 && takes_packs(x) ? with_packs.template operator()<true>()
                                        : with_packs.template operator()<false>();
}

inline bool is_direct(const Conv2DShape& s) { return s.sh * s.sw * s.dh * s.dw * s.groups == 1; }

// Whether it was done.
inline bool direct_forward(const Team& team, const Conv2DShape& s, const float* x, const float* w, const float* b,
                           float* y) {
  return is_direct(s) &&
         direct(team, {s.n, s.h, s.w, s.c, s.oh, s.ow, s.f, s.kh, s.kw, s.top, s.left, 0, s.c * s.f, s.f, 1}, x, w, b,
                y);
}
// dx sees dy through the taps in opposite order, channels for filters.
inline bool direct_backward_data(const Team& team, const Conv2DShape& s, const float* dy, const float* w,
                                 const float* b, float* dx) {
  return is_direct(s) && direct(team,
                                {s.n, s.oh, s.ow, s.f, s.h, s.w, s.c, s.kh, s.kw, s.kh - 1 - s.top, s.kw - 1 - s.left,
                                 (s.kh * s.kw - 1) * s.c * s.f, -s.c * s.f, 1, s.f},
                                dy, w, b, dx);
}
inline bool direct_forward(const Team&, const Conv2DShape&, const double*, const double*, const double*, double*) {
  return false;
}
inline bool direct_backward_data(const Team&, const Conv2DShape&, const double*, const double*, const double*,
                                 double*) {
  return false;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
