// Shapes of one sample: (features), (steps, features) or (height, width, channels), in the user's order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fastdl {

using index = std::int64_t;

// Products of sizes, which come from users and files, stay at this where they are larger: then they cannot overflow,
// and whoever books memory for one refuses it.
constexpr index too_many = index(1) << 48;
inline index times(index a, index b) {
  index product;
  return __builtin_mul_overflow(a, b, &product) || product > too_many ? too_many : product;
}
template <class... More>
index times(index a, index b, More... more) {
  return times(times(a, b), more...);
}

// How many steps a sequence has somewhere in a network, by how many it came with: (steps + add) / div, rounded down.
// Windows that slide over time, one after the other, give another of these.
struct Clock {
  index add = 0, div = 1;
  int of(int steps) const { return steps + add > 0 ? int((steps + add) / div) : 0; }
  index least() const { return div - add; }  // steps that give one
  // A window after this clock: of its steps, (steps + more) / stride.
  Clock then(index more, index stride) const { return {add + times(more, div), times(div, stride)}; }
  bool operator==(const Clock&) const = default;
};

struct Shape {
  std::vector<int> dims;  // {features}, {steps, features} or {h, w, c}
  int clock = 0;          // of sequences: which of the plan's clocks counts the steps; 0: as many as came

  bool is_image() const { return dims.size() == 3; }
  bool is_row() const { return dims.size() == 1; }
  bool is_sequence() const { return dims.size() == 2; }
  int h() const { return dims[0]; }
  int w() const { return dims[1]; }
  int c() const { return dims.back(); }
  int steps() const { return is_sequence() ? dims[0] : 1; }
  int pixels() const { return is_image() ? dims[0] * dims[1] : 1; }
  index size() const {
    index n = 1;
    for (int d : dims) n = times(n, d);
    return n;
  }
  bool operator==(const Shape& other) const = default;

  std::string text() const {  // "28x28x1", "784"
    std::string s;
    for (int d : dims) {
      if (!s.empty()) s += 'x';
      s += std::to_string(d);
    }
    return s;
  }
  std::string what() const {  // for messages: what a layer gets
    return is_image() ? "an image of " + text() : is_sequence() ? "sequences of " + text() : "rows of " + text();
  }
};

}  // namespace fastdl
