// The list of layers.
#pragma once

#include <string>
#include <vector>

namespace fastdl {

struct LayerEntry {
  const char* kind;                 // "conv2d"
  std::vector<std::string> fields;  // as in the Python dataclass
};
const std::vector<LayerEntry>& layer_entries();

}  // namespace fastdl
