// Values as they are, whole or some channels of them, and their sum.
#pragma once

#include <cstdint>

#include "kernels/shapes.hpp"

namespace fastdl {

// Channels first, first + 1 ... of a whole, as a tensor of their own.
struct ChannelSlice {
  NormShape whole;
  int first, channels;
};

template <class T>
struct MemoryKernels {
  void (*copy)(const Team&, std::int64_t count, const T* x, T* y);  // y may be x
  void (*fill)(const Team&, std::int64_t count, T value, T* y);
  void (*put_slice)(const Team&, const ChannelSlice&, const T* slice, T* whole);  // the rest of it stays
  void (*take_slice)(const Team&, const ChannelSlice&, const T* whole, T* slice);
  void (*add_slice)(const Team&, const ChannelSlice&, const T* whole, T* slice);  // to what is there
  void (*sum)(const Team&, std::int64_t count, const T* x, double* total);        // in their order
  // total += factor a b / norm; b and norm may be null: 1
  void (*add_scaled)(const Team&, double factor, const double* a, const double* b, const double* norm, double* total);
};

}  // namespace fastdl
