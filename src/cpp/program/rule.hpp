// The rule that turns gradients into new weights, as users set it.
#pragma once

#include <limits>
#include <string>

#include "kernels/shapes.hpp"

namespace fastdl {

struct Rule {
  UpdateKind kind = UpdateKind::sgd;
  double momentum = 0.9, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0, l1 = 0, l2 = 0;
  double max_norm = std::numeric_limits<double>::infinity();
  double clip_value = std::numeric_limits<double>::infinity();
  double clip_norm = std::numeric_limits<double>::infinity();
};

UpdateKind update_kind(const std::string& name);
int n_moments(UpdateKind kind);  // state blocks of the size of the parameters: 0, 1 or 2

}  // namespace fastdl
