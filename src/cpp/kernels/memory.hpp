// Values as they are, and their sum.
#pragma once

#include <cstdint>

#include "core/team.hpp"

namespace fastdl {

template <class T>
struct MemoryKernels {
  void (*copy)(const Team&, std::int64_t count, const T* x, T* y);  // y may be x
  void (*fill)(const Team&, std::int64_t count, T value, T* y);
  double (*sum)(const Team&, std::int64_t count, const T* x);  // in their order; every thread gets it
};

}  // namespace fastdl
