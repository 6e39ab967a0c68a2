// What kernels and hosts call: barriers, shuffles, atomics, arithmetic; memory, streams, events, graphs.
#pragma once

// --- in kernels -----------------------------------------------------------------------------------------------------
using std::max, std::min;

inline void __syncthreads(std::source_location site = std::source_location::current()) {
  using namespace cuda_emulation;
  const Quiet quiet;
  Thread& t = *current;
  Block& b = *t.block;
  if (b.ended) fail("a thread of block " + text(b.index) + " has ended, but " + who(t) + " waits at __syncthreads(), " + where(site));
  t.state = State::at_block, t.site = site;
  char* met = &b.met[b.barriers % 2];
  release(met);
  if (++b.waiting == int(b.threads.size())) {
    for (Thread* other : b.threads) {
      if (other->site.line() != site.line())
        fail("the threads of block " + text(b.index) + " meet at different __syncthreads(), " + where(site) + " and " + where(other->site));
      other->state = State::ready;
    }
    b.waiting = 0, b.barriers++;
  }
  back();
  acquire(met);
}
inline void grid_sync(std::source_location site = std::source_location::current()) {
  using namespace cuda_emulation;
  const Quiet quiet;
  current->state = State::at_grid, current->site = site;
  char* met = &run->met[run->grids % 2];
  release(met);
  if (++run->at_grid == int(run->threads.size())) {
    for (Thread& other : run->threads) other.state = State::ready;
    run->at_grid = 0, run->grids++;
  }
  back();
  acquire(met);
}
inline void __syncwarp(unsigned mask = ~0u, std::source_location site = std::source_location::current()) {
  cuda_emulation::meet(mask, nullptr, site, [](auto&) {});
}
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __nanosleep(unsigned) {}

namespace cuda_emulation {
template <class T>
T shuffle(unsigned mask, T value, int from, int width, const std::source_location& site) {
  struct Offer { T value; int from; T got; } mine{value, from, value};
  const int lane = current->number % 32;
  mine.from = from < 0 || from >= 32 || from / width != lane / width ? lane : from;
  meet(mask, &mine, site, [](Thread** lanes) {
    for (int i = 0; i < 32; i++) {
      if (!lanes[i]) continue;
      Offer& to = *static_cast<Offer*>(lanes[i]->mine);
      if (!lanes[to.from]) fail(who(*lanes[i]) + " reads lane " + std::to_string(to.from) + ", which is not there");
      to.got = static_cast<Offer*>(lanes[to.from]->mine)->value;
    }
  });
  return mine.got;
}
}  // namespace cuda_emulation
#define HERE std::source_location site = std::source_location::current()
template <class T> T __shfl_sync(unsigned mask, T v, int from, int width = 32, HERE) {
  const int lane = int(cuda_emulation::current->number % 32);
  return cuda_emulation::shuffle(mask, v, lane / width * width + from % width, width, site);
}
template <class T> T __shfl_xor_sync(unsigned mask, T v, int bits, int width = 32, HERE) {
  return cuda_emulation::shuffle(mask, v, (cuda_emulation::current->number % 32) ^ bits, width, site);
}
template <class T> T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32, HERE) {
  return cuda_emulation::shuffle(mask, v, cuda_emulation::current->number % 32 + int(by), width, site);
}
template <class T> T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32, HERE) {
  return cuda_emulation::shuffle(mask, v, cuda_emulation::current->number % 32 - int(by), width, site);
}
inline unsigned __ballot_sync(unsigned mask, int vote, HERE) {
  struct Offer { int vote; unsigned all; } mine{vote, 0};
  cuda_emulation::meet(mask, &mine, site, [](cuda_emulation::Thread** lanes) {
    unsigned all = 0;
    for (int i = 0; i < 32; i++) if (lanes[i] && static_cast<Offer*>(lanes[i]->mine)->vote) all |= 1u << i;
    for (int i = 0; i < 32; i++) if (lanes[i]) static_cast<Offer*>(lanes[i]->mine)->all = all;
  });
  return mine.all;
}
inline int __any_sync(unsigned mask, int vote, HERE) { return __ballot_sync(mask, vote, site) != 0; }
inline int __all_sync(unsigned mask, int vote, HERE) { return __ballot_sync(mask, !vote, site) == 0; }
inline int __syncthreads_count(int vote, HERE) {
  int& count = *reinterpret_cast<int*>(cuda_emulation::shared<int[1]>("count"));
  __syncthreads(site);
  if (!cuda_emulation::current->number) count = 0;
  __syncthreads(site);
  __atomic_fetch_add(&count, vote != 0, __ATOMIC_RELAXED);
  __syncthreads(site);
  return count;
}

// Atomics return what was there. Relaxed, so that -fsanitize=thread takes them for no barrier.
template <class T, class F>
T atomic_change(T* at, F f) {
  T old, now;
  __atomic_load(at, &old, __ATOMIC_RELAXED);
  do now = f(old);
  while (!__atomic_compare_exchange(at, &old, &now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return old;
}
template <class T> T atomicAdd(T* at, std::type_identity_t<T> v) { return atomic_change(at, [=](T old) { return T(old + v); }); }
template <class T> T atomicMax(T* at, std::type_identity_t<T> v) { return atomic_change(at, [=](T old) { return std::max(old, v); }); }
template <class T> T atomicMin(T* at, std::type_identity_t<T> v) { return atomic_change(at, [=](T old) { return std::min(old, v); }); }
template <class T> T atomicExch(T* at, std::type_identity_t<T> v) { return atomic_change(at, [=](T) { return v; }); }
template <class T> T atomicCAS(T* at, std::type_identity_t<T> is, std::type_identity_t<T> v) {
  return atomic_change(at, [=](T old) { return old == is ? v : old; });
}

template <class T> T __ldg(const T* p) { return *p; }
template <class T> T __ldcs(const T* p) { return *p; }
template <class T> void __stcs(T* p, T v) { *p = v; }
inline float rsqrtf(float x) { return 1 / std::sqrt(x); }
inline double rsqrt(double x) { return 1 / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(std::uint64_t(a) * b >> 32); }

// --- on the host ----------------------------------------------------------------------------------------------------
struct cudaDeviceProp {
  char name[256];
  int major, minor, multiProcessorCount;
  std::size_t totalGlobalMem, sharedMemPerBlockOptin;
};
inline cudaError_t cudaGetDeviceCount(int* n) { return *n = 1, cudaSuccess; }
inline cudaError_t cudaSetDevice(int i) { return i ? cuda_emulation::error(cudaErrorInvalidValue, "there is one device") : cudaSuccess; }
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int) {
  *p = {"emulated", 9, 0, 4, cuda_emulation::options.memory, 227 << 10};
  return cudaSuccess;
}
inline cudaError_t cudaGetLastError() { return std::exchange(cuda_emulation::last_error, cudaSuccess); }
inline const char* cudaGetErrorString(cudaError_t e) { return e ? cuda_emulation::message().c_str() : "no error"; }
inline cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return *total = cuda_emulation::options.memory, *free = *total - cuda_emulation::allocated, cudaSuccess;
}
template <class K> cudaError_t cudaFuncSetAttribute(K kernel, cudaFuncAttribute, int bytes) {
  return cuda_emulation::allowed[reinterpret_cast<const void*>(kernel)] = std::size_t(bytes), cudaSuccess;
}

template <class T>
cudaError_t cudaMalloc(T** p, std::size_t size) {
  using namespace cuda_emulation;
  if (capturing) return error(cudaErrorStreamCaptureUnsupported, "cudaMalloc in the middle of a capture");
  if (allocated + size > options.memory) return error(cudaErrorMemoryAllocation, "out of memory");
  const std::size_t mapped = (size + page - 1) / page * page + 2 * page;
  char* base = static_cast<char*>(mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  mprotect(base, page, PROT_NONE), mprotect(base + mapped - page, page, PROT_NONE);
  const Allocation a{base, mapped, size};
  std::memset(base + page, 0xff, mapped - 2 * page);
  allocations[a.data()] = a, allocated += size;
  forbid(base + page, mapped - 2 * page), allow(a.data(), size);
  *p = reinterpret_cast<T*>(a.data());
  protect(PROT_NONE);
  return cudaSuccess;
}
// Also looks whether the bytes around the allocation, which no guard page covers, are as they were.
inline cudaError_t cudaFree(void* p) {
  using namespace cuda_emulation;
  if (!p) return cudaSuccess;
  wait_all();
  auto found = allocations.find(static_cast<const char*>(p));
  if (found == allocations.end()) return error(cudaErrorInvalidValue, "cudaFree of what is no allocation");
  const Allocation a = found->second;
  cudaError_t result = cudaSuccess;
  {
    const Open open;
    allow(a.base + page, a.mapped - 2 * page);
    for (const char* c = a.base + page; c < a.base + a.mapped - page; c++)
      if ((c < a.data() || c >= a.data() + a.size) && *c != char(0xff))
        result = error(cudaErrorLaunchFailure, c < a.data() ? "a kernel wrote before an allocation" : "a kernel wrote past the end of an allocation");
  }
  allocations.erase(found), allocated -= a.size, munmap(a.base, a.mapped);
  return result;
}
template <class T> cudaError_t cudaMallocHost(T** p, std::size_t size) { return *p = static_cast<T*>(std::malloc(size)), cudaSuccess; }
inline cudaError_t cudaFreeHost(void* p) { return std::free(p), cudaSuccess; }

inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t size, cudaMemcpyKind kind, cudaStream_t s = nullptr) {
  using namespace cuda_emulation;
  auto inside = [&](const void* p) { const Allocation* a = allocation_of(p); return a && static_cast<const char*>(p) + size <= a->data() + a->size; };
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (size && (inside(to) != to_device || inside(from) != from_device))
    return error(cudaErrorInvalidValue, "cudaMemcpy: host and device are mistaken, or it goes past an allocation");
  return send(s, [=] { const Open open; return std::memcpy(to, from, size), cudaSuccess; });
}
inline cudaError_t cudaMemsetAsync(void* to, int value, std::size_t size, cudaStream_t s = nullptr) {
  return cuda_emulation::send(s, [=] { const cuda_emulation::Open open; return std::memset(to, value, size), cudaSuccess; });
}
inline cudaError_t cudaDeviceSynchronize() { return cuda_emulation::wait_all(); }
inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t size, cudaMemcpyKind kind) {
  if (cudaError_t e = cuda_emulation::wait_all()) return e;
  if (cudaError_t e = cudaMemcpyAsync(to, from, size, kind)) return e;
  return cuda_emulation::wait_all();
}
inline cudaError_t cudaMemset(void* to, int value, std::size_t size) { return cudaMemsetAsync(to, value, size); }

inline cudaError_t cudaStreamCreate(cudaStream_t* s) {
  cuda_emulation::streams.push_back(*s = new cuda_emulation::Stream);
  return cudaSuccess;
}
constexpr unsigned cudaStreamNonBlocking = 1;
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) { return cudaStreamCreate(s); }
inline cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  if (cuda_emulation::capturing) return cuda_emulation::wait_all();
  return cuda_emulation::drain(cuda_emulation::of(s), cuda_emulation::of(s).sent), cuda_emulation::last_error;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t s) {
  cudaStreamSynchronize(s), std::erase(cuda_emulation::streams, s), delete s;
  return cudaSuccess;
}
inline cudaError_t cudaEventCreate(cudaEvent_t* e) { return *e = new cuda_emulation::Event, cudaSuccess; }
inline cudaError_t cudaEventDestroy(cudaEvent_t e) { return delete e, cudaSuccess; }
inline cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s = nullptr) {
  return *e = {&cuda_emulation::of(s), cuda_emulation::of(s).sent}, cudaSuccess;
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  if (e->stream) cuda_emulation::drain(*e->stream, e->number);
  return cuda_emulation::last_error;
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned = 0) {
  const cuda_emulation::Event now = *e;
  return cuda_emulation::send(s, [=] { if (now.stream) cuda_emulation::drain(*now.stream, now.number); return cudaSuccess; });
}
inline cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) {
  cuda_emulation::capturing++, cuda_emulation::of(s).capture = std::make_shared<cuda_emulation::Graph>();
  return cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* g) {
  cuda_emulation::capturing--, *g = new cuda_emulation::Graph(*cuda_emulation::of(s).capture), cuda_emulation::of(s).capture.reset();
  return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* e, cudaGraph_t g, unsigned long long = 0) { return *e = new cuda_emulation::Graph(*g), cudaSuccess; }
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s) {
  for (const auto& call : e->calls) cuda_emulation::send(s, call);
  return cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t g) { return delete g, cudaSuccess; }
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e) { return delete e, cudaSuccess; }
#undef HERE
