// In and out: the user's samples, and the layouts of a program.
#pragma once

#include "core/samples.hpp"
#include "kernels/augment.hpp"
#include "kernels/points.hpp"
#include "kernels/shapes.hpp"

namespace fastdl {

// What the loss compares with: codes (n,), targets (n, outputs) and weights (n,), the user's or a batch's; null where
// there are none. A network that gives sequences has codes (n, steps) and targets (n, steps, outputs), rows (steps, n)
// and (steps, n, outputs) in a batch, and in a batch a weight for each step. The user's weights are of samples (n,) or
// of steps (n, steps). The pixels of images are like steps, but stand sample by sample in a batch too.
template <class T>
struct Targets {
  const std::int32_t* codes;
  const T *targets, *weights;
  bool of_steps;  // weights, or of pixels
};
template <class T>
struct BatchTargets {
  std::int32_t* codes;
  T *targets, *weights;
};

template <class T>
struct LayoutKernels {
  // The samples of a batch: order[begin..begin + n), or where order is null begin, begin + 1 ...; begin is added to
  // n_before times *batch, if that is not null.
  void (*gather_order)(const Team&, const std::int64_t* order, std::int64_t begin, const std::int64_t* batch,
                       int n_before, int n, std::int64_t* to);
  // Of samples order[0..n), (length + add) / div, at least 0; lengths null: all are `steps`.
  void (*gather_lengths)(const Team&, const std::int32_t* lengths, int steps, const std::int64_t* order, int n,
                         std::int64_t add, std::int64_t div, std::int32_t* to);
  // Samples order[0..n) into rows (n, features) or images (blocks, c, h, w, lanes); lanes past n get zero.
  void (*gather_rows)(const Team&, const Samples&, const std::int64_t* order, int n, T* y);
  void (*gather_image)(const Team&, const Samples&, const std::int64_t* order, int n, int pixels, int c, T* y);
  // Images to the user's (n, h, w, c) and back; also Flatten, whose rows are the user's order.
  void (*image_to_rows)(const Team&, int n, int pixels, int c, const T* x, T* y);
  void (*rows_to_image)(const Team&, int n, int pixels, int c, const T* y, T* x);
  // Of samples order[0..n); without weights all weigh 1. Steps at or past a length get nothing and no weight; lengths
  // may be null. A step has so many pixels: 1 but for images, which have one step.
  void (*gather_targets)(const Team&, const Targets<T>&, const std::int64_t* order, const SequenceShape&, int pixels,
                         const BatchTargets<T>&);
  // What maps of outputs are to show of the boxes of samples order[0..n), which were moved as was drawn for them (null:
  // not at all): targets (n, cells, outputs), weights of cells (n, cells), and of images (n,).
  void (*gather_points)(const Team&, const Boxes<T>&, const std::int64_t* order, const PointsShape&,
                        const AugmentDraw* draws, const BatchTargets<T>& to, T* of_images);
  // Images as was drawn for them, into (n, oh, ow, c) in the user's order; draws (n,), and (n,) more of those that are
  // mixed in, in the room of an image for each thread. The key is for noise: its samples are those of the draws.
  void (*augment)(const Team&, const Samples&, const AugmentShape&, const RandomKey&, const AugmentDraw* draws, int n,
                  T* room, T* y);
  // As gather_targets, moved like the images whose draws these are, (n,).
  void (*gather_moved_targets)(const Team&, const Targets<T>&, const MovedShape&, const AugmentDraw* draws, int n,
                               const BatchTargets<T>&);
  // Targets of samples with so many rows each, mixed by the draws' weights. Numbers: own becomes the mean. Codes: the
  // weights of own and other become those of their parts in the loss. weights: their sum.
  void (*mix_targets)(const Team&, int n, int rows, int outputs, const AugmentDraw* draws, const BatchTargets<T>& own,
                      const BatchTargets<T>& other, T* weights);
  void (*crop_forward)(const Team&, const CropShape&, const T* x, T* y);
  void (*crop_backward)(const Team&, const CropShape&, const T* dy, T* dx);
};

}  // namespace fastdl
