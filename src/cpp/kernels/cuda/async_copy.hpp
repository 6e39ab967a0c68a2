// Copies from global to shared memory that go on while the thread does other things (cp.async). tests/cuda has a file
// of the same name, where they come at once or as late as they may.
//   copy_async<BYTES>(to, from, there)   BYTES 4, 8 or 16, both aligned so; zeros where not there, whatever `from`
//   close_copies()                       those since the last call are one group
//   wait_copies<N>()                     all groups but the last N of this thread have come; a barrier tells the others
#pragma once

template <int BYTES>
__device__ inline void copy_async(void* to, const void* from, bool there) {
  const unsigned shared = static_cast<unsigned>(__cvta_generic_to_shared(to));
  if constexpr (BYTES == 16) {
    asm volatile(
        "{.reg .pred skip; setp.eq.u32 skip, %2, 0; cp.async.cg.shared.global [%0], [%1], 16, skip;}" ::"r"(shared),
        "l"(from), "r"(unsigned(there))
        : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared), "l"(from), "n"(BYTES),
                 "r"(there ? BYTES : 0)
                 : "memory");
  }
}
__device__ inline void close_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N>
__device__ inline void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}
