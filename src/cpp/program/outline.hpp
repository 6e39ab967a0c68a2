// What a network holds, found without taking memory for it: a model file's shapes are compared before anything is made.
#pragma once

#include <vector>

#include "core/shape.hpp"
#include "layers/parameter.hpp"
#include "layers/spec.hpp"

namespace fastdl {

struct Outline {
  std::vector<Parameter> parameters;
  std::vector<State> states;
};

Outline outline(const std::vector<LayerSpec>& layers, const Shape& input);

}  // namespace fastdl
