// The Python class Program: one of the two element types, and a lock.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "bindings/numpy.hpp"
#include "bindings/spec.hpp"
#include "program/program.hpp"

namespace fastdl {

// Releases the GIL, then takes the program: two Python threads may predict with one estimator.
struct Busy {
  py::gil_scoped_release release;
  std::lock_guard<std::mutex> lock;
  explicit Busy(std::mutex& mutex) : lock(mutex) {}
};

inline void check_input_shape(const std::vector<int>& dims) {
  check(!dims.empty() && dims.size() <= 3,
        "input_shape must be (features,), (steps, features) or (height, width, channels).");
  for (int d : dims) check(d > 0, "input_shape has a size below 1: " + Shape{dims}.text() + ".");
}

class PyProgram {
 public:
  PyProgram(const py::sequence& layers, const std::vector<int>& input_shape, const std::string& dtype,
            const std::string& backend, int batch, int threads, std::uint64_t seed, bool input_gradient)
      : program_(make(layer_specs(layers), Shape{input_shape}, dtype,
                      Settings{backend, batch, std::max(1, threads), seed, input_gradient})) {}

  template <class F>
  auto visit(F f) {
    return std::visit([&](auto& p) { return f(*p); }, program_);
  }
  std::mutex& mutex() { return mutex_; }

 private:
  using Either = std::variant<std::unique_ptr<Program<float>>, std::unique_ptr<Program<double>>>;

  static Either make(const std::vector<LayerSpec>& layers, const Shape& input, const std::string& dtype,
                     const Settings& settings) {
    check(settings.batch > 0, "batch_size=" + std::to_string(settings.batch) + "; expected a positive integer.");
    check_input_shape(input.dims);
    if (dtype == "float32") return std::make_unique<Program<float>>(layers, input, settings);
    if (dtype == "float64") return std::make_unique<Program<double>>(layers, input, settings);
    throw Error("dtype='" + dtype + "'; expected 'float32' or 'float64'.");
  }

  Either program_;
  std::mutex mutex_;
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
