// The layers' dicts of Python become LayerSpecs.
#include "bindings/spec.hpp"

namespace fastdl {
namespace {

constexpr int most_nested = 100;  // lists in lists: each costs the stack, here and in every pass

std::vector<LayerSpec> specs_of(const py::sequence& layers, int depth);

// The one place where integers of layers come in: all fit into an int.
long integer_of(const py::handle& v, const std::string& field) {
  int overflow = 0;
  const long value = PyLong_AsLongAndOverflow(v.ptr(), &overflow);
  if (value == -1 && PyErr_Occurred()) throw py::error_already_set();
  check(!overflow, field + "=" + std::string(py::str(v)) + " is too large; expected below 2**31.");
  return checked_int(value, field);
}

LayerSpec::Value value_of(const py::handle& v, const std::string& field, int depth) {
  if (v.is_none()) return std::monostate{};
  if (py::isinstance<py::bool_>(v)) return v.cast<bool>();
  if (py::isinstance<py::int_>(v)) return integer_of(v, field);
  if (py::isinstance<py::float_>(v)) return v.cast<double>();
  if (py::isinstance<py::str>(v)) return v.cast<std::string>();
  if (PyCallable_Check(v.ptr())) return layer_function(v);
  auto list = v.cast<py::sequence>();
  if (list.size() && py::isinstance<py::dict>(list[0])) return specs_of(list, depth + 1);
  if (list.size() && py::isinstance<py::list>(list[0])) {
    std::vector<std::vector<LayerSpec>> branches;
    for (const auto& branch : list) branches.push_back(specs_of(branch.cast<py::sequence>(), depth + 1));
    return branches;
  }
  std::vector<long> integers;
  for (const auto& item : list) integers.push_back(integer_of(item, field));
  return integers;
}

std::vector<LayerSpec> specs_of(const py::sequence& layers, int depth) {
  check(depth <= most_nested, "layers are nested more than " + std::to_string(most_nested) + " deep.");
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
        spec.fields[field] = value_of(value, field, depth);
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace

std::vector<LayerSpec> layer_specs(const py::sequence& layers) { return specs_of(layers, 1); }

}  // namespace fastdl
