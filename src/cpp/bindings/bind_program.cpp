// Program: construction and description.
#include "bindings/py_program.hpp"
#include "program/outline.hpp"

namespace fastdl {
namespace {

py::object info(const char* name) { return py::module_::import("fastdl._core").attr(name); }

py::list infos(const std::vector<Parameter>& parameters) {
  py::list list;
  py::object Info = info("ParameterInfo");
  for (const Parameter& p : parameters)
    list.append(Info(p.name, py::tuple(py::cast(p.dims)), p.fan_in, p.fan_out, p.role, p.trainable, p.offset, p.count));
  return list;
}

py::list infos(const std::vector<State>& states) {
  py::list list;
  py::object Info = info("StateInfo");
  for (const State& s : states) list.append(Info(s.name, s.count));
  return list;
}

}  // namespace

void bind_program(py::module_& m) {
  ProgramClass c(m, "Program", "A network made ready; see _core.pyi.");
  c.def(py::init<const py::sequence&, const std::vector<index>&, const std::string&, const std::string&, index, index,
                 std::uint64_t, bool, const std::string&>(),
        py::arg("layers"), py::arg("input_shape"), py::kw_only(), py::arg("dtype") = "float32", py::arg("backend") = "",
        py::arg("batch_size") = 64, py::arg("threads") = 1, py::arg("seed") = 0, py::arg("input_gradient") = false,
        py::arg("convolution") = "auto");

  auto property = [&](const char* name, auto get) {
    c.def_property_readonly(name, [get](PyProgram& s) { return s.visit([&](auto& p) { return get(p); }); });
  };
  property("backend", [](auto& p) { return std::string(p.backend().name); });
  property("dtype", [](auto& p) { return std::string(dtype_name<value_of<std::decay_t<decltype(p)>>>); });
  property("threads", [](auto& p) { return p.threads(); });
  property("convolution", [](auto& p) { return direct_convolution(p.settings().convolution) ? "direct" : "auto"; });
  property("batch_size", [](auto& p) { return p.settings().batch; });
  property("input_shape", [](auto& p) { return py::tuple(py::cast(p.input().dims)); });
  property("output_shape", [](auto& p) { return py::tuple(py::cast(p.output().dims)); });
  c.def_property_readonly("optimizer_steps", [](PyProgram& s) {
    return s.visit_busy(Use::read, [](auto& p) { return p.optimizer().steps(); });
  });
  property("parameters", [](auto& p) { return infos(p.parameters()); });
  property("states", [](auto& p) { return infos(p.states()); });
  property("layers", [](auto& p) {
    py::list list;
    py::object Info = info("LayerInfo");
    for (const LayerRow& r : p.rows())
      list.append(Info(r.name, r.title, r.depth, py::tuple(py::cast(r.in.dims)), py::tuple(py::cast(r.out.dims)),
                       r.n_parameters));
    return list;
  });
  c.def(
      "set_threads",
      [](PyProgram& s, int threads) { s.visit_busy(Use::write, [&](auto& p) { p.set_threads(threads); }); },
      py::arg("threads"));
  c.def(
      "team_size", [](PyProgram& s, int n) { return s.visit([&](auto& p) { return p.team_size(n); }); }, py::arg("n"));

  m.def(
      "outline",
      [](const py::sequence& layers, const std::vector<index>& input_shape) {
        const Outline found = outline(layer_specs(layers), input_shape_of(input_shape));
        return py::make_tuple(infos(found.parameters), infos(found.states));
      },
      py::arg("layers"), py::arg("input_shape"));
  m.def("n_moments", [](const std::string& kind) { return n_moments(update_kind(kind)); }, py::arg("kind"));

  bind_weights(c);
  bind_training(c);
  bind_use(c);
}

}  // namespace fastdl
