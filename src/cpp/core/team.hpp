// The threads that run one step together. Every thread calls every kernel; a kernel takes its share of the outputs
// and returns after a sync, so the next kernel may read everything.
#pragma once

#include <cstdint>

#define FASTDL_INLINE inline __attribute__((always_inline))  // no weak symbol in the per-ISA objects

namespace fastdl {

struct Range {
  std::int64_t begin, end;
};

struct Team {
  int rank, size;

  // The contiguous part of n units that belongs to this thread.
  FASTDL_INLINE Range share(std::int64_t n) const { return {n * rank / size, n * (rank + 1) / size}; }

  FASTDL_INLINE void sync() const {
    if (size > 1) {
#pragma omp barrier
    }
  }
};

}  // namespace fastdl
