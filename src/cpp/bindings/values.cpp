#include "bindings/values.hpp"

namespace fastdl {
namespace {

Values of_array(const py::array& a) {
  return {.object = a,
          .data = const_cast<void*>(a.data()),
          .shape = {a.shape(), a.shape() + a.ndim()},
          .size = index(a.size())};
}

Values of_array(const py::object& object, const DeviceArray& a) {
  return {.object = object, .data = a.values.get(), .shape = a.shape, .size = a.size()};
}

}  // namespace

Values values_of(const py::handle& object, const py::dtype& dtype, const std::string& name, const DeviceQueue* queue) {
  if (!queue) return of_array(exact(object, dtype, name));
  const bool there = py::isinstance<DeviceArray>(object);
  const DeviceArray* a = there ? &object.cast<const DeviceArray&>() : nullptr;
  if (!a || a->backend != &queue->backend() || !a->dtype.equal(dtype))
    throw py::type_error(
        name + " must be an array of " + std::string(py::str(dtype)) + " on cuda:" + std::to_string(queue->number()) +
        ", got " +
        (a ? std::string(py::str(a->dtype)) + " on " + a->device() : std::string(py::str(py::type::of(object)))) + ".");
  return of_array(py::reinterpret_borrow<py::object>(object), *a);
}

Values values_or_none(const py::handle& object, const py::dtype& dtype, const std::string& name,
                      const DeviceQueue* queue) {
  return object.is_none() ? Values{} : values_of(object, dtype, name, queue);
}

Values new_values(const py::dtype& dtype, const std::vector<py::ssize_t>& shape, const DeviceQueue* queue) {
  if (!queue) return of_array(py::array(dtype, shape));
  const py::object array = py::cast(new_array(*queue, dtype, shape));
  return of_array(array, array.cast<const DeviceArray&>());
}

void check_shape(const Values& values, const std::vector<py::ssize_t>& expected, const std::string& name) {
  check(values.shape == expected,
        name + " has shape " + text_of(values.shape) + "; expected " + text_of(expected) + ".");
}

Input input_of(const Values& x, const Shape& shape, DType dtype) {
  Input in;
  in.n = x.shape.empty() ? 0 : x.shape[0];
  check(x.shape == batch_shape(in.n, shape),
        "X has shape " + text_of(x.shape) + ", but the network takes samples of " + shape.text() + ".");
  in.samples = {.data = x.data, .type = dtype, .features = shape.size(), .indptr = nullptr, .indices = nullptr};
  return in;
}

}  // namespace fastdl
