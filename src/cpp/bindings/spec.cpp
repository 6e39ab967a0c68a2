// The layers' dicts of Python become LayerSpecs.
#include "bindings/spec.hpp"

namespace fastdl {
namespace {

LayerSpec::Value value_of(const py::handle& v) {
  if (v.is_none()) return std::monostate{};
  if (py::isinstance<py::bool_>(v)) return v.cast<bool>();
  if (py::isinstance<py::int_>(v)) return v.cast<long>();
  if (py::isinstance<py::float_>(v)) return v.cast<double>();
  if (py::isinstance<py::str>(v)) return v.cast<std::string>();
  auto list = v.cast<py::sequence>();
  if (list.size() && py::isinstance<py::dict>(list[0])) return layer_specs(list);
  std::vector<long> integers;
  for (const auto& item : list) integers.push_back(item.cast<long>());
  return integers;
}

}  // namespace

std::vector<LayerSpec> layer_specs(const py::sequence& layers) {
  std::vector<LayerSpec> specs;
  for (const auto& layer : layers) {
    LayerSpec spec;
    for (const auto& [key, value] : layer.cast<py::dict>()) {
      auto field = key.cast<std::string>();
      if (field == "kind")
        spec.kind = value.cast<std::string>();
      else if (field == "title")
        spec.title = value.cast<std::string>();
      else if (field == "name")
        spec.name = value.cast<std::string>();
      else
        spec.fields[field] = value_of(value);
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace fastdl
