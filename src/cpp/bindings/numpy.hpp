// NumPy arrays in and out of the core: checked once, here.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "core/check.hpp"
#include "core/shape.hpp"
#include "kernels/kernels.hpp"
#include "program/program.hpp"

namespace fastdl {

namespace py = pybind11;

template <class T>
using Array = py::array_t<T, py::array::c_style>;

template <class T>
constexpr const char* dtype_name = sizeof(T) == 4 ? "float32" : "float64";

inline std::string shape_text(const py::array& a) { return py::str(a.attr("shape")); }

// An array of exactly this dtype, C-contiguous, without a copy.
template <class T>
Array<T> exact(const py::handle& object, const std::string& name) {
  if (!py::isinstance<py::array>(object))
    throw py::type_error(name + " must be a NumPy array, got " + std::string(py::str(py::type::of(object))) + ".");
  auto a = py::reinterpret_borrow<py::array>(object);
  if (!py::isinstance<py::array_t<T>>(a) || !(a.flags() & py::array::c_style))
    throw py::type_error(name + " must be a C-contiguous array of " + std::string(py::str(py::dtype::of<T>())) +
                         ", got " + std::string(py::str(a.dtype())) + ".");
  return py::reinterpret_borrow<Array<T>>(object);
}

template <class T>
Array<T> exact_or_none(const py::handle& object, const std::string& name) {
  return object.is_none() ? Array<T>() : exact<T>(object, name);
}

// A fresh array for results.
template <class T>
Array<T> new_array(const std::vector<py::ssize_t>& shape) {
  return Array<T>(shape);
}

inline std::vector<py::ssize_t> batch_shape(index n, const Shape& sample) {
  std::vector<py::ssize_t> shape{n};
  shape.insert(shape.end(), sample.dims.begin(), sample.dims.end());
  return shape;
}

// X as the core reads it, with the number of samples; keeps the arrays alive.
struct __attribute__((visibility("hidden"))) Input {
  Samples samples{};
  index n = 0;
  std::vector<py::array> keep;
};
Input input_of(const py::object& X, const Shape& shape);

// The steps of each of n sequences, or null for None.
Array<std::int32_t> lengths_of(const py::object& lengths, index n, const Shape& shape, bool may_be_empty);

// That X (n, steps, 1) holds codes below symbols, up to each sequence's end.
void check_codes(const Input& in, int steps, int symbols, const std::int32_t* lengths);

}  // namespace fastdl
