// Device memory: each allocation ends at a page that nobody may touch, and holds NaN at first.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "emulation/threads.hpp"

namespace cuda_emulation {

struct Allocation {
  char* base;  // page, memory, page
  std::size_t mapped, size;
  char* data() const { return base + mapped - page - (size + 15) / 16 * 16; }
  char* inner() const { return base + page; }
  std::size_t inner_size() const { return mapped - 2 * page; }
};
inline std::map<const char*, Allocation> allocations;  // by data()
inline std::map<const char*, std::size_t> pinned;      // of the host, and its bytes
inline std::size_t allocated = 0;

inline const Allocation* allocation_of(const void* p) {
  const auto next = allocations.upper_bound(static_cast<const char*>(p));
  if (next == allocations.begin()) return nullptr;
  const Allocation& a = std::prev(next)->second;
  return p <= a.data() + a.size ? &a : nullptr;
}
inline bool is_pinned(const void* p) {
  const auto next = pinned.upper_bound(static_cast<const char*>(p));
  return next != pinned.begin() && p <= std::prev(next)->first + std::prev(next)->second;
}

// --- who may touch it
inline int open = 0;
inline void protect_all(int how) {
  if (!options.hide) return;
  for (const auto& [p, a] : allocations) mprotect(a.inner(), a.inner_size(), how);
}
struct Open {  // while a kernel or a copy works
  Open() {
    if (!open++) protect_all(PROT_READ | PROT_WRITE);
  }
  ~Open() {
    if (!--open) protect_all(PROT_NONE);
  }
};

// --- a fault in a kernel ends the launch; one of the host is passed on
inline struct sigaction before_us;
inline void on_fault(int, siginfo_t* info, void*) {
  const char* p = static_cast<const char*>(info->si_addr);
  const char* in = info->si_code == SI_KERNEL ? "not aligned for it" : "in no allocation";
  for (const auto& [data, a] : allocations)
    if (p >= a.base && p < a.base + a.mapped)
      in = p < data ? "before an allocation" : p < data + a.size ? "in an allocation" : "past the end of an allocation";
  char text[128];
  const int size =
      std::snprintf(text, sizeof text, "%s touched %p, which is %s", current ? "" : "cuda_emulation: the host", p, in);
  if (current) fail(who(*current) + text);
  if (write(STDERR_FILENO, text, size) == size && write(STDERR_FILENO, "\n", 1)) {
  }
  sigaction(SIGSEGV, &before_us, nullptr);  // the instruction is tried again
}
inline void watch_faults() {
  static thread_local char stack[1 << 16];
  static thread_local const bool has_stack = [] {
    const stack_t alternative{stack, 0, sizeof stack};
    return sigaltstack(&alternative, nullptr) == 0;
  }();
  static const bool watched = [] {
    struct sigaction action{};
    action.sa_sigaction = on_fault, action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    return sigaction(SIGSEGV, &action, &before_us) == 0;
  }();
  (void)has_stack, (void)watched;
}

// --- allocation
// Pages of 0xff that are copied where they are written: what nobody touches costs nothing.
constexpr std::size_t pattern_size = 32 << 20;
inline int pattern() {
  static const int file = [] {
    const int file = memfd_create("pattern", 0);
    const std::vector<char> piece(1 << 20, char(0xff));
    for (std::size_t at = 0; at < pattern_size; at += piece.size())
      if (write(file, piece.data(), piece.size()) < 0) return -1;
    return file;
  }();
  return file;
}
inline void* allocate(std::size_t size) {
  watch_faults();
  const std::size_t inner = (size + page) / page * page, mapped = inner + 2 * page;
  void* base = mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  const Allocation a{static_cast<char*>(base), mapped, size};
  for (std::size_t at = 0; at < inner; at += pattern_size)
    mmap(a.inner() + at, std::min(pattern_size, inner - at), options.hide && !open ? PROT_NONE : PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, pattern(), 0);
  forbid(a.inner(), inner), allow(a.data(), size);
  allocations[a.data()] = a, allocated += size;
  return a.data();
}
inline bool is_fresh(const char* from, const char* to) {
  return std::all_of(from, to, [](char c) { return c == char(0xff); });
}
// What is wrong with the bytes around it, which no page guards.
inline const char* release(const Allocation a) {
  const Open open;
  allow(a.inner(), a.inner_size());
  const char* wrong = nullptr;
  if (!is_fresh(a.inner(), a.data())) wrong = "before an allocation";
  if (!is_fresh(a.data() + a.size, a.inner() + a.inner_size())) wrong = "past the end of an allocation";
  munmap(a.base, a.mapped);
  allocated -= a.size, allocations.erase(a.data());
  return wrong;
}

}  // namespace cuda_emulation
