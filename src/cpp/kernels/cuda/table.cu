// The kernels of a CUDA device, and what else the host asks of one.
#include <unistd.h>

#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "elementary.hpp"
#include "kernels/cuda/backends.hpp"
#include "kernels/cuda/queue.hpp"
#include "kernels/cuda/tables.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

const Kernels<float> f32 = {
    .lanes = lanes<float>,
    .channels_last = true,
    .memory = memory_f32,
    .layout = layout_f32,
    .dense = dense_f32,
    .conv2d = conv2d_f32,
    .conv2d_weights = conv2d_weights_f32,
    .conv1d = conv1d_f32,
    .pool2d = pool2d_f32,
    .pointwise = pointwise_f32,
    .norm = norm_f32,
    .penalty = penalty_f32,
    .sequence = sequence_f32,
    .columns = columns_f32,
    .training = training_f32,
    .rbm = rbm_f32,
    .words = words_f32,
    .attention = attention_f32,
};
const Kernels<double> f64 = {
    .lanes = lanes<double>,
    .channels_last = true,
    .memory = memory_f64,
    .layout = layout_f64,
    .dense = dense_f64,
    .conv2d = conv2d_f64,
    .conv2d_weights = conv2d_weights_f64,
    .conv1d = conv1d_f64,
    .pool2d = pool2d_f64,
    .pointwise = pointwise_f64,
    .norm = norm_f64,
    .penalty = penalty_f64,
    .sequence = sequence_f64,
    .columns = columns_f64,
    .training = training_f64,
    .rbm = rbm_f64,
    .words = words_f64,
    .attention = attention_f64,
};

// Errors of launches are met here too: a kernel that failed makes all later calls fail.
void check(cudaError_t e, const char* what) {
  if (e == cudaSuccess) return;
  const std::string text = std::string(what) + ": " + cudaGetErrorString(e) + ".";
  cudaGetLastError();  // forgotten, where it is not for good
  if (e == cudaErrorMemoryAllocation) throw std::bad_alloc();
  throw std::runtime_error(text);
}

// A process that was forked from one that had used CUDA cannot use it.
void check_not_forked() {
  static const pid_t first = getpid();
  if (getpid() != first)
    throw std::runtime_error(
        "CUDA cannot be used in a process that was forked after CUDA had been used. Start it by spawn "
        "(multiprocessing.set_start_method(\"spawn\"), or joblib's loky), or pass device=\"cpu\".");
}

template <int number>
int enter() {
  check_not_forked();
  int before = number;
  cudaGetDevice(&before);
  check(cudaSetDevice(number), "the GPU cannot be used");
  return before;
}
void leave(int before) { cudaSetDevice(before); }

template <int number>
void* allocate(std::size_t bytes) {
  enter<number>();
  void* p = nullptr;
  check(cudaMalloc(&p, bytes), "memory of the GPU");
  cudaError_t e = cudaMemset(p, 0, bytes);
  if (!e) e = cudaStreamSynchronize(nullptr);  // queues do not wait for it
  if (e) cudaFree(p), check(e, "memory of the GPU");
  return p;
}
void release(void* p) {
  if (p) cudaFree(p);
}
cudaStream_t stream_in(void* queue) { return queue ? static_cast<Queue*>(queue)->stream : nullptr; }
void copy_in(void* to, const void* from, std::size_t bytes, void* queue) {
  const cudaStream_t stream = stream_in(queue);
  if (bytes) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream), "copying to the GPU");
  check(cudaStreamSynchronize(stream), "the GPU");
}
void copy_out(void* to, const void* from, std::size_t bytes, void* queue) {
  const cudaStream_t stream = stream_in(queue);
  if (bytes) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream), "copying from the GPU");
  check(cudaStreamSynchronize(stream), "the GPU");
}

void send(void* to, const void* pinned, std::size_t bytes, void* queue) {
  if (bytes) check(cudaMemcpyAsync(to, pinned, bytes, cudaMemcpyHostToDevice, stream_in(queue)), "copying to the GPU");
}
template <int number>
void* pin(std::size_t bytes) {
  enter<number>();
  void* p = nullptr;
  check(cudaMallocHost(&p, bytes), "memory of the host");
  return p;
}
void unpin(void* p) {
  if (p) cudaFreeHost(p);
}

void close(void* p) {
  Queue* queue = static_cast<Queue*>(p);
  if (queue->stream) cudaStreamDestroy(queue->stream);
  if (queue->workspace) cudaFree(queue->workspace);
  delete queue;
}
template <int number>
void* open(Precision precision) {
  enter<number>();
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, number), "the GPU");
  Queue* queue = new Queue;
  queue->precision = precision, queue->multiprocessors = properties.multiProcessorCount;
  try {
    check(cudaStreamCreateWithFlags(&queue->stream, cudaStreamNonBlocking), "the GPU");
    check(cudaMalloc(&queue->workspace, workspace_bytes), "memory of the GPU");
    queue->blas = blas_handle(number);
  } catch (...) {
    close(queue);
    throw;
  }
  return queue;
}
void wait(void* queue) {
  check(cudaGetLastError(), "a kernel");
  check(cudaStreamSynchronize(static_cast<Queue*>(queue)->stream), "the GPU");
}
void wait_for(std::uintptr_t stream) {
  check(cudaStreamSynchronize(reinterpret_cast<cudaStream_t>(stream)), "the GPU");
}

void record(void* queue) {
  check(cudaStreamBeginCapture(static_cast<Queue*>(queue)->stream, cudaStreamCaptureModeThreadLocal), "recording");
}
void* recorded(void* queue) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t ready = nullptr;
  check(cudaStreamEndCapture(static_cast<Queue*>(queue)->stream, &graph), "recording");
  const cudaError_t e = cudaGraphInstantiate(&ready, graph, 0);
  cudaGraphDestroy(graph);
  check(e, "recording");
  return ready;
}
void replay(void* queue, void* recording) {
  check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(recording), static_cast<Queue*>(queue)->stream), "the GPU");
}
void forget(void* recording) { cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(recording)); }

template <int number>
std::size_t free_bytes() {
  enter<number>();
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "the GPU");
  return free;
}

template <int number>
bool available() {
  int n = 0;
  return cudaGetDeviceCount(&n) == cudaSuccess && number < n;
}

template <int number>
const Device device = {.enter = enter<number>,
                       .leave = leave,
                       .open = open<number>,
                       .close = close,
                       .wait = wait,
                       .wait_for = wait_for,
                       .record = record,
                       .recorded = recorded,
                       .replay = replay,
                       .forget = forget,
                       .free_bytes = free_bytes<number>,
                       .pin = pin<number>,
                       .unpin = unpin,
                       .send = send};

template <int number>
constexpr Memory memory = {allocate<number>, release, copy_in, copy_out};

template <int... number>
const Backend* backend_of(int wanted, std::integer_sequence<int, number...>) {
  static const Backend backends[] = {{.name = names[number],
                                      .available = available<number>,
                                      .memory = memory<number>,
                                      .device = &device<number>,
                                      .f32 = &f32,
                                      .f64 = &f64}...};
  return &backends[wanted];
}

}  // namespace

const Backend* backend(int number) { return backend_of(number, std::make_integer_sequence<int, most_devices>{}); }

}  // namespace fastdl::FASTDL_ISA
