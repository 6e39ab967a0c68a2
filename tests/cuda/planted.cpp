// Small kernels, right and with faults planted, for test_emulation.py: planted NAME [forward|reverse|random] [late]
// [hide] prints "result: ..." of NAME, or "error: ..." as CUDA would tell it.
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "faults.hpp"

namespace {

// --- kernels
enum Fault { none, in_the_loop, before_the_loop };
template <Fault fault>  // where a barrier is missing
__global__ void block_sum(const float* x, float* y) {
  DYNAMIC_SHARED(float, part);
  part[threadIdx.x] = x[blockIdx.x * blockDim.x + threadIdx.x];
  if (fault != before_the_loop) __syncthreads();
  for (unsigned by = blockDim.x / 2; by; by /= 2) {
    if (threadIdx.x < by) part[threadIdx.x] += part[threadIdx.x + by];
    if (fault != in_the_loop) __syncthreads();
  }
  if (threadIdx.x == 0) y[blockIdx.x] = part[0];
}
template <bool with_barrier>
__global__ void turn_warp(const float* x, float* y) {
  SHARED(float, line, [32]);
  line[threadIdx.x] = x[threadIdx.x];
  if (with_barrier) __syncwarp();
  y[threadIdx.x] = line[31 - threadIdx.x];
}
__global__ void warp_sum(const float* x, float* y) {
  float sum = x[threadIdx.x];
  for (int far = 16; far; far /= 2) sum += __shfl_xor_sync(~0u, sum, far);
  if (threadIdx.x % 32 == 0) y[threadIdx.x / 32] = sum;
}
template <bool together>
__global__ void turn_grid(const float* x, float* y) {  // over the threads of several blocks
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x, n = gridDim.x * blockDim.x;
  y[i] = x[i];
  if (together) grid_sync();
  y[n + i] = y[n - 1 - i];
}
__global__ void add_one(float* y) { y[blockIdx.x * blockDim.x + threadIdx.x] += 1; }
__global__ void add_to_first_at_once(float* y) { atomicAdd(y, 1.f); }
__global__ void write_before(float* y) { y[-1 - int(threadIdx.x)] = 1; }
__global__ void unwritten(float* y) {
  SHARED(float, tile, [32]);
  y[threadIdx.x] = tile[threadIdx.x];
}
__global__ void two_barriers(float* y) {
  if (threadIdx.x < 40)
    __syncthreads();
  else
    __syncthreads();
  y[threadIdx.x] = 0;
}
__global__ void early_end(float* y) {
  if (threadIdx.x >= 40) return;
  __syncthreads();
  y[threadIdx.x] = 0;
}
__global__ void half_a_warp(float* y) {
  if (threadIdx.x < 16)
    y[threadIdx.x] = __shfl_down_sync(~0u, 1.f, 1);
  else
    __syncwarp();
}
__global__ void lane_that_left(float* y) {
  if (threadIdx.x >= 16) return;
  y[threadIdx.x] = __shfl_xor_sync(~0u, 1.f, 16);
}
struct Pair {
  int first, second;
};
__global__ void sum_of_pair(Pair pair, float* y) { y[0] = float(pair.first + pair.second); }
template <class F>
__global__ void call(F f) {
  f();
}

// --- the host's part
struct Array {
  float* p = nullptr;
  std::size_t n;
  explicit Array(std::size_t n, float value = 0) : n(n) {
    cudaMalloc(&p, n * sizeof(float));
    const std::vector<float> all(n, value);
    cudaMemcpy(p, all.data(), n * sizeof(float), cudaMemcpyHostToDevice);
  }
  ~Array() { cudaFree(p); }
  void show() const {
    std::vector<float> x(n);
    if (cudaMemcpy(x.data(), p, n * sizeof(float), cudaMemcpyDeviceToHost)) return;
    std::printf("result:");
    for (const float v : x) std::printf(" %g", v);
    std::puts("");
  }
};
Array numbers(std::size_t n) {
  Array x(n);
  std::vector<float> all(n);
  for (std::size_t i = 0; i < n; i++) all[i] = float(i * 7 % 13);
  cudaMemcpy(x.p, all.data(), n * sizeof(float), cudaMemcpyHostToDevice);
  return x;
}
template <class... P, class... A>
void run(std::size_t results, const Launch& l, void (*kernel)(P...), A... arguments) {
  const Array y(results, 1);
  launch(l, kernel, arguments..., y.p);
  y.show();
}
void block_sums(void (*kernel)(const float*, float*)) {
  const Array x = numbers(256);
  run(2, {2, 128, 128 * sizeof(float)}, kernel, x.p);
}
void graph() {
  const Array y(64);
  cudaStream_t s;
  cudaGraph_t graph;
  cudaGraphExec_t ready;
  cudaStreamCreate(&s);
  cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal);
  launch({1, 64, 0, s}, add_one, y.p);
  launch({1, 64, 0, s}, add_one, y.p);
  cudaStreamEndCapture(s, &graph), cudaGraphInstantiate(&ready, graph);
  for (int i = 0; i < 3; i++) cudaGraphLaunch(ready, s);
  cudaStreamSynchronize(s);
  y.show();
  cudaStreamDestroy(s), cudaGraphDestroy(graph), cudaGraphExecDestroy(ready);
}
void wait_in_capture() {
  cudaStream_t s;
  cudaStreamCreate(&s);
  cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal);
  cudaDeviceSynchronize();
}
void two_streams(bool wait) {  // the second reads what the first writes
  const Array x = numbers(32), y(32), z(32);
  cudaStream_t first, second;
  cudaEvent_t written;
  cudaStreamCreate(&first), cudaStreamCreate(&second), cudaEventCreate(&written);
  launch({1, 32, 0, first}, turn_warp<true>, x.p, y.p);
  cudaEventRecord(written, first);
  if (wait) cudaStreamWaitEvent(second, written);
  launch({1, 32, 0, second}, turn_warp<true>, y.p, z.p);
  cudaStreamSynchronize(second);
  z.show();
  cudaStreamDestroy(first), cudaStreamDestroy(second), cudaEventDestroy(written);
}
void read_on_the_host(bool wait) {
  const Array y(1);
  float host = -1;
  cudaStream_t s;
  cudaStreamCreate(&s);
  launch({1, 1, 0, s}, add_one, y.p);
  cudaMemcpyAsync(&host, y.p, sizeof host, cudaMemcpyDeviceToHost, s);
  if (wait) cudaStreamSynchronize(s);
  std::printf("result: %g\n", host);
  cudaStreamDestroy(s);
}
void copy_wrong(std::size_t size, cudaMemcpyKind kind) {
  const Array y(4);
  const float host[8] = {};
  cudaMemcpy(y.p, host, size, kind);
}

const std::map<std::string, std::function<void()>> all = {
    {"block_sum", [] { block_sums(block_sum<none>); }},
    {"block_sum_in_the_loop", [] { block_sums(block_sum<in_the_loop>); }},
    {"block_sum_before_the_loop", [] { block_sums(block_sum<before_the_loop>); }},
    {"turn_warp", [] { run(32, {1, 32}, turn_warp<true>, numbers(32).p); }},
    {"turn_warp_no_barrier", [] { run(32, {1, 32}, turn_warp<false>, numbers(32).p); }},
    {"warp_sum", [] { run(4, {1, 128}, warp_sum, numbers(128).p); }},
    {"turn_grid", [] { run(64, {4, 8, 0, nullptr, true}, turn_grid<true>, numbers(32).p); }},
    {"turn_grid_no_barrier", [] { run(64, {4, 8, 0, nullptr, true}, turn_grid<false>, numbers(32).p); }},
    {"atomic", [] { run(1, {4, 32}, add_to_first_at_once); }},
    {"lost_updates", [] { run(1, {4, 1}, faults::add_to_first); }},
    {"add_one", [] { run(64, {2, 32}, add_one); }},
    {"past_the_end", [] { run(64, {1, 65}, add_one); }},
    {"before_the_start", [] { run(64, {1, 32}, write_before); }},
    {"far_before_the_start", [] { run(64, {1, 1024}, write_before); }},
    {"past_a_tile", [] { run(32, {1, 32}, faults::past_a_tile); }},
    {"unwritten", [] { run(2, {1, 2}, unwritten); }},
    {"two_barriers", [] { run(64, {1, 64}, two_barriers); }},
    {"early_end", [] { run(64, {1, 64}, early_end); }},
    {"half_a_warp", [] { run(32, {1, 32}, half_a_warp); }},
    {"lane_that_left", [] { run(32, {1, 32}, lane_that_left); }},
    {"too_many_threads", [] { run(1, {1, 2048}, add_one); }},
    {"too_much_shared", [] { run(32, {1, 32, 64 << 10}, add_one); }},
    {"too_many_blocks", [] { run(32, {1 << 12, 32, 0, nullptr, true}, add_one); }},
    {"pointer_of_host",
     [] {
       float x[1] = {};
       launch({1, 1}, add_one, x);
     }},
    {"reference_to_host",
     [] {
       float x = 0;
       const auto f = [&x] { x = 1; };
       launch({1, 1}, call<decltype(f)>, f);
     }},
    {"pair_like_an_address",  // of the sanitizers' shadow
     [] {
       const Array y(1);
       launch({1, 1}, sum_of_pair, Pair{4096, 2048}, y.p);
       y.show();
     }},
    {"host_touches",
     [] {
       const Array y(1);
       std::printf("result: %g\n", *y.p);
     }},
    {"graph", graph},
    {"wait_in_capture", wait_in_capture},
    {"two_streams", [] { two_streams(true); }},
    {"two_streams_no_event", [] { two_streams(false); }},
    {"read_on_the_host", [] { read_on_the_host(true); }},
    {"read_on_the_host_early", [] { read_on_the_host(false); }},
    {"copy_past_the_end", [] { copy_wrong(20, cudaMemcpyHostToDevice); }},
    {"copy_in_the_wrong_direction", [] { copy_wrong(16, cudaMemcpyDeviceToHost); }},
};

}  // namespace

int main(int argc, char** argv) {
  using namespace cuda_emulation;
  for (int i = 2; i < argc; i++) {
    const std::string word = argv[i];
    if (word == "reverse") options.order = Order::reverse;
    if (word == "random") options.order = Order::random;
    if (word == "late") options.late = true;
    if (word == "hide") options.hide = true;
  }
  all.at(argv[1])();
  if (last_error) return std::printf("error: %s\n", cudaGetErrorString(last_error)), 1;
}
