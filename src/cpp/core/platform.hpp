// All that is not standard C++ about the system: Linux, and where a call is not there, what any system has.
#pragma once

#include <cstddef>

namespace fastdl {

// Processors that the container may use (cgroup v2 cpu.max), rounded up; 0: no limit is known.
int processor_quota();

double thread_seconds();                // processor time of this thread
int current_processor();                // its number, or -1
void leave_processor(int processor);    // to another one, if this thread may run there
void run_in_forked_child(void (*f)());  // from now on

// Sleeps while *word is value, until it is woken, or for no reason.
void sleep_while(int* word, int value);
void wake_sleepers_on(int* word);

// Zeroed, for any vector, with the system's large pages where there is much of it; throws std::bad_alloc.
void* allocate_zeroed(std::size_t bytes);
void release(void* p);

void copy_bytes(void* to, const void* from, std::size_t bytes, void* queue);

// Where values lie: the host's memory, or a device's own. Copies take their turn in a queue of the device; `copy_in`
// has read what it copies, and `copy_out` has written it, when they return.
struct Memory {
  void* (*allocate)(std::size_t bytes);  // zeroed; throws
  void (*release)(void*);
  void (*copy_in)(void* to, const void* from, std::size_t bytes, void* queue);   // from the host
  void (*copy_out)(void* to, const void* from, std::size_t bytes, void* queue);  // to the host
};
constexpr Memory host_memory = {allocate_zeroed, release, copy_bytes, copy_bytes};

}  // namespace fastdl
