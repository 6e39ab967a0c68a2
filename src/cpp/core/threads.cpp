#include "core/threads.hpp"

#include <linux/futex.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cmath>
#include <fstream>
#include <string>

namespace fastdl {
namespace {

constexpr int max_spins = 4000;  // some 50 microseconds: longer than a wait among threads that all run

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

namespace {

std::atomic<int> at_work{0};

int take_seats(int wanted) {
  int others = at_work.load(), taken;
  do {
    taken = others ? std::clamp(omp_get_num_procs() - others, 1, wanted) : wanted;
  } while (!at_work.compare_exchange_weak(others, others + taken));
  return taken;
}

}  // namespace

Seats::Seats(int wanted) : taken(take_seats(wanted)) {}
Seats::~Seats() { at_work -= taken; }

namespace {

// To another processor, if this thread may run there. The scheduler leaves two threads that wake each other on one
// processor for long, though the next is idle: then they take turns at every barrier. (LeNet-5, 64 images, 2 threads
// after 0.1 s of rest: 0.5 to 4.9 ms without this, 0.2 to 0.3 with it.)
void leave_cpu(int cpu) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) || CPU_COUNT(&allowed) < 2) return;
  cpu_set_t others = allowed;
  CPU_CLR(cpu, &others);
  sched_setaffinity(0, sizeof others, &others);
  sched_setaffinity(0, sizeof allowed, &allowed);
}

}  // namespace

// The kernel looks at the phase once more before it lets a thread sleep, and sleepers is raised before and read after
// the phase changes: no wake-up is missed.
void wait_for_phase_after(Barrier& barrier, int phase) {
  auto passed = [&] { return __atomic_load_n(&barrier.phase, __ATOMIC_SEQ_CST) != phase; };
  for (int spins = 0; spins < max_spins; spins++) {
    if (passed()) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  __atomic_add_fetch(&barrier.naps, 1, __ATOMIC_RELAXED);
  __atomic_add_fetch(&barrier.sleepers, 1, __ATOMIC_SEQ_CST);
  while (!passed()) syscall(SYS_futex, &barrier.phase, FUTEX_WAIT_PRIVATE, phase, nullptr, nullptr, 0);
  __atomic_sub_fetch(&barrier.sleepers, 1, __ATOMIC_SEQ_CST);
  const int cpu = sched_getcpu();
  if (cpu >= 0 && cpu == __atomic_load_n(&barrier.cpu, __ATOMIC_RELAXED)) leave_cpu(cpu);
}

void wake_sleepers(Barrier& barrier) {
  __atomic_store_n(&barrier.cpu, sched_getcpu(), __ATOMIC_RELAXED);
  syscall(SYS_futex, &barrier.phase, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void current_thread(int& rank, int& size) {
  rank = omp_get_thread_num();
  size = omp_get_num_threads();
}

}  // namespace fastdl
