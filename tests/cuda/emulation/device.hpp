// The card that is emulated: its limits, how it is to behave, and what became of it.
#pragma once

#include <mutex>
#include <string>

#include "emulation/language.hpp"

namespace cuda_emulation {

constexpr int multiprocessors = 4, threads_of_multiprocessor = 2048, blocks_of_multiprocessor = 32;
constexpr std::size_t shared_default = 48 << 10, shared_most = 227 << 10;  // bytes of a block, unasked and asked for

enum class Order { forward, reverse, random };
struct Options {
  Order order = Order::forward;  // of the threads of a block, and of the blocks
  unsigned seed = 1;
  bool late = false;  // streams work only where the host waits for them: a missing wait shows
  bool hide = false;  // the host may not touch device memory but by cudaMemcpy: SIGSEGV
  std::size_t memory = std::size_t(8) << 30;
};
inline Options options;

inline std::recursive_mutex turn;  // threads of the host take turns

// The first failure, which all that wait for the card are told until cudaGetLastError.
inline cudaError_t last_error = cudaSuccess;
inline std::string message;
inline cudaError_t error(cudaError_t code, const std::string& text) {
  if (!last_error) last_error = code, message = text;
  return code;
}

inline long launches = 0, threads_run = 0, switches = 0;  // so far

}  // namespace cuda_emulation
