#include "core/threads.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "core/platform.hpp"

namespace fastdl {
namespace {

constexpr int max_spins = 4000;  // some 50 microseconds: longer than a wait among threads that all run

std::atomic<int> fork_count{0};
std::atomic<int> at_work{0};  // threads of all teams
const bool registered = (run_in_forked_child([] { fork_count++, at_work = 0; }), true);

}  // namespace

int max_threads() {
  static const int limit = processor_quota();
  int threads = std::min(omp_get_max_threads(), omp_get_num_procs());
  return std::max(1, limit ? std::min(threads, limit) : threads);
}

int forks() { return fork_count; }

namespace {

// libgomp ends the process where the system refuses it a thread, as under a limit of memory or processes. So before
// this thread has its first team of a size, as many threads are tried out; returns how many there may be, itself
// counted. (20 microseconds for each, once: libgomp keeps its threads.)
int creatable_threads(int wanted) {
  thread_local int proven = 1, limit = std::numeric_limits<int>::max();
  wanted = std::min(wanted, limit);
  if (wanted <= proven) return wanted;
  std::vector<std::thread> started;
  std::mutex gate;
  try {
    const std::lock_guard closed(gate);
    while (int(started.size()) < wanted - 1) started.emplace_back([&gate] { const std::lock_guard open(gate); });
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
  for (std::thread& thread : started) thread.join();
  const int found = int(started.size()) + 1;
  proven = found == wanted ? wanted : std::max(1, found / 4);  // their heaps, and others, need room too
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

// A thread that goes to sleep looks at the phase once more, and sleepers is raised before and read after the phase
// changes: no wake-up is missed.
//
// Who slept leaves the processor of the one that woke it: the scheduler leaves two threads that wake each other on one
// for long, though the next is idle, and then they take turns at every barrier. (LeNet-5, 64 images, 2 threads after
// 0.1 s of rest: 0.5 to 4.9 ms without this, 0.2 to 0.3 with it.)
void wait_for_phase_after(Barrier& barrier, int phase) {
  auto passed = [&] { return __atomic_load_n(&barrier.phase, __ATOMIC_SEQ_CST) != phase; };
  for (int spins = 0; spins < max_spins; spins++) {
    if (passed()) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  __atomic_add_fetch(&barrier.sleepers, 1, __ATOMIC_SEQ_CST);
  while (!passed()) sleep_while(&barrier.phase, phase);
  __atomic_sub_fetch(&barrier.sleepers, 1, __ATOMIC_SEQ_CST);
  const int cpu = current_processor();
  if (cpu >= 0 && cpu == __atomic_load_n(&barrier.cpu, __ATOMIC_RELAXED)) leave_processor(cpu);
}

void wake_sleepers(Barrier& barrier) {
  __atomic_store_n(&barrier.cpu, current_processor(), __ATOMIC_RELAXED);
  wake_sleepers_on(&barrier.phase);
}

void current_thread(int& rank, int& size) {
  rank = omp_get_thread_num();
  size = omp_get_num_threads();
}

}  // namespace fastdl
