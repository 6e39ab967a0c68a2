// A function of the user's, as the layer that holds it calls it. The core knows nothing of where it comes from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/samples.hpp"
#include "core/shape.hpp"

namespace fastdl {

// Values of the program's dtype, samples in the user's order: (n, features), (n, steps, features) or (n, h, w, c).
struct FunctionCall {
  index n;
  const Shape &in, &out;
  const std::int32_t* lengths;    // (n,), of sequences; else null
  const void* weights;            // all parameters, one after the other
  bool wants_dx, wants_dweights;  // in the backward that follows; neither: there is none
};

struct LayerFunction {
  struct Parameter {
    std::string name, role;
    std::vector<int> dims;
    int fan_in, fan_out;
  };

  virtual ~LayerFunction() = default;
  virtual std::vector<Parameter> parameters() const = 0;
  // Of a sample that it makes of one of shape in; raises where it makes none, or has no gradient that is wanted.
  virtual Shape shape(const Shape& in, DType dtype, bool wants_dx, bool wants_dweights) = 0;
  virtual void forward(const FunctionCall& call, const void* x, void* y) = 0;
  // After forward; dx and dweights are null where they are not wanted.
  virtual void backward(const FunctionCall& call, const void* dy, void* dx, void* dweights) = 0;
};

}  // namespace fastdl
