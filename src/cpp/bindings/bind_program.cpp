// Program: construction and description.
#include "bindings/py_program.hpp"

namespace fastdl {

void bind_program(py::module_& m) {
  ProgramClass c(m, "Program", "A network made ready; see _core.pyi.");
  c.def(py::init<const py::sequence&, const std::vector<int>&, const std::string&, const std::string&, int, int,
                 std::uint64_t, bool>(),
        py::arg("layers"), py::arg("input_shape"), py::kw_only(), py::arg("dtype") = "float32", py::arg("backend") = "",
        py::arg("batch_size") = 64, py::arg("threads") = 1, py::arg("seed") = 0, py::arg("input_gradient") = false);

  auto property = [&](const char* name, auto get) {
    c.def_property_readonly(name, [get](PyProgram& s) { return s.visit([&](auto& p) { return get(p); }); });
  };
  property("backend", [](auto& p) { return std::string(p.backend().name); });
  property("dtype", [](auto& p) { return std::string(dtype_name<value_of<std::decay_t<decltype(p)>>>); });
  property("threads", [](auto& p) { return p.threads(); });
  property("batch_size", [](auto& p) { return p.settings().batch; });
  property("input_shape", [](auto& p) { return py::tuple(py::cast(p.input().dims)); });
  property("output_shape", [](auto& p) { return py::tuple(py::cast(p.output().dims)); });
  property("optimizer_steps", [](auto& p) { return p.optimizer().steps(); });
  property("parameters", [](auto& p) {
    py::list list;
    py::object Info = py::module_::import("fastdl._core").attr("ParameterInfo");
    for (const Parameter& q : p.parameters())
      list.append(
          Info(q.name, py::tuple(py::cast(q.dims)), q.fan_in, q.fan_out, q.role, q.trainable, q.offset, q.count));
    return list;
  });
  property("states", [](auto& p) {
    py::list list;
    py::object Info = py::module_::import("fastdl._core").attr("StateInfo");
    for (const State& s : p.states()) list.append(Info(s.name, s.count));
    return list;
  });
  property("layers", [](auto& p) {
    py::list list;
    py::object Info = py::module_::import("fastdl._core").attr("LayerInfo");
    for (const LayerRow& r : p.rows())
      list.append(Info(r.name, r.title, r.depth, py::tuple(py::cast(r.in.dims)), py::tuple(py::cast(r.out.dims)),
                       r.n_parameters));
    return list;
  });
  c.def(
      "set_threads", [](PyProgram& s, int threads) { s.visit([&](auto& p) { p.set_threads(threads); }); },
      py::arg("threads"));
  c.def(
      "team_size", [](PyProgram& s, int n) { return s.visit([&](auto& p) { return p.team_size(n); }); }, py::arg("n"));

  bind_weights(c);
  bind_training(c);
  bind_use(c);
}

}  // namespace fastdl
