#include "guarded.hpp"

#include <sys/mman.h>

#include <cstring>
#include <map>
#include <mutex>
#include <new>

#include "kernels/rows.hpp"

namespace fastdl::guarded {
namespace {

constexpr std::size_t page = 4096;

std::mutex lock;
std::map<void*, std::size_t> blocks;  // and their bytes, whole pages
int inside = 0;                       // threads that are in a kernel or a copy

void protect_all(int how) {
  for (const auto& [block, bytes] : blocks) mprotect(block, bytes, how);
}

// While one lives, on any thread, values can be touched.
struct Open {
  Open() {
    const std::lock_guard hold(lock);
    if (inside++ == 0) protect_all(PROT_READ | PROT_WRITE);
  }
  ~Open() {
    const std::lock_guard hold(lock);
    if (--inside == 0) protect_all(PROT_NONE);
  }
};

// --- memory
void* allocate(std::size_t bytes) {
  bytes = (bytes + page) / page * page;
  void* block = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  const std::lock_guard hold(lock);
  blocks[block] = bytes;
  if (inside) mprotect(block, bytes, PROT_READ | PROT_WRITE);
  return block;
}
void release(void* block) {
  if (!block) return;
  const std::lock_guard hold(lock);
  const auto found = blocks.find(block);
  munmap(block, found->second);
  blocks.erase(found);
}
void copy(void* to, const void* from, std::size_t bytes, void*) {
  const Open open;
  std::memcpy(to, from, bytes);
}

// --- kernels: each is opened for. Those that return a size get no values.
template <class T>
const Kernels<T>* real_kernels = nullptr;

template <class T, auto row, class Function>
struct Guarded;
template <class T, auto row, class Result, class... Arguments>
struct Guarded<T, row, Result (*)(Arguments...)> {
  static Result call(Arguments... arguments) {
    if constexpr (std::is_void_v<Result>) {
      const Open open;
      row (*real_kernels<T>)(arguments...);
    } else {
      return row(*real_kernels<T>)(arguments...);
    }
  }
};
template <class T, auto row>
constexpr auto guarded_row = Guarded<T, row, decltype(row(std::declval<const Kernels<T>&>()))>::call;

#define FASTDL_FAMILY(Rows, family) \
  template <class T>                \
  Rows<T> family##_rows;
#include "kernels/rows.inc"

template <class T>
const Kernels<T>* guard_kernels(const Kernels<T>& real) {
  real_kernels<T> = &real;
#define FASTDL_ROW(family, row) \
  if (real.family.row) family##_rows<T>.row = guarded_row<T, [](const Kernels<T>& k) { return k.family.row; }>;
#include "kernels/rows.inc"
  static const Kernels<T> kernels = {
      real.lanes,
      real.channels_last,
#define FASTDL_FAMILY(Rows, family) family##_rows<T>,
#include "kernels/rows.inc"
  };
  return &kernels;
}

}  // namespace

const Backend* guard(const Backend& real) {
  static const Backend backend = {.name = "cpu:guarded",
                                  .available = real.available,
                                  .memory = {allocate, release, copy, copy},
                                  .device = nullptr,
                                  .f32 = guard_kernels(*real.f32),
                                  .f64 = guard_kernels(*real.f64)};
  return &backend;
}

const void* some_block() { return blocks.empty() ? nullptr : blocks.begin()->first; }

}  // namespace fastdl::guarded
