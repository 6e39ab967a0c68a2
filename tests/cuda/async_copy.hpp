// What src/cpp/kernels/cuda/async_copy.hpp says, on the host. In forward order copies come when they are waited for, in
// reverse order at once, and in random order either: to read too early, or to overwrite what others still read, shows.
#pragma once

#include "launch.hpp"

namespace cuda_emulation {
struct Copies {
  struct Copy {
    void* to;
    const void* from;
    int bytes;
  };  // from null: zeros
  std::deque<std::vector<Copy>> groups{1};  // the last one is open
};
inline std::map<const Thread*, Copies> copies;
inline long copies_of_launch = -1;
inline Copies& my_copies() {
  if (copies_of_launch != launches) copies.clear(), copies_of_launch = launches;
  return copies[current];
}
inline void do_copy(const Copies::Copy& c) {
  if (c.from)
    std::memcpy(c.to, c.from, c.bytes);
  else
    std::memset(c.to, 0, c.bytes);
}
}  // namespace cuda_emulation

template <int BYTES>
void copy_async(void* to, const void* from, bool there) {
  using namespace cuda_emulation;
  if ((reinterpret_cast<std::uintptr_t>(to) | (there ? reinterpret_cast<std::uintptr_t>(from) : 0)) % BYTES)
    fail(who(*current) + ": copy_async of what is not aligned");
  const Copies::Copy copy{to, there ? from : nullptr, BYTES};
  const auto at_once = [] {
    const Quiet quiet;
    return options.order == Order::reverse || (options.order == Order::random && chance() % 2);
  };
  if (at_once()) return do_copy(copy);
  const Quiet quiet;
  my_copies().groups.back().push_back(copy);
}
inline void close_copies() {
  const cuda_emulation::Quiet quiet;
  cuda_emulation::my_copies().groups.emplace_back();
}
template <int N>
void wait_copies() {
  using namespace cuda_emulation;
  while (true) {
    std::vector<Copies::Copy> group;
    {
      const Quiet quiet;
      auto& groups = my_copies().groups;
      if (groups.size() <= N + 1) return;
      group = std::move(groups.front()), groups.pop_front();
    }
    for (const auto& c : group) do_copy(c);
  }
}
