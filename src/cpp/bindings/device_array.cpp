#include "bindings/device_array.hpp"

#include <algorithm>

#include "core/backend.hpp"
#include "kernels/memory.hpp"

namespace fastdl {

DeviceQueue::DeviceQueue(const std::string& backend, int number) : backend_(find_backend(backend)), number_(number) {
  check(backend_.device != nullptr, "backend='" + backend + "' is no device's.");
  const Visit visit(backend_.device);
  queue_ = {backend_.device->open(Precision::float32), backend_.device->close};
}

void DeviceQueue::wait_for(std::uintptr_t stream) const {
  const Visit here = visit();
  backend_.device->wait_for(stream);
}

index DeviceArray::size() const {
  index n = 1;
  for (const py::ssize_t side : shape) n = times(n, side);
  return n;
}

DeviceArray new_array(const DeviceQueue& queue, const py::dtype& dtype, const std::vector<py::ssize_t>& shape) {
  DeviceArray a{&queue.backend(), queue.number(), dtype, shape, nullptr};
  const Visit visit = queue.visit();
  if (const index bytes = a.bytes())
    a.values = {queue.backend().memory.allocate(bytes), queue.backend().memory.release};
  return a;
}

namespace {

// One of the sizes may be -1: what is left.
DeviceArray reshaped(const DeviceArray& a, const py::args& given) {
  py::object sides = given;
  if (given.size() == 1 && py::isinstance<py::sequence>(given[0])) sides = given[0];
  DeviceArray b = a;
  b.shape = sides.cast<std::vector<py::ssize_t>>();
  const auto open = std::find(b.shape.begin(), b.shape.end(), -1);
  if (open != b.shape.end()) {
    *open = 1;
    *open = b.size() ? a.size() / b.size() : 0;
  }
  const bool positive = std::all_of(b.shape.begin(), b.shape.end(), [](py::ssize_t side) { return side >= 0; });
  check(positive && b.size() == a.size(),
        "an array of shape " + text_of(a.shape) + " cannot have shape " + std::string(py::str(sides)) + ".");
  return b;
}

// Values first, first + 1 ... of the flat array.
DeviceArray part_of(const DeviceArray& a, index first, const std::vector<py::ssize_t>& shape) {
  DeviceArray b = a;
  b.shape = shape;
  check(first >= 0 && first + b.size() <= a.size(), "the part lies outside of the array.");
  b.values = {a.values, static_cast<char*>(a.values.get()) + first * a.dtype.itemsize()};
  return b;
}

py::array got(const DeviceArray& a) {
  py::array host(a.dtype, a.shape);
  void* const to = host.mutable_data();
  py::gil_scoped_release release;
  const Visit visit(a.backend->device);
  a.backend->memory.copy_out(to, a.values.get(), a.bytes(), nullptr);
  return host;
}

DeviceArray sent(const DeviceQueue& queue, const py::array& host) {
  const py::array from = py::array::ensure(host, py::array::c_style);
  DeviceArray a = new_array(queue, from.dtype(), {from.shape(), from.shape() + from.ndim()});
  const Visit visit = queue.visit();
  queue.copy_in(a.values.get(), from.data(), a.bytes());
  return a;
}

template <class F>
void for_floats(const DeviceArray& a, F f) {
  if (a.dtype.equal(py::dtype::of<float>())) return f(float{});
  f(double{});
}

void assign(const DeviceQueue& queue, const DeviceArray& to, const DeviceArray& from) {
  check(to.shape == from.shape && to.dtype.equal(from.dtype), "assign() takes arrays of one shape and dtype.");
  const Visit visit = queue.visit();
  for_floats(to, [&](auto t) {
    using T = decltype(t);
    const auto& memory = kernels_of<T>(queue.backend()).memory;
    queue.run([&](const Team& team) {
      memory.copy(team, to.size(), static_cast<const T*>(from.values.get()), static_cast<T*>(to.values.get()));
    });
  });
}

double sum_of(const DeviceQueue& queue, const DeviceArray& a) {
  const Visit visit = queue.visit();
  const Block<double> total(1, queue.backend().memory);
  for_floats(a, [&](auto t) {
    using T = decltype(t);
    const auto& memory = kernels_of<T>(queue.backend()).memory;
    queue.run(
        [&](const Team& team) { memory.sum(team, a.size(), static_cast<const T*>(a.values.get()), total.data()); });
  });
  double sum = 0;
  queue.copy_out(&sum, total.data(), sizeof sum);
  return sum;
}

// What keeps another library's values; it may end without the GIL.
std::shared_ptr<void> kept(const py::object& owner, std::uintptr_t address) {
  const std::shared_ptr<py::object> keeper(new py::object(owner), [](py::object* object) {
    py::gil_scoped_acquire gil;
    delete object;
  });
  return {keeper, reinterpret_cast<void*>(address)};
}

py::dict interface(const DeviceArray& a) {
  py::dict d;
  d["shape"] = py::tuple(py::cast(a.shape));
  d["typestr"] = a.dtype.attr("str");
  d["data"] = py::make_tuple(reinterpret_cast<std::uintptr_t>(a.size() ? a.values.get() : nullptr), false);
  d["strides"] = py::none();
  d["stream"] = py::none();  // whoever has an array finds its values there
  d["version"] = 3;
  return d;
}

[[noreturn]] void refuse_numpy(const DeviceArray& a) {
  throw py::type_error("this DeviceArray is on " + a.device() + ", where NumPy cannot read it. Copy it: .get().");
}

}  // namespace

void bind_device_arrays(py::module_& m) {
  py::class_<DeviceQueue, std::shared_ptr<DeviceQueue>>(m, "DeviceQueue", "A device, and a queue of it; see _core.pyi.")
      .def(py::init<const std::string&, int>(), py::arg("backend"), py::arg("number"))
      .def_property_readonly("number", &DeviceQueue::number)
      .def("wait_for", &DeviceQueue::wait_for, py::arg("stream"))
      .def("new", &new_array, py::arg("dtype"), py::arg("shape"))
      .def("send", &sent, py::arg("host"))
      .def("assign", &assign, py::arg("to"), py::arg("values"))
      .def("sum", &sum_of, py::arg("array"))
      .def(
          "wrap",
          [](const DeviceQueue& queue, std::uintptr_t address, const py::dtype& dtype,
             const std::vector<py::ssize_t>& shape, const py::object& owner) {
            return DeviceArray{&queue.backend(), queue.number(), dtype, shape, kept(owner, address)};
          },
          py::arg("address"), py::arg("dtype"), py::arg("shape"), py::arg("owner"));

  py::class_<DeviceArray> c(m, "DeviceArray",
                            "An array in the memory of a GPU, as the functions of `fastdl.functional` give it.\n\n"
                            "CuPy, torch and Numba take it without a copy, by `__cuda_array_interface__` or DLPack:\n"
                            "``cupy.asarray(a)``, ``torch.as_tensor(a)``, ``torch.from_dlpack(a)``. Its values are "
                            "there,\nno stream has to be waited for. NumPy gets a copy by `get`.");
  c.def_property_readonly(
      "shape", [](const DeviceArray& a) { return py::tuple(py::cast(a.shape)); }, "The sizes, as of an ndarray.");
  c.def_property_readonly("dtype", [](const DeviceArray& a) { return a.dtype; }, "The NumPy dtype of the values.");
  c.def_property_readonly("ndim", [](const DeviceArray& a) { return a.shape.size(); }, "How many axes there are.");
  c.def_property_readonly("size", &DeviceArray::size, "How many values there are.");
  c.def_property_readonly("nbytes", &DeviceArray::bytes, "How many bytes they take.");
  c.def_property_readonly("device", &DeviceArray::device, "The GPU, \"cuda:0\".");
  c.def_property_readonly("__cuda_array_interface__", &interface);
  c.def("get", &got, "Copy the values to the host, into an ndarray.");
  c.def("reshape", &reshaped, "The same values in another shape; one size may be -1.");
  c.def("_part", &part_of, py::arg("first"), py::arg("shape"));
  c.def("_overlaps", [](const DeviceArray& a, const DeviceArray& b) {
    const char *at = static_cast<char*>(a.values.get()), *other = static_cast<char*>(b.values.get());
    return a.backend == b.backend && at < other + b.bytes() && other < at + a.bytes();
  });
  c.def("_is", [](const DeviceArray& a, const DeviceArray& b) { return a.values.get() == b.values.get(); });
  c.def("__len__", [](const DeviceArray& a) {
    if (a.shape.empty()) throw py::type_error("an array of shape () has no length.");
    return a.shape[0];
  });
  c.def("__array__", [](const DeviceArray& a, const py::args&, const py::kwargs&) { refuse_numpy(a); });
  c.def("__repr__", [](const DeviceArray& a) {
    return "DeviceArray(shape=" + text_of(a.shape) + ", dtype=" + std::string(py::str(a.dtype)) + ", device='" +
           a.device() + "')";
  });
  bind_dlpack(c, m);
}

}  // namespace fastdl
