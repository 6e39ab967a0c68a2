// A layer's specification as Python sends it: plain data.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/check.hpp"

namespace fastdl {

struct LayerFunction;  // layers/function.hpp

struct LayerSpec {
  using Value = std::variant<std::monostate, bool, long, double, std::string, std::vector<long>, std::vector<LayerSpec>,
                             std::vector<std::vector<LayerSpec>>, std::shared_ptr<LayerFunction>>;

  std::string kind;   // "conv2d"
  std::string title;  // "Conv2D", for messages
  std::string name;   // "conv2d_1"
  std::map<std::string, Value> fields;

  template <class V>
  const V& get(const std::string& field) const {
    auto found = fields.find(field);
    check(found != fields.end() && std::holds_alternative<V>(found->second),
          "layer '" + name + "' (" + title + "): field '" + field + "' is missing or of the wrong type.");
    return std::get<V>(found->second);
  }
  // The reader lets none in that is no int.
  int integer(const std::string& field) const { return static_cast<int>(get<long>(field)); }
  double number(const std::string& field) const {
    auto found = fields.find(field);
    if (found != fields.end() && std::holds_alternative<long>(found->second)) return integer(field);
    return get<double>(field);
  }
  bool flag(const std::string& field) const { return get<bool>(field); }
  const std::string& text(const std::string& field) const { return get<std::string>(field); }
  const std::vector<long>& integers(const std::string& field) const { return get<std::vector<long>>(field); }
  const std::vector<LayerSpec>& layers(const std::string& field) const { return get<std::vector<LayerSpec>>(field); }
  const std::vector<std::vector<LayerSpec>>& branches(const std::string& field) const {
    return get<std::vector<std::vector<LayerSpec>>>(field);
  }
  bool has(const std::string& field) const {
    auto found = fields.find(field);
    return found != fields.end() && !std::holds_alternative<std::monostate>(found->second);
  }
};

}  // namespace fastdl
