// By a header of their own: a new loss is compiled where losses are computed, and nowhere else.
#pragma once

namespace fastdl {

enum class LossKind : int {
  softmax_cross_entropy,
  binary_cross_entropy,
  squared_error,
  absolute_error,
  huber,
  hinge,
  poisson,
  pinball,
  focal,
  binary_focal,
  objects_as_points,
  triplet,
  contrastive
};

}  // namespace fastdl
