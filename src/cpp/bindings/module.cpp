// fastdl._core: a table of contents.
#include "bindings/numpy.hpp"
#include "core/backend.hpp"
#include "core/threads.hpp"
#include "kernels/fingerprint.hpp"
#include "layers/registry.hpp"

namespace fastdl {
void bind_program(py::module_& m);
void bind_augment(py::module_& m);
void bind_functions(py::module_& m);
void bind_recurrent(py::module_& m);
void bind_attention(py::module_& m);
void bind_rbm(py::module_& m);
void bind_words(py::module_& m);
void bind_boxes(py::module_& m);
void bind_device_arrays(py::module_& m);

namespace {

py::object named_tuple(const char* name, const char* fields) {
  return py::module_::import("collections").attr("namedtuple")(name, fields, py::arg("module") = "fastdl._core");
}

}  // namespace
}  // namespace fastdl

PYBIND11_MODULE(_core, m) {
  using namespace fastdl;
  m.attr("__version__") = FASTDL_VERSION;
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const Error& e) {
      PyErr_SetString(PyExc_ValueError, e.what());
    }
  });

  py::object BackendInfo = named_tuple("BackendInfo", "name available lanes");
  m.attr("BackendInfo") = BackendInfo;
  m.attr("ParameterInfo") = named_tuple("ParameterInfo", "name shape fan_in fan_out role trainable offset size");
  m.attr("StateInfo") = named_tuple("StateInfo", "name size");
  m.attr("LayerInfo") = named_tuple("LayerInfo", "name title depth input_shape output_shape n_parameters");
  m.attr("EpochResult") = named_tuple("EpochResult", "loss penalty n_batches status sides");

  m.def("backends", [BackendInfo] {
    py::list list;
    for (const Backend* b : backends()) list.append(BackendInfo(b->name, b->available(), b->f32->lanes));
    return list;
  });
  m.def("backend_capsule", [](const std::string& name) {
    return py::capsule(static_cast<const void*>(&find_backend(name)), capsule_name());
  });
  m.def("add_backend", [](const py::capsule& capsule) {
    const std::string name = capsule.name() ? capsule.name() : "";
    check(name.starts_with(backend_word), "add_backend takes a capsule of a backend.");
    if (const std::string why = refusal(name); !why.empty()) throw py::import_error(why);
    const Backend* backend = capsule.get_pointer<const Backend>();
    add_backend(*backend);
    return std::string(backend->name);
  });
  m.attr("table_fingerprint") = table_fingerprint;
  m.def("layer_fields", [] {
    py::dict fields;
    for (const LayerEntry& entry : layer_entries()) fields[entry.kind] = py::cast(entry.fields);
    return fields;
  });
  m.def("max_threads", [] { return max_threads(); });
  bind_device_arrays(m);
  bind_program(m);
  bind_augment(m);
  bind_functions(m);
  bind_recurrent(m);
  bind_attention(m);
  bind_rbm(m);
  bind_words(m);
  bind_boxes(m);
}
