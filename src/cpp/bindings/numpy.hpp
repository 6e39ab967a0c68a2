// NumPy arrays in and out of the core: checked once, here.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "core/check.hpp"
#include "core/samples.hpp"
#include "core/shape.hpp"

namespace fastdl {

namespace py = pybind11;

template <class T>
using Array = py::array_t<T, py::array::c_style>;

py::dtype numpy_dtype(DType type);
DType float_dtype(const std::string& name);  // "float32" or "float64"

inline std::string shape_text(const py::array& a) { return py::str(a.attr("shape")); }
// (2, 3) as Python prints it.
inline std::string text_of(const std::vector<py::ssize_t>& shape) { return py::str(py::tuple(py::cast(shape))); }

void check_shape(const py::array& a, const std::vector<py::ssize_t>& expected, const std::string& name);

// An array of exactly this dtype, C-contiguous, without a copy.
py::array exact(const py::handle& object, const py::dtype& dtype, const std::string& name);
inline py::array exact(const py::handle& object, DType type, const std::string& name) {
  return exact(object, numpy_dtype(type), name);
}
template <class T>
Array<T> exact(const py::handle& object, const std::string& name) {
  return py::reinterpret_borrow<Array<T>>(exact(object, py::dtype::of<T>(), name));
}

template <class T>
Array<T> exact_or_none(const py::handle& object, const std::string& name) {
  return object.is_none() ? Array<T>() : exact<T>(object, name);
}

// Whether all of n integers are at least `first` and below `past`. For many: no message is made for each.
template <class T>
bool all_within(const T* values, index n, index first, index past) {
  bool good = true;
  for (index i = 0; i < n; i++) good &= values[i] >= first && values[i] < past;
  return good;
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

// The steps of answers, codes (n, steps) below outputs, -1 past their ends.
std::vector<std::int32_t> lengths_of_answers(const Array<std::int32_t>& codes, index outputs);
// The steps of each of n sequences, or null for None.
Array<std::int32_t> lengths_of(const py::object& lengths, index n, const Shape& shape);

// That X (n, steps, 1) holds codes below symbols, up to each sequence's end.
void check_codes(const Input& in, int steps, int symbols, const std::int32_t* lengths);

}  // namespace fastdl
