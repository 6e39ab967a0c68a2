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

py::list infos(const std::vector<LayerRow>& rows) {
  py::list list;
  py::object Info = info("LayerInfo");
  for (const LayerRow& r : rows)
    list.append(Info(r.name, r.title, r.depth, py::tuple(py::cast(r.in.dims)), py::tuple(py::cast(r.out.dims)),
                     r.n_parameters));
  return list;
}

}  // namespace

void check_stateful(const AnyProgram& p, bool stateful) {
  check(!stateful || p.reversed().empty(),
        p.reversed() +
            " reads from the end: no state goes on to the next window. Leave out reverse, Bidirectional or "
            "stateful=True.");
  check(!stateful || p.windowed().empty(),
        p.windowed() +
            " reads several steps at a time: windows of a sequence would be cut apart. Leave out "
            "stateful=True.");
}

void check_least_steps(const AnyProgram& p, index n, const std::int32_t* lengths) {
  for (index i = 0; lengths && i < n; i++)
    check(lengths[i] >= p.least_steps(), "X[" + std::to_string(i) + "] has " + std::to_string(lengths[i]) +
                                             " steps, but " + p.least_of() + " needs at least " +
                                             std::to_string(p.least_steps()) +
                                             ". Use padding=\"same\" or \"causal\", or leave short sequences out.");
}

void bind_program(py::module_& m) {
  ProgramClass c(m, "Program", "A network made ready; see _core.pyi.");
  c.def(py::init<const py::sequence&, const std::vector<index>&, const std::string&, const std::string&, index, index,
                 std::uint64_t, bool, const std::string&, const std::string&, std::shared_ptr<DeviceQueue>>(),
        py::arg("layers"), py::arg("input_shape"), py::kw_only(), py::arg("dtype") = "float32", py::arg("backend") = "",
        py::arg("batch_size") = 64, py::arg("threads") = 1, py::arg("seed") = 0, py::arg("input_gradient") = false,
        py::arg("convolution") = "auto", py::arg("precision") = "float32", py::arg("queue") = py::none());

  auto property = [&](const char* name, auto get) {
    c.def_property_readonly(name, [get](PyProgram& s) { return get(*s); });
  };
  property("backend", [](const AnyProgram& p) { return p.backend(); });
  property("dtype", [](const AnyProgram& p) { return std::string(py::str(numpy_dtype(p.settings().dtype))); });
  property("threads", [](const AnyProgram& p) { return p.threads(); });
  property("convolution",
           [](const AnyProgram& p) { return direct_convolution(p.settings().convolution) ? "direct" : "auto"; });
  property("precision", [](const AnyProgram& p) { return p.settings().precision; });
  property("batch_size", [](const AnyProgram& p) { return p.settings().batch; });
  property("input_shape", [](const AnyProgram& p) { return py::tuple(py::cast(p.input().dims)); });
  property("output_shape", [](const AnyProgram& p) { return py::tuple(py::cast(p.output().dims)); });
  c.def_property_readonly("optimizer_steps", [](PyProgram& s) {
    return s.busy(Use::read, [](AnyProgram& p) { return p.optimizer_steps(); });
  });
  property("parameters", [](const AnyProgram& p) { return infos(p.parameters()); });
  property("least_steps", [](const AnyProgram& p) { return py::make_tuple(p.least_steps(), p.least_of()); });
  property("states", [](const AnyProgram& p) { return infos(p.states()); });
  property("layers", [](const AnyProgram& p) { return infos(p.rows()); });
  c.def(
      "set_threads",
      [](PyProgram& s, int threads) { s.busy(Use::write, [&](AnyProgram& p) { p.set_threads(threads); }); },
      py::arg("threads"));
  c.def("team_size", [](PyProgram& s, int n) { return s->team_size(n); }, py::arg("n"));

  m.def(
      "outline",
      [](const py::sequence& layers, const std::vector<index>& input_shape) {
        const Outline found = outline(layer_specs(layers), input_shape_of(input_shape));
        return py::make_tuple(infos(found.parameters), infos(found.states));
      },
      py::arg("layers"), py::arg("input_shape"));
  m.def(
      "survey",
      [](const py::sequence& layers, const std::vector<index>& input_shape, const std::string& dtype, int batch) {
        const Survey found = survey(layer_specs(layers), input_shape_of(input_shape), float_dtype(dtype), batch);
        py::dict memory;
        for (const auto& [name, bytes] : found.memory) memory[name] = bytes;
        return py::make_tuple(infos(found.rows), infos(found.parameters), memory);
      },
      py::arg("layers"), py::arg("input_shape"), py::kw_only(), py::arg("dtype"), py::arg("batch_size"));
  m.def("n_moments", [](const std::string& kind) { return n_moments(update_kind(kind)); }, py::arg("kind"));

  bind_weights(c);
  bind_training(c);
  bind_use(c);
}

}  // namespace fastdl
