// How an epoch hears of Ctrl-C.
#pragma once

#include <chrono>
#include <exception>
#include <functional>

namespace fastdl {

using Poll = std::function<bool()>;

// Asks now and then whether to stop; an exception of the asked (Ctrl-C) waits for the end of the team.
struct PollClock {
  using clock = std::chrono::steady_clock;
  const Poll& poll;
  clock::time_point last = clock::now();
  std::exception_ptr error{};

  bool interrupts() {
    if (!poll || clock::now() - last < std::chrono::milliseconds(50)) return false;
    last = clock::now();
    try {
      return poll();
    } catch (...) {
      error = std::current_exception();
      return true;
    }
  }
};

}  // namespace fastdl
