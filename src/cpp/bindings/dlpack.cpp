// DLPack (https://dmlc.github.io/dlpack), the form of version 0 that all libraries take: arrays of a GPU given and
// taken without a copy.
#include "bindings/device_array.hpp"

namespace fastdl {
namespace {

constexpr std::int32_t cuda_device = 2;  // kDLCUDA
constexpr const char *fresh = "dltensor", *taken = "used_dltensor";

struct DLDevice {
  std::int32_t type, number;
};
struct DLDataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  // in elements; null where they are contiguous
  std::uint64_t byte_offset;
};
struct DLManagedTensor {
  DLTensor tensor;
  void* context;
  void (*deleter)(DLManagedTensor*);
};

// What a capsule holds; whoever takes it ends it, on any thread.
struct Lent {
  DLManagedTensor managed;
  std::vector<std::int64_t> shape;
  std::shared_ptr<void> values;
};

void end_of_capsule(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, fresh)) return;  // whoever took it
  auto* managed = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, fresh));
  managed->deleter(managed);
}

py::object lent(const DeviceArray& a, const py::object&, const py::object&, const py::object& device,
                const py::object& copy) {
  const py::tuple here = py::make_tuple(cuda_device, a.number);
  if (!device.is_none() && !here.equal(device))
    throw py::buffer_error("this DeviceArray is on " + a.device() + "; it goes to another device by .get().");
  if (!copy.is_none() && copy.cast<bool>())
    throw py::buffer_error("this DeviceArray is lent without a copy; whoever takes it may copy it.");
  auto* of = new Lent{.managed = {}, .shape = {a.shape.begin(), a.shape.end()}, .values = a.values};
  of->managed.tensor = {.data = a.size() ? a.values.get() : nullptr,
                        .device = {cuda_device, a.number},
                        .ndim = std::int32_t(a.shape.size()),
                        .dtype = {std::uint8_t(a.dtype.kind() == 'f'   ? 2
                                               : a.dtype.kind() == 'u' ? 1
                                                                       : 0),
                                  std::uint8_t(8 * a.dtype.itemsize()), 1},
                        .shape = of->shape.data(),
                        .strides = nullptr,
                        .byte_offset = 0};
  of->managed.context = of;
  of->managed.deleter = [](DLManagedTensor* managed) { delete static_cast<Lent*>(managed->context); };
  PyObject* capsule = PyCapsule_New(&of->managed, fresh, end_of_capsule);
  if (!capsule) {
    delete of;
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::object>(capsule);
}

// (address, shape, strides in elements or None, (code, bits, lanes), what keeps the values).
py::tuple opened(const py::object& capsule) {
  if (!PyCapsule_IsValid(capsule.ptr(), fresh)) throw py::type_error("__dlpack__() gave no fresh capsule 'dltensor'.");
  auto* managed = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule.ptr(), fresh));
  PyCapsule_SetName(capsule.ptr(), taken);
  const py::capsule keeper(managed, [](void* p) {
    auto* tensor = static_cast<DLManagedTensor*>(p);
    if (tensor->deleter) tensor->deleter(tensor);
  });
  const DLTensor& t = managed->tensor;
  const auto sizes = [&](const std::int64_t* of) {
    return py::tuple(py::cast(std::vector<std::int64_t>(of, of + t.ndim)));
  };
  return py::make_tuple(reinterpret_cast<std::uintptr_t>(t.data) + t.byte_offset, sizes(t.shape),
                        t.strides ? py::object(sizes(t.strides)) : py::object(py::none()),
                        py::make_tuple(t.dtype.code, t.dtype.bits, t.dtype.lanes), keeper);
}

}  // namespace

void bind_dlpack(py::class_<DeviceArray>& c, py::module_& m) {
  c.def("__dlpack__", &lent, py::kw_only(), py::arg("stream") = py::none(), py::arg("max_version") = py::none(),
        py::arg("dl_device") = py::none(), py::arg("copy") = py::none());
  c.def("__dlpack_device__", [](const DeviceArray& a) { return py::make_tuple(cuda_device, a.number); });
  m.def("open_dlpack", &opened, py::arg("capsule"));
}

}  // namespace fastdl
