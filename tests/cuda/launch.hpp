// CUDA kernels as plain C++, for a machine without a card: stands in for src/cpp/kernels/cuda/launch.hpp, and for
// CUDA's own headers.
//
// Emulated, the threads of a block run one after the other, each until it waits or ends, in forward, reverse or random
// order: a result that changes with the order is a missing barrier. Shared and device memory start as NaN. An access
// past an allocation, a barrier that not all threads reach, a shuffle from a lane that is not there, a pointer of the
// host's: the launch fails, and cudaGetErrorString says why. g++ -fsanitize=thread also sees two threads at one place
// without a barrier between (lost updates too), -fsanitize=address also accesses past shared and local arrays.
// test_emulation.py plants each of these faults.
#pragma once

#include <cstdint>
#include <tuple>

#include "emulation/host_calls.hpp"
#include "emulation/kernel_calls.hpp"

#define SHARED(T, name, dims)     \
  typedef T name##_array dims;    \
  static const char name##_key{}; \
  name##_array& name = cuda_emulation::shared<name##_array>(&name##_key)
#define DYNAMIC_SHARED(T, name) T* const name = reinterpret_cast<T*>(cuda_emulation::current->block->memory.data())

struct Launch {
  dim3 grid, block;
  std::size_t shared = 0;
  cudaStream_t stream = nullptr;
  bool cooperative = false;
  cuda_emulation::Site at = cuda_emulation::Site::current();
};

namespace cuda_emulation {

template <class... P>
struct Bound {  // a kernel and its arguments
  void (*kernel)(P...);
  std::tuple<std::decay_t<P>...> arguments;
  static void call(const void* bound) {
    const Bound& b = *static_cast<const Bound*>(bound);
    std::apply(b.kernel, b.arguments);
  }
};

// Whether a word among arguments points to memory of the host's, which a card cannot read. Two small numbers look like
// an address in the shadow of the sanitizers, above which the host's memory is.
constexpr std::uintptr_t first_of_host = std::uintptr_t(1) << (sanitized ? 46 : 32);
inline bool is_of_host(std::uintptr_t word) {
  if (word < first_of_host || word >> 47) return false;
  const void* p = reinterpret_cast<const void*>(word);
  if (allocation_of(p) || is_pinned(p)) return false;
  unsigned char there;
  return mincore(reinterpret_cast<void*>(word / page * page), 1, &there) == 0;
}
template <class A>
bool has_pointer_of_host(A argument) {
  __builtin_clear_padding(&argument);  // where words of before may be
  for (std::size_t at = 0; at + 8 <= sizeof argument; at += 8) {
    std::uintptr_t word;
    std::memcpy(&word, reinterpret_cast<const char*>(&argument) + at, sizeof word);
    if (is_of_host(word)) return true;
  }
  return false;
}

template <class... P>
void launch(const ::Launch& l, const Bound<P...>& bound) {
  static_assert(sizeof bound.arguments <= 4096, "arguments of a kernel may take 4 KiB");
  const std::lock_guard hold(turn);
  const Shape shape{l.grid, l.block, l.shared, l.cooperative};
  const auto found = allowed.find(reinterpret_cast<const void*>(bound.kernel));
  if (const char* why = refused(shape, found == allowed.end() ? shared_default : found->second))
    return void(error(cudaErrorInvalidConfiguration, where(l.at) + ": " + why));
  if (l.cooperative && !fits_at_once(shape))
    return void(error(cudaErrorCooperativeLaunchTooLarge, where(l.at) + ": more blocks than can be there at once"));
  if (std::apply([](const auto&... argument) { return (has_pointer_of_host(argument) || ...); }, bound.arguments))
    return void(error(cudaErrorInvalidValue, where(l.at) + ": an argument of the kernel points to the host's memory"));
  send(l.stream, [=] { run_grid(where(l.at), shape, Bound<P...>::call, &bound); });
}

}  // namespace cuda_emulation

template <class... P, class... A>
void launch(const Launch& l, void (*kernel)(P...), A... arguments) {
  cuda_emulation::launch(l, cuda_emulation::Bound<P...>{kernel, {static_cast<P>(arguments)...}});
}
