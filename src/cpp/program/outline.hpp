// What a network holds and what it needs, found without taking memory for it: a model file's shapes are compared, and a
// summary is made, before anything else is.
#pragma once

#include <utility>
#include <vector>

#include "core/shape.hpp"
#include "layers/parameter.hpp"
#include "layers/spec.hpp"
#include "program/any_program.hpp"

namespace fastdl {

struct Outline {
  std::vector<Parameter> parameters;
  std::vector<State> states;
};

Outline outline(const std::vector<LayerSpec>& layers, const Shape& input);

struct Survey {
  std::vector<LayerRow> rows;
  std::vector<Parameter> parameters;
  std::vector<std::pair<const char*, index>> memory;  // bytes of each block, but for the optimizer's
};

// Of a program of this type for batches of `batch` samples and one thread.
Survey survey(const std::vector<LayerSpec>& layers, const Shape& input, DType dtype, int batch);

}  // namespace fastdl
