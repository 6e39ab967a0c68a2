// ends: the last step of each sequence, of features from first_of on its first one; zero where there is none.
#pragma once

#include "kernels/attention.hpp"
#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void ends_forward(const Team& team, const SequenceShape& shape, int first_of, const T* x, T* y) {
  const SequenceShape s = shape;
  for_each(team, std::int64_t(s.n) * s.features, [=] __device__(std::int64_t u) {
    const std::int64_t i = u / s.features, f = u % s.features, step = f < first_of ? s.lengths[i] - 1 : 0;
    y[u] = s.lengths[i] ? x[step * s.n * s.features + u] : T(0);
  });
}

template <class T>
void ends_backward(const Team& team, const SequenceShape& shape, int first_of, const T* dy, T* dx) {
  const SequenceShape s = shape;
  for_each(team, std::int64_t(s.n) * s.features, [=] __device__(std::int64_t u) {
    const std::int64_t i = u / s.features, f = u % s.features, step = f < first_of ? s.lengths[i] - 1 : 0;
    if (s.lengths[i]) dx[step * s.n * s.features + u] += dy[u];
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
