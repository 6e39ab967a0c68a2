// The Python class Program: a program and a lock.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bindings/busy.hpp"
#include "bindings/device_array.hpp"
#include "bindings/numpy.hpp"
#include "bindings/spec.hpp"
#include "program/any_program.hpp"

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
            const std::string& convolution, const std::string& precision, std::shared_ptr<DeviceQueue> queue)
      : queue_(std::move(queue)),
        program_(make(layer_specs(layers), input_shape_of(input_shape),
                      {.dtype = float_dtype(dtype),
                       .backend = queue_ ? queue_->backend().name : backend,
                       .batch = checked_int(batch, "batch_size"),
                       .threads = std::max(1, checked_int(threads, "threads")),
                       .seed = seed,
                       .input_gradient = input_gradient,
                       .convolution = convolution,
                       .precision = precision,
                       .queue = queue_ ? queue_->handle() : nullptr})) {}

  // What does not change, or does not matter; all else by busy().
  const AnyProgram& operator*() const { return *program_; }
  const AnyProgram* operator->() const { return program_.get(); }
  // f(program) while no other thread uses it, without the GIL: f must not touch Python.
  template <class F>
  auto busy(Use use, F f) {
    Busy busy(lock_, use);
    const Visit visit(device());
    return f(*program_);
  }
  // That its arrays of values belong to; null: NumPy's.
  const DeviceQueue* queue() const { return queue_.get(); }

 private:
  const Device* device() const { return queue_ ? queue_->backend().device : nullptr; }
  std::unique_ptr<AnyProgram> make(const std::vector<LayerSpec>& layers, const Shape& input,
                                   const Settings& settings) const {
    const Visit visit(device());
    check(settings.batch > 0, "batch_size=" + std::to_string(settings.batch) + "; expected a positive integer.");
    return make_program(layers, input, settings);
  }

  std::shared_ptr<DeviceQueue> queue_;
  std::unique_ptr<AnyProgram> program_;
  UseLock lock_;
};

void check_stateful(const AnyProgram& p, bool stateful);
void check_least_steps(const AnyProgram& p, index n, const std::int32_t* lengths);  // null: all have all steps

using ProgramClass = py::class_<PyProgram>;

void bind_weights(ProgramClass& c);
void bind_training(ProgramClass& c);
void bind_use(ProgramClass& c);

}  // namespace fastdl
