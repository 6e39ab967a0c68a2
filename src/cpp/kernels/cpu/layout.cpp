// The ways in and out, pooling and upsampling: what moves pixels about.
#include "kernels/cpu/layout.hpp"
#include "kernels/cpu/augment.hpp"
#include "kernels/cpu/memory.hpp"
#include "kernels/cpu/moved_targets.hpp"
#include "kernels/cpu/pixel_shuffle.hpp"
#include "kernels/cpu/points.hpp"
#include "kernels/cpu/pool2d.hpp"
#include "kernels/cpu/spatial_pyramid_pool.hpp"
#include "kernels/cpu/stochastic_pool2d.hpp"
#include "kernels/cpu/tables.hpp"
#include "kernels/cpu/taps.hpp"
#include "kernels/cpu/targets.hpp"
#include "kernels/cpu/upsample2d.hpp"
#include "kernels/layout.hpp"
#include "kernels/memory.hpp"
#include "kernels/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr MemoryKernels<T> memory_rows() {
  return {
      .copy = copy<T>,
      .fill = fill<T>,
      .put_slice = put_slice<T>,
      .take_slice = take_slice<T>,
      .add_slice = add_slice<T>,
      .sum = sum<T>,
      .add_scaled = add_scaled<T>,
  };
}

template <class T>
constexpr LayoutKernels<T> layout_rows() {
  return {
      .gather_order = gather_order,
      .gather_lengths = gather_lengths,
      .gather_rows = gather_rows<T>,
      .gather_image = gather_image<T>,
      .image_to_rows = image_to_rows<T>,
      .rows_to_image = rows_to_image<T>,
      .gather_targets = gather_targets<T>,
      .gather_points = gather_points<T>,
      .augment = augment<T>,
      .gather_moved_targets = gather_moved_targets<T>,
      .mix_targets = mix_targets<T>,
      .crop_forward = crop_forward<T>,
      .crop_backward = crop_backward<T>,
  };
}

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

FASTDL_ROWS(MemoryKernels, memory)
FASTDL_ROWS(LayoutKernels, layout)
FASTDL_ROWS(Pool2DKernels, pool2d)

}  // namespace fastdl::FASTDL_ISA
