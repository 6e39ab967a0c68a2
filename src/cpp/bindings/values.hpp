// Arrays of values that cross: NumPy's, or a device's where a call works in a queue of it.
#pragma once

#include <string>
#include <vector>

#include "bindings/device_array.hpp"
#include "bindings/numpy.hpp"

namespace fastdl {

struct __attribute__((visibility("hidden"))) Values {
  py::object object;  // an ndarray or a DeviceArray
  void* data = nullptr;
  std::vector<py::ssize_t> shape;
  index size = 0;
};

// Of exactly this dtype, C-contiguous, without a copy. queue: null for the host.
Values values_of(const py::handle& object, const py::dtype& dtype, const std::string& name, const DeviceQueue* queue);
Values values_or_none(const py::handle& object, const py::dtype& dtype, const std::string& name,
                      const DeviceQueue* queue);
Values new_values(const py::dtype& dtype, const std::vector<py::ssize_t>& shape, const DeviceQueue* queue);
void check_shape(const Values& values, const std::vector<py::ssize_t>& expected, const std::string& name);

// X of the program's dtype, in a device's memory.
Input input_of(const Values& x, const Shape& shape, DType dtype);

}  // namespace fastdl
