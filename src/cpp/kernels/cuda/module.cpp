// fastdl._cuda: hands the backends of CUDA devices to fastdl._core, which knows nothing of CUDA. Importing it needs no
// driver.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "kernels/cuda/backends.hpp"
#include "kernels/cuda/devices.hpp"
#include "kernels/fingerprint.hpp"
#include "kernels/rows.hpp"

namespace fastdl::FASTDL_ISA {

const char* const names[most_devices] = {"cuda:0", "cuda:1", "cuda:2", "cuda:3",
                                         "cuda:4", "cuda:5", "cuda:6", "cuda:7"};

}  // namespace fastdl::FASTDL_ISA

PYBIND11_MODULE(_cuda, m) {
  using namespace fastdl;
  using namespace fastdl::FASTDL_ISA;
  namespace py = pybind11;
  m.attr("__version__") = FASTDL_VERSION;
  m.attr("table_fingerprint") = table_fingerprint;
  m.attr("architectures") = FASTDL_CUDA_ARCHITECTURES;
  const py::object DeviceInfo = py::module_::import("collections")
                                    .attr("namedtuple")("DeviceInfo", "name capability total_bytes free_bytes problem",
                                                        py::arg("module") = "fastdl._cuda");
  m.attr("DeviceInfo") = DeviceInfo;
  m.def("devices", [DeviceInfo] {
    py::list list;
    for (const Gpu& gpu : devices())
      list.append(DeviceInfo(gpu.name, std::to_string(gpu.major) + "." + std::to_string(gpu.minor), gpu.total_bytes,
                             gpu.free_bytes, gpu.problem));
    return list;
  });
  m.def("device_of", [](std::uintptr_t address) { return device_of(reinterpret_cast<const void*>(address)); });
  m.def("reason", reason);
  m.def("driver_version", driver_version);
  m.def("runtime_version", runtime_version);
  m.def("backend", [](int number) {
    if (number < 0 || number >= most_devices)
      throw py::index_error("CUDA devices are numbered from 0 to " + std::to_string(most_devices - 1) + ", not " +
                            std::to_string(number) + ".");
    return py::capsule(backend(number), capsule_name());
  });
  m.def("absent_rows", [] { return absent_rows(*backend(0)->f32); });
}
