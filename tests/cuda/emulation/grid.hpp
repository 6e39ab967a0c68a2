// A launch: blocks one after the other, or all at once where they may meet.
#pragma once

#include <algorithm>
#include <cstring>
#include <numeric>

#include "emulation/memory.hpp"

namespace cuda_emulation {

struct Shape {
  dim3 grid, block;
  std::size_t shared = 0;
  bool cooperative = false;
  std::size_t threads() const { return std::size_t(block.x) * block.y * block.z; }
  std::size_t blocks() const { return std::size_t(grid.x) * grid.y * grid.z; }
};

// Why there is no such launch, with at most so many bytes of dynamic shared memory; null where there is.
inline const char* refused(const Shape& s, std::size_t allowed) {
  if (!s.blocks() || s.grid.x > 0x7fffffff || s.grid.y > 65535 || s.grid.z > 65535) return "no such grid";
  if (!s.threads() || s.threads() > 1024 || s.block.z > 64) return "no such block";
  if (s.shared > allowed) return "more shared memory than is allowed without cudaFuncSetAttribute, or than there is";
  return nullptr;
}
inline bool fits_at_once(const Shape& s) {
  const std::size_t by_memory = shared_most / (s.shared + 1024), by_threads = threads_of_multiprocessor / s.threads();
  return s.blocks() <= multiprocessors * std::min({by_memory, by_threads, std::size_t(blocks_of_multiprocessor)});
}

// --- blocks
inline void begin_block(std::size_t slot, unsigned number, const Shape& s) {
  Block& b = run.blocks[slot];
  b.index = {number % s.grid.x, number / s.grid.x % s.grid.y, number / s.grid.x / s.grid.y};
  b.first = slot * s.threads(), b.count = s.threads(), b.ended = 0, b.meeting = {};
  b.warps.assign((b.count + 31) / 32, {});
  if (finds_races || b.memory.empty()) std::vector<unsigned char>(shared_most + (64 << 10)).swap(b.memory);
  b.named.clear(), b.dynamic = s.shared, b.used = (s.shared + 127) / 64 * 64, b.size_of_named = 0;
  allow(b.memory.data(), s.shared), forbid(b.memory.data() + s.shared, b.memory.size() - s.shared);
  std::memset(b.memory.data(), 0xff, s.shared);
  for (unsigned i = 0; i < b.count; i++) {
    Thread& t = run.threads[b.first + i];
    t.state = State::fresh, t.number = int(i), t.block = &b;
    t.index = {i % s.block.x, i / s.block.x % s.block.y, i / s.block.x / s.block.y};
  }
}
// A static array of shared memory, at least 64 bytes from the next.
template <class Array>
Array& shared(const void* key) {
  const Quiet quiet;
  Block& b = *current->block;
  for (const auto& [k, offset] : b.named)
    if (k == key) return *reinterpret_cast<Array*>(b.memory.data() + offset);
  b.size_of_named += sizeof(Array);
  if (b.size_of_named > shared_default || b.size_of_named + b.dynamic > shared_most)
    fail(who(*current) + " has more shared memory than a block may have");
  unsigned char* array = b.memory.data() + b.used;
  b.named.push_back({key, b.used}), b.used += (sizeof(Array) + 127) / 64 * 64;
  allow(array, sizeof(Array));
  std::memset(array, 0xff, sizeof(Array));
  return *reinterpret_cast<Array*>(array);
}

// --- threads
inline std::vector<int> in_order(std::size_t n) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  if (options.order == Order::reverse) std::reverse(order.begin(), order.end());
  return order;
}
inline void shuffle(std::vector<int>& order) {
  if (options.order == Order::random) std::shuffle(order.begin(), order.end(), chance);
}
// Until all threads of the blocks that are there have ended, or one has failed.
inline void run_threads() {
  run.order = in_order(run.threads.size()), run.ended = 0, run.meeting = {};
  while (run.ended < run.threads.size()) {
    bool moved = false;
    shuffle(run.order);
    for (run.next = 0; run.next < run.order.size();) {
      Thread& t = run.threads[run.order[run.next++]];
      if (t.state != State::fresh && t.state != State::ready) continue;
      moved = true, resume(t);
      if (!run.failure.empty()) return;
    }
    if (moved) continue;
    const Thread& t =
        *std::find_if(run.threads.begin(), run.threads.end(), [](const Thread& t) { return t.state != State::ended; });
    run.failure = who(t) + " waits for ever at " + where(t.site);
    return;
  }
}
inline cudaError_t run_grid(const std::string& at, const Shape& s, void (*body)(const void*), const void* arguments) {
  watch_faults();
  const Open open;
  blockDim = s.block, gridDim = s.grid;
  run.body = body, run.arguments = arguments, run.failure.clear();
  release(run.start);
  const Quiet quiet;
  chance.seed(options.seed + unsigned(launches++));
  threads_run += long(s.threads() * s.blocks());
  const std::size_t resident = s.cooperative ? s.blocks() : 1;
  if (run.blocks.size() < resident) run.blocks.resize(resident);
  run.threads.resize(resident * s.threads());
  std::vector<int> blocks = in_order(s.blocks());
  shuffle(blocks);
  for (std::size_t k = 0; k < blocks.size() && run.failure.empty(); k += resident) {
    for (std::size_t slot = 0; slot < resident; slot++) begin_block(slot, unsigned(blocks[k + slot]), s);
    run_threads();
  }
  current = nullptr;
  for (Thread& t : run.threads)  // of a launch that failed
    if (Fiber* left = std::exchange(t.fiber, nullptr)) idle.push_back(left);
  acquire(run.end);
  if (run.failure.empty()) return cudaSuccess;
  return error(cudaErrorLaunchFailure, "kernel launched at " + at + ": " + run.failure);
}

}  // namespace cuda_emulation
