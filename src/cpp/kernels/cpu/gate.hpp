// gate: products of two tensors, of which the second may be the same for all pixels, or all channels, of an image.
#pragma once

#include "kernels/cpu/views.hpp"
#include "kernels/pointwise.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void gate_same(const Team& team, std::int64_t count, bool adds, const T* x, const T* g, T* y) {
  each_slice<T>(team, count, [&](Slice<T> at) {
    const Vec<T> product = at.read(x) * at.read(g);
    at.write(y, adds ? at.read(y) + product : product);
  });
}

template <class T>
void gate_lone(const Team& team, const GateShape& s, const T* x, const T* g, T* y) {
  const Range part = team.share(std::int64_t(s.h) * s.w);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    const std::int64_t pixel = (s.gh == 1 ? 0 : p / s.w) * s.gw + (s.gw == 1 ? 0 : p % s.w);
    for (int c = 0; c < s.c; c++) y[p * s.c + c] = x[p * s.c + c] * g[pixel * s.gc + (s.gc == 1 ? 0 : c)];
  }
  team.sync();
}

template <class T>
void gate(const Team& team, const GateShape& s, bool adds, const T* x, const T* g, T* y) {
  if (s.same) return gate_same(team, s.count, adds, x, g, y);
  if (s.lone) return gate_lone(team, s, x, g, y);
  constexpr int L = lanes<T>;
  const std::int64_t pixels = std::int64_t(s.h) * s.w, gates = std::int64_t(s.gh) * s.gw;
  const Range part = team.share(std::int64_t(ceil_div(s.n, L)) * s.c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    const T* gp = g + (p / s.c * s.gc + (s.gc == 1 ? 0 : p % s.c)) * gates * L;
    for (int i = 0; i < s.h; i++)
      for (int j = 0; j < s.w; j++) {
        const std::int64_t at = (p * pixels + i * s.w + j) * L;
        const Vec<T> product = load(x + at) * load(gp + ((s.gh == 1 ? 0 : i) * s.gw + (s.gw == 1 ? 0 : j)) * L);
        store(y + at, adds ? load(y + at) + product : product);
      }
  }
  team.sync();
}

template <class T>
void gate_sum(const Team& team, const GateShape& s, bool adds, const T* dy, const T* x, T* dg) {
  if (s.same) return gate_same(team, s.count, adds, dy, x, dg);
  constexpr int L = lanes<T>;
  const std::int64_t pixels = std::int64_t(s.h) * s.w;
  const int channels = s.gc == 1 ? s.c : 1, high = s.gh == 1 ? s.h : 1, wide = s.gw == 1 ? s.w : 1;
  const Range part = team.share(std::int64_t(ceil_div(s.n, L)) * s.gc * s.gh * s.gw);
  for (std::int64_t u = part.begin; u < part.end; u++) {  // one value of g for each sample
    const std::int64_t pixel = u % (std::int64_t(s.gh) * s.gw), plane = u / (std::int64_t(s.gh) * s.gw);
    const std::int64_t first = plane / s.gc * s.c + (s.gc == 1 ? 0 : plane % s.gc);
    const std::int64_t start = (s.gh == 1 ? 0 : pixel / s.gw * s.w) + (s.gw == 1 ? 0 : pixel % s.gw);
    Vec<T> total = sum_of(std::int64_t(channels) * high, [&](std::int64_t k) {
      const std::int64_t row = (first + k / high) * pixels + start + k % high * s.w;
      return sum_of(wide, [&](std::int64_t j) { return load(dy + (row + j) * L) * load(x + (row + j) * L); });
    });
    store(dg + u * L, adds ? load(dg + u * L) + total : total);
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
