#include "core/platform.hpp"

#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <string>

#if defined(__linux__)
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#else
#include <atomic>
#include <thread>
#endif

namespace fastdl {

void run_in_forked_child(void (*f)()) { pthread_atfork(nullptr, nullptr, f); }

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

int processor_quota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");  // on Linux only
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return std::max(1, static_cast<int>(std::ceil(std::stod(quota) / period)));
}

void* allocate_zeroed(std::size_t bytes) {
  constexpr std::size_t large_page = 2 << 20;
  const std::size_t unit = bytes < large_page ? 64 : large_page, whole = (bytes + unit - 1) / unit * unit;
  void* p = std::aligned_alloc(unit, whole);
  if (!p) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (unit == large_page) madvise(p, whole, MADV_HUGEPAGE);  // the rows of wide weights lie a page apart
#endif
  std::memset(p, 0, whole);
  return p;
}

void release(void* p) { std::free(p); }

void copy_bytes(void* to, const void* from, std::size_t bytes, void*) {
  if (bytes) std::memcpy(to, from, bytes);
}

#if defined(__linux__)

int current_processor() { return sched_getcpu(); }

void leave_processor(int processor) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) || CPU_COUNT(&allowed) < 2) return;
  cpu_set_t others = allowed;
  CPU_CLR(processor, &others);
  sched_setaffinity(0, sizeof others, &others);
  sched_setaffinity(0, sizeof allowed, &allowed);
}

// The kernel looks at the word once more before it lets the thread sleep.
void sleep_while(int* word, int value) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0); }

void wake_sleepers_on(int* word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0); }

#else

int current_processor() { return -1; }
void leave_processor(int) {}

#if defined(__cpp_lib_atomic_ref)
void sleep_while(int* word, int value) { std::atomic_ref<int>(*word).wait(value); }
void wake_sleepers_on(int* word) { std::atomic_ref<int>(*word).notify_all(); }
#else
void sleep_while(int*, int) { std::this_thread::yield(); }
void wake_sleepers_on(int*) {}
#endif

#endif

}  // namespace fastdl
