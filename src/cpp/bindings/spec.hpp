#pragma once

#include "bindings/numpy.hpp"
#include "layers/spec.hpp"

namespace fastdl {

std::vector<LayerSpec> layer_specs(const py::sequence& layers);

}  // namespace fastdl
