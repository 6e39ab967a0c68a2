#include "core/threads.hpp"

#include <omp.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <string>

namespace fastdl {
namespace {

std::atomic<bool> forked{false};
const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });

// CPU bandwidth of the container (cgroup v2 cpu.max), rounded up; 0 where there is none.
int cgroup_limit() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return std::max(1, static_cast<int>(std::ceil(std::stod(quota) / period)));
}

}  // namespace

int max_threads() {
  static const int limit = cgroup_limit();
  int threads = std::min(omp_get_max_threads(), omp_get_num_procs());
  return std::max(1, limit ? std::min(threads, limit) : threads);
}

int usable_threads(int wanted) { return forked || omp_in_parallel() ? 1 : std::max(1, wanted); }

void wait_for_phase_after(const Barrier& barrier, int phase) {
  for (int spins = 0; __atomic_load_n(&barrier.phase, __ATOMIC_ACQUIRE) == phase; spins++) {
    if (spins > 10000) {
      sched_yield();
    } else {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
  }
}

void current_thread(int& rank, int& size) {
  rank = omp_get_thread_num();
  size = omp_get_num_threads();
}

}  // namespace fastdl
