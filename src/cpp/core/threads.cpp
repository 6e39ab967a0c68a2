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
#include <vector>

namespace fastdl {
namespace {

constexpr int max_spins = 4000;  // some 50 microseconds: longer than a wait among threads that all run

std::atomic<int> fork_count{0};
std::atomic<int> at_work{0};  // threads of all teams
const int registered = pthread_atfork(nullptr, nullptr, [] { fork_count++, at_work = 0; });

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

int forks() { return fork_count; }

namespace {

// libgomp ends the process where the system refuses it a thread, as under a limit of memory or processes. So before
// this thread has its first team of a size, as many threads are tried out; returns how many there may be, itself
// counted. (20 microseconds for each, once: libgomp keeps its threads.)
int creatable_threads(int wanted) {
  thread_local int proven = 1, limit = INT_MAX;
  wanted = std::min(wanted, limit);
  if (wanted <= proven) return wanted;
  std::vector<pthread_t> started;
  pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  const auto wait = [](void* gate) -> void* {
    auto* mutex = static_cast<pthread_mutex_t*>(gate);
    pthread_mutex_lock(mutex), pthread_mutex_unlock(mutex);
    return nullptr;
  };
  pthread_mutex_lock(&gate);
  for (pthread_t t; int(started.size()) < wanted - 1 && pthread_create(&t, nullptr, wait, &gate) == 0;)
    started.push_back(t);
  pthread_mutex_unlock(&gate);
  for (pthread_t t : started) pthread_join(t, nullptr);
  const int found = int(started.size()) + 1;
  proven = found == wanted ? wanted : std::max(1, found / 2);  // the system needs some room for others
  if (found < wanted) limit = proven;
  return proven;
}

}  // namespace

int usable_threads(int wanted) {
  if (wanted <= 1 || fork_count || omp_in_parallel()) return 1;
  return creatable_threads(wanted);
}

namespace {

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
