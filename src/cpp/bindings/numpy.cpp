#include "bindings/numpy.hpp"

#include <algorithm>

namespace fastdl {
namespace {

DType type_of(const py::array& a) {
  if (py::isinstance<py::array_t<std::uint8_t>>(a)) return DType::u8;
  if (py::isinstance<py::array_t<std::int32_t>>(a)) return DType::i32;
  if (py::isinstance<py::array_t<float>>(a)) return DType::f32;
  if (py::isinstance<py::array_t<double>>(a)) return DType::f64;
  throw py::type_error("X must be of dtype uint8, int32, float32 or float64, got " + std::string(py::str(a.dtype())) +
                       ".");
}

Input sparse_input(const py::tuple& csr, const Shape& shape) {
  check(csr.size() == 3 && shape.is_row(),
        "sparse X is a CSR triple (data, indices, indptr) for a net that takes rows.");
  Input in;
  auto data = py::reinterpret_borrow<py::array>(csr[0]);
  auto indices = exact<std::int32_t>(csr[1], "indices");
  auto indptr = exact<std::int64_t>(csr[2], "indptr");
  check(indptr.size() >= 1 && data.size() == indices.size(),
        "sparse X: the lengths of data, indices and indptr differ.");
  const std::int64_t* starts = indptr.data();
  in.n = indptr.size() - 1;
  check(starts[0] == 0 && starts[in.n] <= data.size(), "sparse X: indptr points outside of data.");
  check(std::is_sorted(starts, starts + in.n + 1), "sparse X: indptr decreases.");
  check(all_within(indices.data(), indices.size(), 0, shape.size()), "sparse X: a column index is out of range.");
  in.samples = {.data = data.data(),
                .type = type_of(data),
                .features = shape.size(),
                .indptr = starts,
                .indices = indices.data()};
  in.keep = {data, indices, indptr};
  return in;
}

template <class S>
void check_codes_of(const S* x, const Input& in, int steps, int symbols, const std::int32_t* lengths) {
  bool known = true;
  for (index i = 0; i < in.n; i++)
    for (index t = 0; t < (lengths ? lengths[i] : steps); t++) {
      const double code = x[i * steps + t];
      known &= code >= 0 && code < symbols && code == double(index(code));
    }
  check(known, "X has a code outside of 0.." + std::to_string(symbols - 1) + ".");
}

}  // namespace

py::dtype numpy_dtype(DType type) {
  switch (type) {
    case DType::u8: return py::dtype::of<std::uint8_t>();
    case DType::i32: return py::dtype::of<std::int32_t>();
    case DType::f32: return py::dtype::of<float>();
    case DType::f64: return py::dtype::of<double>();
  }
  throw Error("there is no such dtype.");
}

DType float_dtype(const std::string& name) {
  if (name == "float32") return DType::f32;
  if (name == "float64") return DType::f64;
  throw Error("dtype='" + name + "'; expected 'float32' or 'float64'.");
}

void check_shape(const py::array& a, const std::vector<py::ssize_t>& expected, const std::string& name) {
  check(a.ndim() == py::ssize_t(expected.size()) && std::equal(expected.begin(), expected.end(), a.shape()),
        name + " has shape " + shape_text(a) + "; expected " + text_of(expected) + ".");
}

py::array exact(const py::handle& object, const py::dtype& dtype, const std::string& name) {
  if (!py::isinstance<py::array>(object))
    throw py::type_error(name + " must be a NumPy array, got " + std::string(py::str(py::type::of(object))) + ".");
  auto a = py::reinterpret_borrow<py::array>(object);
  if (!a.dtype().equal(dtype) || !(a.flags() & py::array::c_style))
    throw py::type_error(name + " must be a C-contiguous array of " + std::string(py::str(dtype)) + ", got " +
                         std::string(py::str(a.dtype())) + ".");
  return a;
}

Input input_of(const py::object& X, const Shape& shape) {
  if (py::isinstance<py::tuple>(X)) return sparse_input(py::reinterpret_borrow<py::tuple>(X), shape);
  if (!py::isinstance<py::array>(X)) throw py::type_error("X must be a NumPy array or a CSR triple.");
  auto a = py::reinterpret_borrow<py::array>(X);
  Input in;
  std::vector<py::ssize_t> expected = batch_shape(a.ndim() ? a.shape(0) : 0, shape);
  check(a.ndim() == py::ssize_t(expected.size()) && std::equal(expected.begin(), expected.end(), a.shape()),
        "X has shape " + shape_text(a) + ", but the network takes samples of " + shape.text() + ".");
  if (!(a.flags() & py::array::c_style)) throw py::type_error("X must be C-contiguous.");
  in.n = a.shape(0);
  in.samples = {.data = a.data(), .type = type_of(a), .features = shape.size(), .indptr = nullptr, .indices = nullptr};
  in.keep = {a};
  return in;
}

void check_codes(const Input& in, int steps, int symbols, const std::int32_t* lengths) {
  auto of = [&](const auto* codes) { check_codes_of(codes, in, steps, symbols, lengths); };
  switch (in.samples.type) {
    case DType::u8: return of(static_cast<const std::uint8_t*>(in.samples.data));
    case DType::i32: return of(static_cast<const std::int32_t*>(in.samples.data));
    case DType::f32: return of(static_cast<const float*>(in.samples.data));
    case DType::f64: return of(static_cast<const double*>(in.samples.data));
  }
}

std::vector<std::int32_t> lengths_of_answers(const Array<std::int32_t>& codes, index outputs) {
  const index n = codes.shape(0), room = codes.shape(1);
  std::vector<std::int32_t> lengths(n, std::int32_t(room));
  bool known = true;
  for (index i = 0; i < n; i++)
    for (index t = 0; t < lengths[i]; t++) {
      const std::int32_t code = codes.data()[i * room + t];
      known &= code >= -1 && code < outputs;
      if (code < 0) lengths[i] = std::int32_t(t);
    }
  check(known, "y has a code outside of -1.." + std::to_string(outputs - 1) + ".");
  const index empty = std::find(lengths.begin(), lengths.end(), 0) - lengths.begin();
  check(empty == n, "y[" + std::to_string(empty) + "] has no step: an answer ends with the last code at least.");
  return lengths;
}

Array<std::int32_t> lengths_of(const py::object& lengths, index n, const Shape& shape) {
  if (lengths.is_none()) return {};
  check(shape.is_sequence(), "lengths go with sequences, but the network takes samples of " + shape.text() + ".");
  auto a = exact<std::int32_t>(lengths, "lengths");
  check(a.ndim() == 1 && a.shape(0) == n,
        "lengths has shape " + shape_text(a) + "; expected (" + std::to_string(n) + ",), one for each sequence of X.");
  for (index i = 0; i < n; i++) {
    int length = a.data()[i];
    std::string seen = "lengths[" + std::to_string(i) + "] is " + std::to_string(length);
    check(length >= 0, seen + "; expected 0 steps or more.");
    check(length <= shape.steps(), seen + ", but X has " + std::to_string(shape.steps()) + " steps.");
  }
  return a;
}

}  // namespace fastdl
