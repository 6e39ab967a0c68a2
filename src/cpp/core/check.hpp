// The only way to raise. Messages say who, what was seen, what is expected and the way out.
#pragma once

#include <cstdint>
#include <limits>
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

// A size that came in wide, as the int that it is kept as.
inline int checked_int(std::int64_t value, const std::string& what) {
  constexpr int most = std::numeric_limits<int>::max();
  check(value <= most && value >= -most, what + "=" + std::to_string(value) + " is too large; expected below 2**31.");
  return static_cast<int>(value);
}

}  // namespace fastdl
