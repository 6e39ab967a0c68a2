// The threads that run one step together. Every thread calls every kernel; a kernel takes its share of the outputs
// and returns after a sync, so the next kernel may read everything.
#pragma once

#include <cstdint>

#ifndef FASTDL_INLINE                                        // a device's compiler is given its own
#define FASTDL_INLINE inline __attribute__((always_inline))  // no weak symbol in the per-ISA objects
#endif

namespace fastdl {

struct Range {
  std::int64_t begin, end;
};

// Where the threads of a team meet.
struct Barrier {
  alignas(64) int arrived = 0;
  alignas(64) int phase = 0;
  int sleepers = 0;
  int cpu = -1;  // of the thread that last woke sleepers
};
void wait_for_phase_after(Barrier& barrier, int phase);  // spins for a while, then sleeps (core/threads.cpp)
void wake_sleepers(Barrier& barrier);

struct Team {
  int rank = 0, size = 1;
  Barrier* barrier = nullptr;
  // Of a device, whose teams are one thread: where its calls wait in order, and not 0 from where on nothing that lasts
  // is to change, for a loss was not finite.
  void* queue = nullptr;
  const std::int64_t* halted = nullptr;

  // The contiguous part of n units that belongs to this thread.
  FASTDL_INLINE Range share(std::int64_t n) const { return {n * rank / size, n * (rank + 1) / size}; }

  // Not OpenMP's barrier: that one spins for milliseconds, which a thread that shares its core pays dearly.
  FASTDL_INLINE void sync() const {
    if (size == 1) return;
    int phase = __atomic_load_n(&barrier->phase, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) == size) {
      __atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
      __atomic_store_n(&barrier->phase, phase + 1, __ATOMIC_SEQ_CST);
      if (__atomic_load_n(&barrier->sleepers, __ATOMIC_SEQ_CST)) wake_sleepers(*barrier);
    } else {
      wait_for_phase_after(*barrier, phase);
    }
  }
};

}  // namespace fastdl
