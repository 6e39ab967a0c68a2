// The optimizer's pass over flat memory, and the reductions around it.
#pragma once

#include "kernels/cpu/memory.hpp"
#include "kernels/cpu/views.hpp"
#include "math/updates.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void update(const Team& team, const UpdateArgs<T>& args) {
  const UpdateArgs<T> a = args;  // in registers
  with_rule<T>(a, [&](auto rule) {
    each_slice<T>(team, a.count, [&](Slice<T> at) {
      Vec<T> w = at.read(a.w), m{}, v{};
      if (rule.moments > 0) m = at.read(a.m);
      if (rule.moments > 1) v = at.read(a.v);
      Vec<T> g = at_most(at_least(a.scale * at.read(a.g), -a.clip), a.clip) + a.l2 * w + a.l1 * vsign(w);
      Vec<T> dw = rule.step(g, m, v);
      at.write(a.w, w + dw - a.decay * w);
      if (rule.moments > 0) at.write(a.m, m);
      if (rule.moments > 1) at.write(a.v, v);
    });
  });
}

template <class T>
void max_norm(const Team& team, std::int64_t rows, std::int64_t cols, T limit, T* w) {
  NormShape s{int(rows), int(cols), 1, false};
  each_channel<T>(team, s, [&](auto column) {
    Vec<T> norm = vsqrt(column.sum([&](auto at) { return at.read(w) * at.read(w); }));
    Vec<T> scale = norm > limit ? limit / norm : splat(T(1));
    column.each([&](auto at) { at.write(w, at.read(w) * scale); });
  });
}

// g += l2 w + l1 sign(w), for those who take the gradient themselves; the update does this on its way.
template <class T>
void add_penalty_gradient(const Team& team, std::int64_t count, T l1, T l2, const T* w, T* g) {
  each_slice<T>(team, count, [&](Slice<T> at) {
    const Vec<T> x = at.read(w);
    Vec<T> decay = l2 * x;
    FASTDL_IN_REGISTER(decay);
    at.write(g, at.read(g) + (decay + l1 * vsign(x)));
  });
}

// The sum of f over x; parts[i] is that of its i-th chunk.
template <class T, class F>
FASTDL_INLINE double sum_chunks(const Team& team, std::int64_t count, const T* x, double* parts, F f) {
  const std::int64_t chunks = ceil_div(count, sum_chunk);
  Range part = team.share(chunks);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    std::int64_t begin = i * sum_chunk, size = least(sum_chunk, count - begin);
    Vec<T> sum = sum_of(ceil_div<std::int64_t>(size, lanes<T>), [&](std::int64_t j) {
      return f(Slice<T>{begin + j * lanes<T>, int(least<std::int64_t>(lanes<T>, size - j * lanes<T>))}.read(x));
    });
    parts[i] = lane_sum<T>(sum);
  }
  team.sync();
  const double total = sum_in_order(chunks, parts);
  team.sync();  // before parts are written again
  return total;
}
template <class T>
double sum_squares(const Team& team, std::int64_t count, const T* x, double* parts) {
  return sum_chunks(team, count, x, parts, [](Vec<T> v) { return v * v; });
}
template <class T>
double sum_absolutes(const Team& team, std::int64_t count, const T* x, double* parts) {
  return sum_chunks(team, count, x, parts, [](Vec<T> v) { return vabs(v); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
