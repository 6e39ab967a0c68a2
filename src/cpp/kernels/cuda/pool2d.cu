// Pooling and upsampling of images.
#include "kernels/cuda/pixel_shuffle.hpp"
#include "kernels/cuda/pool2d.hpp"
#include "kernels/cuda/spatial_pyramid_pool.hpp"
#include "kernels/cuda/stochastic_pool2d.hpp"
#include "kernels/cuda/tables.hpp"
#include "kernels/cuda/taps.hpp"
#include "kernels/cuda/upsample2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr Pool2DKernels<T> pool2d_rows() {
  return {
      .max_pool2d_forward = max_pool2d_forward<T>,
      .max_pool2d_backward = max_pool2d_backward<T>,
      .avg_pool2d_forward = avg_pool2d_forward<T>,
      .avg_pool2d_backward = avg_pool2d_backward<T>,
      .stochastic_pool2d_forward = stochastic_pool2d_forward<T>,
      .weighted_pool2d_forward = weighted_pool2d_forward<T>,
      .weighted_pool2d_backward = weighted_pool2d_backward<T>,
      .spatial_pyramid_pool_forward = spatial_pyramid_pool_forward<T>,
      .spatial_pyramid_pool_backward = spatial_pyramid_pool_backward<T>,
      .pixel_shuffle_forward = pixel_shuffle_forward<T>,
      .pixel_shuffle_backward = pixel_shuffle_backward<T>,
      .taps = taps<T>,
      .upsample2d_forward = upsample2d_forward<T>,
      .upsample2d_backward = upsample2d_backward<T>,
      .global_avg_pool_forward = global_avg_pool_forward<T>,
      .global_avg_pool_backward = global_avg_pool_backward<T>,
      .global_max_pool_forward = global_max_pool_forward<T>,
      .global_max_pool_backward = global_max_pool_backward<T>,
  };
}

}  // namespace

FASTDL_ROWS(Pool2DKernels, pool2d)

}  // namespace fastdl::FASTDL_ISA
