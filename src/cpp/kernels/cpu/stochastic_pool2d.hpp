// stochastic_pool2d: a value of each window, drawn in proportion to itself; in use the mean weighted so (Zeiler and
// Fergus 2013). Negative values count as 0.
#pragma once

#include "kernels/cpu/noise.hpp"
#include "kernels/cpu/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class V>
FASTDL_INLINE V weight_of(V x) {  // a NaN stays one
  return x <= 0 ? V{} : x;
}

// The sum of the weights under a window.
template <class T, class Plane>
FASTDL_INLINE Vec<T> sum_of_weights_under(const Pool2DShape& s, const Plane& plane, const T* x, const Cut& cut) {
  Vec<T> sum{};
  for (int h = cut.h0; h < cut.h1; h++)
    for (int w = cut.w0; w < cut.w1; w++) sum += weight_of(plane.read(x, s.h * s.w, h * s.w + w));
  return sum;
}

// A number of [0, 1) for each output, in y, says which share of the sum is to be reached.
template <class T>
void stochastic_pool2d_forward(const Team& team, const Pool2DShape& s, const RandomKey& key, const T* x, T* y,
                               T* where) {
  auto draw = [](Random<T> word) { return Noise<T>{u01<T>(word), Vec<T>{}}; };
  add_noise<T>(team, {s.n, s.c, s.oh * s.ow, true}, key, draw, static_cast<const T*>(nullptr), y);
  const int map = s.h * s.w, out = s.oh * s.ow;
  each_plane<T>(team, s, [&](auto plane) {
    for (int i = 0, at = 0; i < s.oh; i++)
      for (int j = 0; j < s.ow; j++, at++) {
        const Cut cut = window_at(s, i, j);
        const Vec<T> sum = sum_of_weights_under(s, plane, x, cut), share = plane.read(y, out, at) * sum;
        Vec<T> reached{}, taken = sum != sum ? sum : Vec<T>{};
        Mask<T> place = place_of<T>(-1), open = place;  // all ones
        for (int h = cut.h0; h < cut.h1; h++)
          for (int w = cut.w0; w < cut.w1; w++) {
            const Vec<T> v = weight_of(plane.read(x, map, h * s.w + w));
            reached += v;
            const Mask<T> take = open & (reached > share);
            taken = take ? v : taken, place = take ? place_of<T>(h * s.w + w) : place;
            open &= ~take;
          }
        plane.write(y, out, at, taken);
        plane.write(where, out, at, place_bits<T>(place));
      }
  });
}

template <class T>
void weighted_pool2d_forward(const Team& team, const Pool2DShape& s, const T* x, T* y) {
  const int map = s.h * s.w, out = s.oh * s.ow;
  each_plane<T>(team, s, [&](auto plane) {
    for (int i = 0, at = 0; i < s.oh; i++)
      for (int j = 0; j < s.ow; j++, at++) {
        const Cut cut = window_at(s, i, j);
        Vec<T> sum = sum_of_weights_under(s, plane, x, cut), mean{};
        const Vec<T> divisor = sum == 0 ? splat(T(1)) : sum;
        for (int h = cut.h0; h < cut.h1; h++)
          for (int w = cut.w0; w < cut.w1; w++) {
            const Vec<T> v = weight_of(plane.read(x, map, h * s.w + w));
            Vec<T> part = v * (v / divisor);
            FASTDL_IN_REGISTER(part);  // the same bits of a sample alone
            mean += part;
          }
        plane.write(y, out, at, mean);
      }
  });
}

// dx = dy (2 x - y) / sum, where x is positive
template <class T>
void weighted_pool2d_backward(const Team& team, const Pool2DShape& s, const T* x, const T* y, const T* dy, T* dx) {
  constexpr int L = lanes<T>;
  const Range part = plane_share<T>(team, s.n, s.c);
  for (std::int64_t p = part.begin; p < part.end; p++) {
    const Plane<T> plane{p};
    T* dxp = dx + p * s.h * s.w * L;
    std::int64_t at = p * s.oh * s.ow * L;
    for (int i = 0; i < s.oh; i++) {
      zero_new_rows(s, i, dxp);
      for (int j = 0; j < s.ow; j++, at += L) {
        const Cut cut = window_at(s, i, j);
        const Vec<T> sum = sum_of_weights_under(s, plane, x, cut), mean = load(y + at);
        const Vec<T> d = load(dy + at) / (sum == 0 ? splat(T(1)) : sum);
        for (int h = cut.h0; h < cut.h1; h++)
          for (int w = cut.w0; w < cut.w1; w++) {
            T* to = dxp + (std::int64_t(h) * s.w + w) * L;
            const Vec<T> v = plane.read(x, s.h * s.w, h * s.w + w);
            store(to, load(to) + (v > 0 ? d * (2 * v - mean) : Vec<T>{}));
          }
      }
    }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
