// The CPU kernels of one instruction set. CMake compiles the .cpp files of this folder once per set with its flags and
//   FASTDL_ISA            avx2            the namespace and the exported symbol's ending
//   FASTDL_ISA_NAME       "cpu:avx2"
//   FASTDL_VECTOR_BYTES   32
#include "kernels/cpu/tables.hpp"

namespace fastdl {
namespace FASTDL_ISA {
namespace {

constexpr Kernels<float> f32 = {
    .lanes = lanes<float>,
    .channels_last = false,
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
constexpr Kernels<double> f64 = {
    .lanes = lanes<double>,
    .channels_last = false,
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

bool available() {
#if defined(FASTDL_NEEDS_AVX512)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#elif defined(FASTDL_NEEDS_AVX2)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return true;
#endif
}

}  // namespace
}  // namespace FASTDL_ISA

#define FASTDL_JOIN(a, b) a##b
#define FASTDL_SYMBOL(isa) FASTDL_JOIN(backend_, isa)
extern const Backend FASTDL_SYMBOL(FASTDL_ISA);
const Backend FASTDL_SYMBOL(FASTDL_ISA) = {.name = FASTDL_ISA_NAME,
                                           .available = FASTDL_ISA::available,
                                           .memory = host_memory,
                                           .device = nullptr,
                                           .f32 = &FASTDL_ISA::f32,
                                           .f64 = &FASTDL_ISA::f64};

}  // namespace fastdl
