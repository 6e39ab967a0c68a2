// spatial_pyramid_pool: l x l bins of an image for each level l, whatever its size, as rows (He et al. 2014): level
// after level, row after row, each bin's channels side by side.
#pragma once

#include "kernels/cpu/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// A value of each lane to its sample's row, at column bin * c + channel, and back.
template <class T>
FASTDL_INLINE std::int64_t pyramid_column(const PyramidShape& s, std::int64_t plane, int bin, int lane) {
  return ((plane / s.c * lanes<T> + lane) * s.bins + bin) * s.c + plane % s.c;
}
template <class T>
FASTDL_INLINE int samples_in(const PyramidShape& s, std::int64_t plane) {
  return int(least<std::int64_t>(lanes<T>, s.n - plane / s.c * lanes<T>));
}
template <class T>
FASTDL_INLINE void put_bin(const PyramidShape& s, const Plane<T>& plane, int bin, Vec<T> x, T* y) {
  for (int l = 0; l < samples_in<T>(s, plane.index); l++) y[pyramid_column<T>(s, plane.index, bin, l)] = x[l];
}
template <class T, class Channels>
FASTDL_INLINE void put_bin(const PyramidShape&, const Channels& some, int bin, Vec<T> x, T* y) {
  some.write(y, 0, bin, x);  // of a lone sample: bins are like pixels
}

// body(bin, cut) for all bins in their order
template <class Body>
FASTDL_INLINE void each_bin(const PyramidShape& s, Body body) {
  for (int k = 0, bin = 0; k < s.n_levels; k++) {
    const std::int64_t l = s.levels[k];
    const auto begin = [=](std::int64_t i, int size) { return int(i * size / l); };
    const auto end = [=](std::int64_t i, int size) { return int(((i + 1) * size + l - 1) / l); };
    for (int i = 0; i < l; i++)
      for (int j = 0; j < l; j++, bin++) body(bin, Cut{begin(i, s.h), end(i, s.h), begin(j, s.w), end(j, s.w)});
  }
}

template <class T>
void spatial_pyramid_pool_forward(const Team& team, const PyramidShape& s, const T* x, T* y, T* where) {
  Pool2DShape planes{};
  planes.n = s.n, planes.c = s.c, planes.lone = s.lone;
  const int map = s.h * s.w;
  each_plane<T>(team, planes, [&](auto plane) {
    each_bin(s, [&](int bin, const Cut& cut) {
      if (s.average) {
        Vec<T> sum{};
        for (int h = cut.h0; h < cut.h1; h++) {
          Vec<T> row{};
          for (int w = cut.w0; w < cut.w1; w++) row += plane.read(x, map, h * s.w + w);
          sum += row;
        }
        return put_bin<T>(s, plane, bin, sum * (T(1) / T((cut.h1 - cut.h0) * (cut.w1 - cut.w0))), y);
      }
      const int first = cut.h0 * s.w + cut.w0;
      Vec<T> best = plane.read(x, map, first);
      Mask<T> place = place_of<T>(first);
      for (int h = cut.h0; h < cut.h1; h++)
        for (int w = cut.w0; w < cut.w1; w++) {
          const Vec<T> v = plane.read(x, map, h * s.w + w);
          const Mask<T> take = beats(v, best);
          best = take ? v : best, place = take ? place_of<T>(h * s.w + w) : place;
        }
      put_bin<T>(s, plane, bin, best, y);
      put_bin<T>(s, plane, bin, place_bits<T>(place), where);
    });
  });
}

template <class T>
void spatial_pyramid_pool_backward(const Team& team, const PyramidShape& s, const T* dy, const T* where, T* dx) {
  constexpr int L = lanes<T>;
  const Range part = plane_share<T>(team, s.n, s.c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    T* dxp = dx + p * s.h * s.w * L;
    __builtin_memset(dxp, 0, std::int64_t(s.h) * s.w * L * sizeof(T));
    each_bin(s, [&](int bin, const Cut& cut) {
      Vec<T> d{}, bits{};
      for (int l = 0; l < samples_in<T>(s, p); l++) {
        d[l] = dy[pyramid_column<T>(s, p, bin, l)];
        if (!s.average) bits[l] = where[pyramid_column<T>(s, p, bin, l)];
      }
      if (s.average) d = d * (T(1) / T((cut.h1 - cut.h0) * (cut.w1 - cut.w0)));
      const Mask<T> taken = place_in<T>(bits);
      for (int h = cut.h0; h < cut.h1; h++)
        for (int w = cut.w0; w < cut.w1; w++) {
          T* to = dxp + (std::int64_t(h) * s.w + w) * L;
          store(to, load(to) + (s.average || taken == place_of<T>(h * s.w + w) ? d : Vec<T>{}));
        }
    });
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
