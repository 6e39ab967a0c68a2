// The only way to raise. Messages say who, what was seen, what is expected and the way out.
#pragma once

#include <stdexcept>
#include <string>

namespace fastdl {

// Becomes ValueError in Python.
struct Error : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

inline void check(bool good, const std::string& message) {
  if (!good) throw Error(message);
}

}  // namespace fastdl
