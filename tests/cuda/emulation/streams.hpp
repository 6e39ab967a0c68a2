// Streams, events and graphs: calls that wait their turn.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "emulation/memory.hpp"

namespace cuda_emulation {

using Call = std::function<void()>;
struct Graph {
  std::vector<Call> calls;
};
struct Stream {
  std::deque<Call> queue;
  long sent = 0, done = 0;
  std::unique_ptr<Graph> capture;
};
struct Event {
  Stream* stream = nullptr;
  long number = 0;  // of the calls sent before it
};
inline Stream null_stream;
inline std::vector<Stream*> streams{&null_stream};
inline thread_local int capturing = 0;

// Copies to the device: their bytes by where they come from, and the most that were sent without a wait between.
struct CopiesIn {
  std::size_t pinned = 0, pageable = 0;
  int since_wait = 0, most_since_wait = 0;
};
inline CopiesIn copies_in;

// Of CUDA's handles 1 and 2 are names of the null stream, of all threads and of one.
inline Stream& of(Stream* s) { return std::uintptr_t(s) > 2 ? *s : null_stream; }
inline void drain(Stream& s, long number) {
  while (s.done < number && !s.queue.empty()) {
    const Call call = std::move(s.queue.front());
    s.queue.pop_front(), s.done++;
    call();
  }
}
inline void send(Stream* to, Call call) {
  const std::lock_guard hold(turn);
  Stream& s = of(to);
  if (s.capture) return s.capture->calls.push_back(std::move(call));
  s.queue.push_back(std::move(call)), s.sent++;
  if (!options.late) drain(s, s.sent);
}
// What the host is told that waits for all streams, or for one.
inline cudaError_t wait_all() {
  const std::lock_guard hold(turn);
  if (capturing) return error(cudaErrorStreamCaptureUnsupported, "a call that waits or allocates, within a capture");
  for (Stream* s : streams) drain(*s, s->sent);
  return last_error;
}
inline cudaError_t wait_for(Stream& s, long number) {
  const std::lock_guard hold(turn);
  if (capturing) return wait_all();
  copies_in.since_wait = 0;
  drain(s, number);
  return last_error;
}

}  // namespace cuda_emulation
