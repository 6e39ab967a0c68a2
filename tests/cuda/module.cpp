// fastdl._test_backends: the CUDA kernels emulated, and the guarded backend.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "faults.hpp"
#include "guarded.hpp"
#include "kernels/cuda/backends.hpp"
#include "kernels/cuda/devices.hpp"
#include "kernels/fingerprint.hpp"

namespace py = pybind11;
using fastdl::Backend;

namespace fastdl::FASTDL_ISA {
const char* const names[most_devices] = {"cuda:emulated"};
}  // namespace fastdl::FASTDL_ISA

namespace {

const Backend& backend_in(const py::capsule& capsule) {
  if (const std::string why = fastdl::refusal(capsule.name()); !why.empty()) throw py::import_error(why);
  return *static_cast<const Backend*>(capsule.get_pointer());
}

cuda_emulation::Order order_named(const std::string& name) {
  using cuda_emulation::Order;
  if (name == "forward") return Order::forward;
  if (name == "reverse") return Order::reverse;
  if (name == "random") return Order::random;
  throw py::value_error("order='" + name + "': forward, reverse or random.");
}

// A fault in a kernel, which -fsanitize=thread or -fsanitize=address ends the process for.
void plant(const std::string& fault) {
  float* y;
  cudaMalloc(&y, 32 * sizeof(float));
  if (fault == "lost updates") launch({4, 1}, faults::add_to_first, y);
  if (fault == "past a shared array") launch({1, 32}, faults::past_a_tile, y);
  cudaFree(y);
}

}  // namespace

PYBIND11_MODULE(_test_backends, m) {
  using namespace fastdl;
  m.def("emulated", [] { return py::capsule(FASTDL_ISA::backend(0), capsule_name()); });
  m.def("guarded",
        [](const py::capsule& real) { return py::capsule(guarded::guard(backend_in(real)), capsule_name()); });
  m.def("guarded_address", [] { return reinterpret_cast<std::uintptr_t>(guarded::some_block()); });
  m.def("device_of",
        [](std::uintptr_t address) { return FASTDL_ISA::device_of(reinterpret_cast<const void*>(address)); });
  m.def("absent_rows", [](const py::capsule& of) { return absent_rows(*backend_in(of).f32); });
  m.def(
      "emulate",
      [](const std::string& order, bool hide, bool late, unsigned seed, std::size_t memory) {
        const cuda_emulation::Open open;  // what was hidden, too
        cuda_emulation::options = {order_named(order), seed, late, hide, memory};
      },
      py::kw_only(), py::arg("order") = "forward", py::arg("hide") = false, py::arg("late") = false,
      py::arg("seed") = 1, py::arg("memory") = std::size_t(8) << 30);
  m.attr("sanitizer") = cuda_emulation::sanitized ? cuda_emulation::finds_races ? "thread" : "address" : "";
  m.def("plant", &plant, py::arg("fault"));
  m.def("allocated_bytes", [] { return cuda_emulation::allocated; });
  // Since the last call: bytes copied to the device from pinned memory and from other, and the most copies at once.
  m.def("copies", [] {
    const auto [pinned, pageable, since, most] = std::exchange(cuda_emulation::copies_in, {});
    return py::make_tuple(pinned, pageable, most);
  });
  m.def("launches", [] { return cuda_emulation::launches; });
}
