// The Python class Program: one of the two element types, and a lock.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "bindings/busy.hpp"
#include "bindings/numpy.hpp"
#include "bindings/spec.hpp"
#include "program/program.hpp"

namespace fastdl {

// The user's sizes, checked.
inline Shape input_shape_of(const std::vector<index>& sizes) {
  check(!sizes.empty() && sizes.size() <= 3,
        "input_shape must be (features,), (steps, features) or (height, width, channels).");
  Shape shape;
  for (index size : sizes) shape.dims.push_back(checked_int(size, "a size of input_shape"));
  for (int d : shape.dims) check(d > 0, "input_shape has a size below 1: " + shape.text() + ".");
  return shape;
}

class PyProgram {
 public:
  PyProgram(const py::sequence& layers, const std::vector<index>& input_shape, const std::string& dtype,
            const std::string& backend, index batch, index threads, std::uint64_t seed, bool input_gradient,
            const std::string& convolution)
      : program_(make(layer_specs(layers), input_shape_of(input_shape), dtype,
                      Settings{backend, checked_int(batch, "batch_size"), std::max(1, checked_int(threads, "threads")),
                               seed, input_gradient, convolution})) {}

  template <class F>
  auto visit(F f) {
    return std::visit([&](auto& p) { return f(*p); }, program_);
  }
  // f(program) while no other thread uses it, without the GIL: f must not touch Python.
  template <class F>
  auto visit_busy(Use use, F f) {
    Busy busy(lock_, use);
    return visit(f);
  }
  UseLock& lock() { return lock_; }

 private:
  using Either = std::variant<std::unique_ptr<Program<float>>, std::unique_ptr<Program<double>>>;

  static Either make(const std::vector<LayerSpec>& layers, const Shape& input, const std::string& dtype,
                     const Settings& settings) {
    check(settings.batch > 0, "batch_size=" + std::to_string(settings.batch) + "; expected a positive integer.");
    if (dtype == "float32") return std::make_unique<Program<float>>(layers, input, settings);
    if (dtype == "float64") return std::make_unique<Program<double>>(layers, input, settings);
    throw Error("dtype='" + dtype + "'; expected 'float32' or 'float64'.");
  }

  Either program_;
  UseLock lock_;
};

template <class P>
using value_of = typename P::value_type;

template <class P>
void check_stateful(const P& p, bool stateful) {
  check(!stateful || p.reversed().empty(),
        p.reversed() +
            " reads from the end: no state goes on to the next window. Leave out reverse, Bidirectional or "
            "stateful=True.");
}

using ProgramClass = py::class_<PyProgram>;

void bind_weights(ProgramClass& c);
void bind_training(ProgramClass& c);
void bind_use(ProgramClass& c);

// (2, 3) as Python prints it.
inline std::string text_of(const std::vector<py::ssize_t>& shape) { return py::str(py::tuple(py::cast(shape))); }

template <class A>
void check_shape(const A& a, const std::vector<py::ssize_t>& expected, const std::string& name) {
  check(a.ndim() == py::ssize_t(expected.size()) && std::equal(expected.begin(), expected.end(), a.shape()),
        name + " has shape " + shape_text(a) + "; expected " + text_of(expected) + ".");
}

}  // namespace fastdl
