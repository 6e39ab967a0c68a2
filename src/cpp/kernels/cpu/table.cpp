// The CPU kernels of one instruction set. CMake compiles this file once per set with its flags and
//   FASTDL_ISA            avx2            the namespace and the exported symbol's ending
//   FASTDL_ISA_NAME       "cpu:avx2"
//   FASTDL_VECTOR_BYTES   32
// Everything has internal linkage but the one symbol at the end: an inline function that two objects share would be
// merged by the linker, and a machine without AVX-512 would run the AVX-512 copy (tests/test_symbols.py looks).
#include "core/kernels.hpp"

namespace fastdl {
namespace {
namespace FASTDL_ISA {

#include "kernels/cpu/vec.hpp"
//
#include "kernels/cpu/transpose.hpp"
#include "kernels/cpu/layout.hpp"
#include "kernels/cpu/gemm_tile.hpp"
#include "kernels/cpu/gemm.hpp"
#include "kernels/cpu/dense.hpp"
#include "kernels/cpu/conv2d/tile.hpp"
#include "kernels/cpu/conv2d/band.hpp"
#include "kernels/cpu/conv2d/correlate.hpp"
#include "kernels/cpu/conv2d/weights.hpp"
#include "kernels/cpu/conv2d/winograd_transform.hpp"
#include "kernels/cpu/conv2d/winograd.hpp"
#include "kernels/cpu/conv2d/winograd_weights.hpp"
#include "kernels/cpu/conv2d/conv2d.hpp"
#include "kernels/cpu/conv2d/winograd_lone.hpp"
#include "kernels/cpu/conv2d/lone.hpp"
#include "kernels/cpu/pool2d.hpp"
#include "kernels/cpu/upsample2d.hpp"
#include "math/elementary.hpp"
#include "math/activations.hpp"
#include "math/losses.hpp"
#include "math/updates.hpp"
#include "math/philox.hpp"
#include "kernels/cpu/reduce.hpp"
#include "kernels/cpu/views.hpp"
#include "kernels/cpu/pointwise.hpp"
#include "kernels/cpu/noise.hpp"
#include "kernels/cpu/norm.hpp"
#include "kernels/cpu/penalty.hpp"
#include "kernels/cpu/loss.hpp"
#include "kernels/cpu/update.hpp"
#include "kernels/cpu/rbm.hpp"
#include "kernels/cpu/skip_gram.hpp"
#include "kernels/cpu/conv2d/im2col.hpp"
#include "kernels/cpu/sequence.hpp"
#include "kernels/cpu/recurrent/product.hpp"
#include "kernels/cpu/recurrent/cells.hpp"
#include "kernels/cpu/recurrent/recurrent.hpp"

template <class T>
constexpr Kernels<T> table() {
  return {
      .lanes = lanes<T>,
      .gather_rows = gather_rows<T>,
      .gather_image = gather_image<T>,
      .image_to_rows = image_to_rows<T>,
      .rows_to_image = rows_to_image<T>,
      .dense_scratch = dense_scratch<T>,
      .dense_forward = dense_forward<T>,
      .dense_backward_data = dense_backward_data<T>,
      .dense_backward_weights = dense_backward_weights<T>,
      .tied_dense_forward = tied_dense_forward<T>,
      .tied_dense_backward_weights = tied_dense_backward_weights<T>,
      .conv2d_scratch = conv2d_scratch<T>,
      .conv2d_forward = conv2d_forward<T>,
      .conv2d_backward_data = conv2d_backward_data<T>,
      .conv2d_backward_weights = conv2d_backward_weights<T>,
      .conv2d_lone_scratch = conv2d_lone_scratch<T>,
      .conv2d_lone_forward = conv2d_lone_forward<T>,
      .max_pool2d_forward = max_pool2d_forward<T>,
      .max_pool2d_backward = max_pool2d_backward<T>,
      .avg_pool2d_forward = avg_pool2d_forward<T>,
      .avg_pool2d_backward = avg_pool2d_backward<T>,
      .upsample2d_forward = upsample2d_forward<T>,
      .upsample2d_backward = upsample2d_backward<T>,
      .global_avg_pool_forward = global_avg_pool_forward<T>,
      .global_avg_pool_backward = global_avg_pool_backward<T>,
      .global_max_pool_forward = global_max_pool_forward<T>,
      .global_max_pool_backward = global_max_pool_backward<T>,
      .activation_forward = activation_forward<T>,
      .activation_backward = activation_backward<T>,
      .softmax_forward = softmax_forward<T>,
      .softmax_backward = softmax_backward<T>,
      .prelu_forward = prelu_forward<T>,
      .prelu_backward = prelu_backward<T>,
      .dropout_forward = dropout_forward<T>,
      .dropout_backward = dropout_backward<T>,
      .corrupt_forward = corrupt_forward<T>,
      .corrupt_backward = corrupt_backward<T>,
      .maxout_forward = maxout_forward<T>,
      .maxout_backward = maxout_backward<T>,
      .add = add<T>,
      .kl_sparsity_forward = kl_sparsity_forward<T>,
      .kl_sparsity_backward = kl_sparsity_backward<T>,
      .activity_l1_forward = activity_l1_forward<T>,
      .activity_l1_backward = activity_l1_backward<T>,
      .contractive_forward = contractive_forward<T>,
      .contractive_backward_data = contractive_backward_data<T>,
      .contractive_backward_weights = contractive_backward_weights<T>,
      .batch_norm_forward = batch_norm_forward<T>,
      .batch_norm_inference = batch_norm_inference<T>,
      .batch_norm_backward = batch_norm_backward<T>,
      .batch_norm_inference_backward = batch_norm_inference_backward<T>,
      .layer_norm_forward = layer_norm_forward<T>,
      .layer_norm_backward = layer_norm_backward<T>,
      .gather_sequence = gather_sequence<T>,
      .sequence_to_rows = sequence_to_rows<T>,
      .rows_to_sequence = rows_to_sequence<T>,
      .reverse_steps = reverse_steps<T>,
      .step_pool_forward = step_pool_forward<T>,
      .step_pool_backward = step_pool_backward<T>,
      .concat_forward = concat_forward<T>,
      .concat_backward = concat_backward<T>,
      .embedding_forward = embedding_forward<T>,
      .embedding_backward = embedding_backward<T>,
      .recurrent_scratch = recurrent_scratch<T>,
      .recurrent_forward = recurrent_forward<T>,
      .recurrent_backward = recurrent_backward<T>,
      .loss = loss<T>,
      .update = update<T>,
      .max_norm = max_norm<T>,
      .sum_squares = sum_squares<T>,
      .sum_absolutes = sum_absolutes<T>,
      .channel_sums = channel_sums<T>,
      .bernoulli_units = bernoulli_units<T>,
      .gaussian_units = gaussian_units<T>,
      .dense_reconstruct = dense_reconstruct<T>,
      .dense_accumulate = dense_accumulate<T>,
      .phase_difference = phase_difference<T>,
      .blend = blend<T>,
      .skip_gram = skip_gram<T>,
      .im2col = im2col<T>,
      .col2im = col2im<T>,
  };
}

constexpr Kernels<float> f32 = table<float>();
constexpr Kernels<double> f64 = table<double>();

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

}  // namespace FASTDL_ISA
}  // namespace

#define FASTDL_JOIN(a, b) a##b
#define FASTDL_SYMBOL(isa) FASTDL_JOIN(backend_, isa)
extern const Backend FASTDL_SYMBOL(FASTDL_ISA);
const Backend FASTDL_SYMBOL(FASTDL_ISA) = {FASTDL_ISA_NAME, FASTDL_ISA::available, &FASTDL_ISA::f32, &FASTDL_ISA::f64};

}  // namespace fastdl
