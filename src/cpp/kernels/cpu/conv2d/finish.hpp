// What becomes of a finished sum of a convolution on its way to memory.
#pragma once

#include "kernels/cpu/vec.hpp"
#include "math/activations.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
struct Finish {
  const T* bias = nullptr;  // (filters,) or none
  bool relu = false;

  FASTDL_INLINE Finish from(std::int64_t filter) const { return {bias ? bias + filter : nullptr, relu}; }
  FASTDL_INLINE Vec<T> operator()(Vec<T> sum, int filter) const {
    if (bias) sum = sum + splat(bias[filter]);
    return relu ? Relu<T>{}.value(sum) : sum;
  }

  // The same with the first count filters in the lanes, whose biases are loaded once.
  FASTDL_INLINE Vec<T> biases(int count) const {
    return !bias ? Vec<T>{} : count < lanes<T> ? load_part(bias, count) : load(bias);
  }
  FASTDL_INLINE Vec<T> of_lanes(Vec<T> sum, Vec<T> biases) const {
    if (bias) sum = sum + biases;
    return relu ? Relu<T>{}.value(sum) : sum;
  }
};

}  // namespace
}  // namespace fastdl::FASTDL_ISA
