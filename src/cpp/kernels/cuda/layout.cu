// In and out: the user's samples, and what a batch makes of them.
#include "kernels/cuda/augment.hpp"
#include "kernels/cuda/crop.hpp"
#include "kernels/cuda/gather.hpp"
#include "kernels/cuda/moved_targets.hpp"
#include "kernels/cuda/points.hpp"
#include "kernels/cuda/tables.hpp"
#include "kernels/layout.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
constexpr LayoutKernels<T> layout_rows() {
  return {
      .gather_order = gather_order<T>,
      .gather_lengths = gather_lengths<T>,
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

}  // namespace

FASTDL_ROWS(LayoutKernels, layout)

}  // namespace fastdl::FASTDL_ISA
