// The threads of a launch and where they meet. One at a time runs, on a fiber, until it waits or ends; threads that
// wait for nothing follow one another on one fiber.
#pragma once

#include <cstdint>
#include <random>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "emulation/fiber.hpp"

namespace cuda_emulation {

using Site = std::source_location;

enum class State : char { fresh, ready, at_block, at_warp, at_grid, ended };
struct Block;
struct Thread;
using Work = void(Thread** lanes);  // of a warp's meeting: 32, null where a lane does not take part
struct Thread {
  State state = State::fresh;
  int number = 0;  // in the block
  Block* block = nullptr;
  Fiber* fiber = nullptr;
  uint3 index{};
  Site site{};
  unsigned mask = 0;
  void* mine = nullptr;  // what the lane brings to a meeting, and what is done there
  Work* work = nullptr;
  char came{}, left{};  // for -fsanitize=thread
};
// Threads that wait for each other. Who comes releases `came`; who comes last acquires it and releases `left`, which
// all others acquire.
struct Meeting {
  int waiting = 0, votes = 0, result = 0;
  Site site{};
  char came{}, left{};
};
struct Warp {
  unsigned waiting = 0, ended = 0;  // lanes
};
struct Block {
  uint3 index{};
  std::size_t first = 0, count = 0;  // of its threads
  int ended = 0;
  Meeting meeting;
  std::vector<Warp> warps;
  std::vector<unsigned char> memory;                       // shared: dynamic, then static as the threads meet it
  std::vector<std::pair<const void*, std::size_t>> named;  // static arrays: key, offset
  std::size_t dynamic = 0, used = 0, size_of_named = 0;
};
struct Run {
  std::vector<Thread> threads;  // of the blocks that are there at the same time
  std::vector<Block> blocks;
  std::size_t n_blocks = 0;
  void (*body)(const void*) = nullptr;
  const void* arguments = nullptr;
  std::vector<int> order;  // of the threads, in this pass over them
  std::size_t next = 0;    // in it
  std::size_t ended = 0;
  Meeting meeting;
  char start{}, end{};
  std::string failure;
};
inline Run run;
inline Thread* current = nullptr;
inline std::mt19937 chance;

inline std::string text(uint3 i) {
  return "(" + std::to_string(i.x) + ", " + std::to_string(i.y) + ", " + std::to_string(i.z) + ")";
}
inline std::string who(const Thread& t) { return "thread " + text(t.index) + " of block " + text(t.block->index); }
inline std::string where(const Site& s) { return std::string(s.file_name()) + ":" + std::to_string(s.line()); }
inline bool same(const Site& a, const Site& b) { return a.line() == b.line() && a.column() == b.column(); }

// The launch ends here; the fibers' stacks are used again as they are.
[[noreturn]] inline void fail(const std::string& text) {
  run.failure = text;
  back();
  __builtin_unreachable();
}

// --- meetings of a block, and of a grid
inline void go_on(Thread& t) { t.state = State::ready, t.mine = nullptr; }
// Returns how many have voted.
inline int meet_at(Meeting& m, State state, std::size_t first, std::size_t count, int vote, const Site& site) {
  Thread& t = *current;
  if (m.waiting && !same(m.site, site)) fail(who(t) + " waits at " + where(site) + ", but others at " + where(m.site));
  t.state = state, t.site = m.site = site;
  m.votes += vote;
  release(m.came);
  if (++m.waiting == int(count)) {
    acquire(m.came);
    release(m.left);
    for (std::size_t i = first; i < first + count; i++) go_on(run.threads[i]);
    m.result = std::exchange(m.votes, 0), m.waiting = 0;
  }
  back();
  acquire(m.left);
  return m.result;
}
inline int meet_block(int vote, const Site& site) {
  const Quiet quiet;
  Block& b = *current->block;
  if (b.ended)
    fail("a thread of block " + text(b.index) + " has ended, but " + who(*current) + " waits at " + where(site));
  return meet_at(b.meeting, State::at_block, b.first, b.count, vote, site);
}
inline void meet_grid(const Site& site) {
  const Quiet quiet;
  if (run.ended) fail("a thread has ended, but " + who(*current) + " waits for the grid at " + where(site));
  meet_at(run.meeting, State::at_grid, 0, run.threads.size(), 0, site);
}

// --- meetings of lanes of a warp: the last one to come does the work with what all have brought
// Whether the lanes are all there that t waits for: those of its mask that have not ended.
inline void try_to_meet(Warp& warp, Thread& t) {
  const Block& b = *t.block;
  const std::size_t first = t.number / 32 * 32;
  const unsigned there = b.count - first >= 32 ? ~0u : (1u << (b.count - first)) - 1;
  const unsigned wanted = t.mask & there & ~warp.ended;
  if ((warp.waiting & wanted) != wanted) return;
  Thread* lanes[32]{};
  for (int i = 0; i < 32; i++) {
    if (!(wanted >> i & 1)) continue;
    lanes[i] = &run.threads[b.first + first + i];
    if (lanes[i]->mask != t.mask) return;  // it waits for others
    if (!same(lanes[i]->site, t.site))
      fail(who(t) + " and lane " + std::to_string(i) + " meet at different places, " + where(t.site) + " and " +
           where(lanes[i]->site));
  }
  for (const Thread* lane : lanes)
    if (lane) acquire(const_cast<char&>(lane->came));
  t.work(lanes);
  warp.waiting &= ~wanted;
  for (Thread* lane : lanes)
    if (lane) release(lane->left), go_on(*lane);
}
inline void meet(unsigned mask, void* mine, const Site& site, Work* work) {
  const Quiet quiet;
  Thread& t = *current;
  const int lane = t.number % 32;
  if (!(mask >> lane & 1)) fail(who(t) + " is not in its own mask, " + where(site));
  t.mask = mask, t.mine = mine, t.site = site, t.work = work, t.state = State::at_warp;
  Warp& warp = t.block->warps[t.number / 32];
  warp.waiting |= 1u << lane;
  release(t.came);
  try_to_meet(warp, t);
  back();
  acquire(t.left);
}

// --- a thread's life
inline void ended(Thread& t) {
  Block& b = *t.block;
  Warp& warp = b.warps[t.number / 32];
  t.state = State::ended;
  b.ended++, run.ended++;
  warp.ended |= 1u << t.number % 32;
  if (b.meeting.waiting) fail(who(t) + " ended, but others of its block wait at " + where(b.meeting.site));
  if (run.meeting.waiting) fail(who(t) + " ended, but others of the grid wait at " + where(run.meeting.site));
  for (int i = 0; i < 32 && warp.waiting; i++)
    if (warp.waiting >> i & 1) try_to_meet(warp, run.threads[b.first + t.number / 32 * 32 + i]);
}
inline void become(Thread& t) { current = &t, threadIdx = t.index, blockIdx = t.block->index; }
// What a fiber does.
inline void live() {
  arrived(&scheduler.stack, &scheduler.size);
  for (;;) {
    acquire(run.start);
    run.body(run.arguments);
    release(run.end);
    const Quiet quiet;
    ended(*current);
    current->fiber = nullptr;
    if (finds_races || run.next == run.order.size()) break;
    Thread& t = run.threads[run.order[run.next]];
    if (t.state != State::fresh) break;
    run.next++;
    t.fiber = running, become(t);
  }
  const Quiet quiet;
  idle.push_back(running);
  back();
}
inline void resume(Thread& t) {
  if (t.state == State::fresh) t.fiber = take_fiber(live);
  become(t);
  enter(*t.fiber);
}

}  // namespace cuda_emulation
