// What a layer learns, and what it keeps.
#pragma once

#include <string>
#include <vector>

#include "core/shape.hpp"

namespace fastdl {

struct Parameter {
  std::string name;  // "conv2d_1.weight"
  std::vector<int> dims;
  int fan_in = 0, fan_out = 0;  // for the initialisers
  std::string role;             // "weight" (regularised), "bias", "gain", "shift"
  bool trainable = true;
  double rate = 1;  // learning-rate multiplier
  index offset = 0, count = 0;
};

// Not learnt, but saved with the weights: running statistics.
struct State {
  std::string name;
  index offset = 0, count = 0;
  double fill = 0;
};

}  // namespace fastdl
