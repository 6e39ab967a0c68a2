// Stacks of their own, and how to go from one to another, which the sanitizers are told.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <deque>
#include <vector>

#include "emulation/device.hpp"
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
extern "C" void AnnotateIgnoreReadsBegin(const char*, int), AnnotateIgnoreReadsEnd(const char*, int);
extern "C" void AnnotateIgnoreWritesBegin(const char*, int), AnnotateIgnoreWritesEnd(const char*, int);
#endif
#if !defined(__x86_64__)
#error "switch_to is written for x86-64; elsewhere it is swapcontext"
#endif

namespace cuda_emulation {

constexpr std::size_t stack_size = 128 << 10, page = 4096;

// --- what -fsanitize=thread and =address are told; nothing without them
#ifdef __SANITIZE_THREAD__
constexpr bool finds_races = true;
inline void* new_tsan_fiber() { return __tsan_create_fiber(0); }
inline void* current_tsan_fiber() { return __tsan_get_current_fiber(); }
inline void switch_tsan_fiber(void* to) { __tsan_switch_to_fiber(to, 1); }  // 1: which orders nothing
inline void release(char& place) { __tsan_release(&place); }  // who acquires the place later comes after what is done
inline void acquire(char& place) { __tsan_acquire(&place); }
struct Quiet {  // the emulation's own accesses are none of the kernel's
  Quiet() { AnnotateIgnoreReadsBegin("", 0), AnnotateIgnoreWritesBegin("", 0); }
  ~Quiet() { AnnotateIgnoreReadsEnd("", 0), AnnotateIgnoreWritesEnd("", 0); }
};
#else
constexpr bool finds_races = false;
inline void* new_tsan_fiber() { return nullptr; }
inline void* current_tsan_fiber() { return nullptr; }
inline void switch_tsan_fiber(void*) {}
inline void release(char&) {}
inline void acquire(char&) {}
struct Quiet {
  Quiet() {}
};
#endif
#ifdef __SANITIZE_ADDRESS__
inline void forbid(const void* p, std::size_t n) { __asan_poison_memory_region(p, n); }
inline void allow(const void* p, std::size_t n) { __asan_unpoison_memory_region(p, n); }
inline void leaving(const void* stack, std::size_t size) { __sanitizer_start_switch_fiber(nullptr, stack, size); }
inline void arrived(const void** from, std::size_t* size) { __sanitizer_finish_switch_fiber(nullptr, from, size); }
#else
inline void forbid(const void*, std::size_t) {}
inline void allow(const void*, std::size_t) {}
inline void leaving(const void*, std::size_t) {}
inline void arrived(const void**, std::size_t*) {}
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

// --- fibers: the scheduler enters one, which runs until it goes back
struct Fiber {
  char* stack = nullptr;
  void* sp = nullptr;
  void* tsan = nullptr;
};
struct Scheduler {
  void* sp = nullptr;
  void* tsan = nullptr;
  const void* stack = nullptr;
  std::size_t size = 0;
};
inline Scheduler scheduler;
inline Fiber* running = nullptr;

__attribute__((naked, noinline)) inline void switch_to(void** /*save*/, void* /*load*/) {
  asm("pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n movq %rsp, (%rdi)\n"
      "movq %rsi, %rsp\n popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n ret");
}

inline void enter(Fiber& fiber) {
  switches++;
  running = &fiber;
  scheduler.tsan = current_tsan_fiber();
  switch_tsan_fiber(fiber.tsan);
  leaving(fiber.stack, stack_size);
  switch_to(&scheduler.sp, fiber.sp);
  arrived(nullptr, nullptr);
}
inline void back() {
  switch_tsan_fiber(scheduler.tsan);
  leaving(scheduler.stack, scheduler.size);
  switch_to(&running->sp, scheduler.sp);
  arrived(&scheduler.stack, &scheduler.size);
}

// Those that nothing runs on. With -fsanitize=thread the next thread gets one that rested long: to it, what was done on
// one fiber is done in order.
inline std::deque<Fiber> fibers;
inline std::vector<Fiber*> idle;
inline Fiber* new_fiber() {
  char* base = static_cast<char*>(
      mmap(nullptr, stack_size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  mprotect(base, page, PROT_NONE);
  return &fibers.emplace_back(Fiber{base + page, nullptr, new_tsan_fiber()});
}
inline Fiber* take_fiber(void (*entry)()) {
  while (idle.size() < (finds_races ? 64 : 1)) idle.push_back(new_fiber());
  const auto taken = finds_races ? idle.begin() : idle.end() - 1;
  Fiber* fiber = *taken;
  idle.erase(taken);
  allow(fiber->stack, stack_size);
  void** top = reinterpret_cast<void**>(fiber->stack + stack_size) - 2;
  *top = reinterpret_cast<void*>(entry), fiber->sp = top - 6;
  return fiber;
}

}  // namespace cuda_emulation
