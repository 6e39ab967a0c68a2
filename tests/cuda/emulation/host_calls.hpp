// What hosts call: memory, streams, events, graphs.
#pragma once

#include "emulation/grid.hpp"
#include "emulation/streams.hpp"

using cudaStream_t = cuda_emulation::Stream*;
using cudaEvent_t = cuda_emulation::Event*;
using cudaGraph_t = cuda_emulation::Graph*;
using cudaGraphExec_t = cuda_emulation::Graph*;

// --- devices
struct cudaDeviceProp {
  char name[256];
  int major, minor, multiProcessorCount;
  std::size_t totalGlobalMem, sharedMemPerBlockOptin;
};
struct cudaFuncAttributes {
  int numRegs;
};
inline cudaError_t cudaGetDeviceCount(int* n) { return *n = 1, cudaSuccess; }
inline cudaError_t cudaGetDevice(int* i) { return *i = 0, cudaSuccess; }
inline cudaError_t cudaSetDevice(int i) {
  return i ? cuda_emulation::error(cudaErrorInvalidDevice, "there is one device") : cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int) {
  using namespace cuda_emulation;
  *p = {"emulated", 9, 0, multiprocessors, options.memory, shared_most};
  return cudaSuccess;
}
inline cudaError_t cudaDriverGetVersion(int* version) { return *version = 13000, cudaSuccess; }
inline cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }
inline cudaError_t cudaGetLastError() { return std::exchange(cuda_emulation::last_error, cudaSuccess); }
inline cudaError_t cudaPeekAtLastError() { return cuda_emulation::last_error; }
inline const char* cudaGetErrorString(cudaError_t e) { return e ? cuda_emulation::message.c_str() : "no error"; }
inline cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  using namespace cuda_emulation;
  *total = options.memory, *free = *total - std::min(allocated, *total);
  return cudaSuccess;
}

enum cudaMemoryType { cudaMemoryTypeUnregistered, cudaMemoryTypeHost, cudaMemoryTypeDevice, cudaMemoryTypeManaged };
struct cudaPointerAttributes {
  cudaMemoryType type;
  int device;
};
inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* a, const void* p) {
  *a = {cuda_emulation::allocation_of(p) ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered, 0};
  return cudaSuccess;
}

// --- kernels
namespace cuda_emulation {
inline std::map<const void*, std::size_t> allowed;  // bytes of dynamic shared memory
}
template <class K>
cudaError_t cudaFuncSetAttribute(K kernel, cudaFuncAttribute, int bytes) {
  using namespace cuda_emulation;
  const std::lock_guard hold(turn);
  if (std::size_t(bytes) > shared_most) return error(cudaErrorInvalidValue, "more shared memory than a block may have");
  allowed[reinterpret_cast<const void*>(kernel)] = std::size_t(bytes);
  return cudaSuccess;
}
template <class K>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, K) {
  return *attributes = {}, cudaSuccess;
}
template <class K>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, K, int threads, std::size_t shared) {
  using namespace cuda_emulation;
  const std::size_t by_memory = shared_most / (shared + 1024);
  *blocks = int(std::min(by_memory, std::size_t(threads_of_multiprocessor / threads)));
  return cudaSuccess;
}

// --- memory
template <class T>
cudaError_t cudaMalloc(T** p, std::size_t size) {
  using namespace cuda_emulation;
  const std::lock_guard hold(turn);
  if (capturing) return wait_all();
  if (allocated + size > options.memory) return error(cudaErrorMemoryAllocation, "out of memory");
  *p = static_cast<T*>(size ? allocate(size) : nullptr);
  return cudaSuccess;
}
// Waits for the device, as CUDA's does.
inline cudaError_t cudaFree(void* p) {
  using namespace cuda_emulation;
  const std::lock_guard hold(turn);
  if (!p) return cudaSuccess;
  wait_all();
  const auto found = allocations.find(static_cast<const char*>(p));
  if (found == allocations.end()) return error(cudaErrorInvalidValue, "cudaFree of what is no allocation");
  const char* wrong = release(found->second);
  return wrong ? error(cudaErrorLaunchFailure, std::string("a kernel wrote ") + wrong) : cudaSuccess;
}
template <class T>
cudaError_t cudaMallocHost(T** p, std::size_t size) {
  const std::lock_guard hold(cuda_emulation::turn);
  void* block = std::malloc(size);
  cuda_emulation::pinned[static_cast<char*>(block)] = size;
  *p = static_cast<T*>(block);
  return cudaSuccess;
}
inline cudaError_t cudaFreeHost(void* p) {
  const std::lock_guard hold(cuda_emulation::turn);
  cuda_emulation::pinned.erase(static_cast<char*>(p));
  std::free(p);
  return cudaSuccess;
}

inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t size, cudaMemcpyKind kind,
                                   cudaStream_t s = nullptr) {
  using namespace cuda_emulation;
  const std::lock_guard hold(turn);
  const auto on_device = [&](const void* p) {
    const Allocation* a = allocation_of(p);
    return a && static_cast<const char*>(p) + size <= a->data() + a->size;
  };
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (size && (on_device(to) != to_device || on_device(from) != from_device))
    return error(cudaErrorInvalidValue, "cudaMemcpy: host and device are mistaken, or it goes past an allocation");
  if (to_device && !from_device) {
    (is_pinned(from) ? copies_in.pinned : copies_in.pageable) += size;
    copies_in.most_since_wait = std::max(copies_in.most_since_wait, ++copies_in.since_wait);
  }
  send(s, [=] {
    const Open open;
    std::memcpy(to, from, size);
  });
  return cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* to, int value, std::size_t size, cudaStream_t s = nullptr) {
  cuda_emulation::send(s, [=] {
    const cuda_emulation::Open open;
    std::memset(to, value, size);
  });
  return cudaSuccess;
}
inline cudaError_t cudaDeviceSynchronize() { return cuda_emulation::wait_all(); }
inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t size, cudaMemcpyKind kind) {
  if (const cudaError_t e = cuda_emulation::wait_all()) return e;
  if (const cudaError_t e = cudaMemcpyAsync(to, from, size, kind)) return e;
  return cuda_emulation::wait_all();
}
inline cudaError_t cudaMemset(void* to, int value, std::size_t size) { return cudaMemsetAsync(to, value, size); }

// --- streams and events
constexpr unsigned cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2;
inline cudaError_t cudaStreamCreate(cudaStream_t* s) {
  const std::lock_guard hold(cuda_emulation::turn);
  cuda_emulation::streams.push_back(*s = new cuda_emulation::Stream);
  return cudaSuccess;
}
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) { return cudaStreamCreate(s); }
inline cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  return cuda_emulation::wait_for(cuda_emulation::of(s), cuda_emulation::of(s).sent);
}
inline cudaError_t cudaStreamDestroy(cudaStream_t s) {
  const std::lock_guard hold(cuda_emulation::turn);
  cuda_emulation::drain(*s, s->sent);
  std::erase(cuda_emulation::streams, s);
  delete s;
  return cudaSuccess;
}
inline cudaError_t cudaEventCreate(cudaEvent_t* e) { return *e = new cuda_emulation::Event, cudaSuccess; }
inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) { return cudaEventCreate(e); }
inline cudaError_t cudaEventDestroy(cudaEvent_t e) {
  delete e;
  return cudaSuccess;
}
inline cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s = nullptr) {
  *e = {&cuda_emulation::of(s), cuda_emulation::of(s).sent};
  return cudaSuccess;
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  return e->stream ? cuda_emulation::wait_for(*e->stream, e->number) : cudaSuccess;
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned = 0) {
  cuda_emulation::send(s, [now = *e] {
    if (now.stream) cuda_emulation::drain(*now.stream, now.number);
  });
  return cudaSuccess;
}

// --- graphs: what a stream was sent in a capture, to be sent again
inline cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) {
  cuda_emulation::capturing++;
  s->capture = std::make_unique<cuda_emulation::Graph>();
  return cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* g) {
  cuda_emulation::capturing--;
  *g = s->capture.release();
  return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* e, cudaGraph_t g, unsigned long long = 0) {
  return *e = new cuda_emulation::Graph(*g), cudaSuccess;
}
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s) {
  for (const auto& call : e->calls) cuda_emulation::send(s, call);
  return cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t g) {
  delete g;
  return cudaSuccess;
}
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e) {
  delete e;
  return cudaSuccess;
}
