// The optimizer's pass over flat memory, and the reductions around it.
#pragma once

#include "kernels/cpu/memory.hpp"
#include "kernels/cpu/views.hpp"
#include "math/updates.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void update(const Team& team, const UpdateArgs<T>& args) {
  if (!moves(*args.tally)) return team.sync();
  const UpdateArgs<T> a = args;  // in registers
  const Step<T> s = step_of(args);
  with_rule<T>(a.kind, s, [&](auto rule) {
    each_slice<T>(team, a.count, [&](Slice<T> at) {
      Vec<T> w = at.read(a.w), m{}, v{};
      if (rule.moments > 0) m = at.read(a.m);
      if (rule.moments > 1) v = at.read(a.v);
      Vec<T> g = at_most(at_least(s.scale * at.read(a.g), -s.clip), s.clip) + s.l2 * w + s.l1 * vsign(w);
      Vec<T> dw = rule.step(g, m, v);
      at.write(a.w, w + dw - s.decay * w);
      if (rule.moments > 0) at.write(a.m, m);
      if (rule.moments > 1) at.write(a.v, v);
    });
  });
}

template <class T>
void max_norm(const Team& team, const Tally* tally, std::int64_t rows, std::int64_t cols, T limit, T* w) {
  if (!moves(*tally)) return team.sync();
  NormShape s{int(rows), int(cols), 1, false};
  each_channel<T>(team, s, [&](auto column) {
    Vec<T> norm = vsqrt(column.sum([&](auto at) { return at.read(w) * at.read(w); }));
    Vec<T> scale = norm > limit ? limit / norm : splat(T(1));
    column.each([&](auto at) { at.write(w, at.read(w) * scale); });
  });
}

// g += l2 w + l1 sign(w), for those who take the gradient themselves; the update does this on its way.
template <class T>
void add_penalty_gradient(const Team& team, std::int64_t count, double of_l1, double of_l2, const double* norm,
                          const T* w, T* g) {
  const T l1 = of_l1 / *norm, l2 = of_l2 / *norm;
  each_slice<T>(team, count, [&](Slice<T> at) {
    const Vec<T> x = at.read(w);
    Vec<T> decay = l2 * x;
    FASTDL_IN_REGISTER(decay);
    at.write(g, at.read(g) + (decay + l1 * vsign(x)));
  });
}

// The sum of f over x; parts[i] is that of its i-th chunk.
template <class T, class F>
FASTDL_INLINE void sum_chunks(const Team& team, std::int64_t count, const T* x, double* parts, double* total, F f) {
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
  put_total(team, total, [&] { return sum_in_order(chunks, parts); });
}
template <class T>
void sum_squares(const Team& team, std::int64_t count, const T* x, double* parts, double* total) {
  sum_chunks(team, count, x, parts, total, [](Vec<T> v) { return v * v; });
}
template <class T>
void sum_absolutes(const Team& team, std::int64_t count, const T* x, double* parts, double* total) {
  sum_chunks(team, count, x, parts, total, [](Vec<T> v) { return vabs(v); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
