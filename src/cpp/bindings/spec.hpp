#pragma once

#include "bindings/numpy.hpp"
#include "layers/spec.hpp"

namespace fastdl {

std::vector<LayerSpec> layer_specs(const py::sequence& layers);
// A `fastdl.program.own_layer.OwnLayer`, as the core calls it.
std::shared_ptr<LayerFunction> layer_function(const py::handle& object);

}  // namespace fastdl
