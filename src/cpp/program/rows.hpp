// The layers of a network as rows of its summary.
#pragma once

#include <vector>

#include "layers/layer.hpp"
#include "layers/parameter.hpp"
#include "program/any_program.hpp"

namespace fastdl {

template <class T>
void add_rows(const Layer<T>& layer, int depth, const std::vector<Parameter>& parameters, std::vector<LayerRow>& rows) {
  LayerRow row{.name = layer.spec.name,
               .title = layer.spec.title,
               .depth = depth,
               .in = layer.in.shape,
               .out = layer.out.shape,
               .n_parameters = 0};
  for (const Parameter& p : parameters)
    if (p.name.substr(0, p.name.rfind('.')) == layer.spec.name) row.n_parameters += p.count;
  rows.push_back(row);
  if (const auto* children = layer.children())
    for (const auto& child : *children) add_rows(*child, depth + 1, parameters, rows);
}

}  // namespace fastdl
