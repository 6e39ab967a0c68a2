// Pooling over time: the last step, the mean, the first of the largest values. A thread has a feature of a sample.
#pragma once

#include <type_traits>

#include "kernels/cuda/sequence.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// Steps stand in the bits of a T.
template <class T>
using StepBits = std::conditional_t<is_float<T>, std::int32_t, std::int64_t>;

// y, where (n, features)
template <class T>
void step_pool_forward(const Team& team, StepPool pool, const SequenceShape& s, const T* x, T* y, T* where) {
  const std::int64_t step = std::int64_t(s.n) * s.features;
  auto* const top_steps = reinterpret_cast<StepBits<T>*>(where);
  for_each(team, step, [=] __device__(std::int64_t k) {
    const int length = s.lengths[k / s.features];
    if (length == 0) {
      if (pool != StepPool::carry) y[k] = 0;
    } else if (pool == StepPool::last || pool == StepPool::carry) {
      y[k] = x[(length - 1) * step + k];
    } else if (pool == StepPool::avg) {
      T sum = 0;
      for (int t = 0; t < length; t++) sum += x[t * step + k];
      y[k] = sum / T(length);
    } else {
      T top = x[k];
      int top_step = 0;
      for (int t = 1; t < length; t++)
        if (const T value = x[t * step + k]; value > top || (value != value && top == top)) top = value, top_step = t;
      y[k] = top, top_steps[k] = top_step;
    }
  });
}
template <class T>
void step_pool_backward(const Team& team, StepPool pool, const SequenceShape& s, const T* dy, const T* where, T* dx) {
  const auto* const top_steps = reinterpret_cast<const StepBits<T>*>(where);
  for_each_step(team, s, dx, [=] __device__(const StepPlace& at) {
    const std::int64_t k = std::int64_t(at.i) * s.features + at.j;
    const int length = s.lengths[at.i];
    if (pool == StepPool::avg) return dy[k] / T(length);
    const int from = pool == StepPool::max ? int(top_steps[k]) : length - 1;
    return at.t == from || pool == StepPool::carry ? dy[k] : T(0);
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
