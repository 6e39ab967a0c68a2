// Program: predict, and one batch forward and back.
#include "bindings/py_program.hpp"

namespace fastdl {
namespace {

ActivationKind link_kind(const std::string& name) {
  if (name.empty() || name == "identity") return ActivationKind::identity;
  if (name == "softmax") return ActivationKind::softmax;
  if (name == "sigmoid") return ActivationKind::sigmoid;
  if (name == "exp") return ActivationKind::exp;
  throw Error("link='" + name + "'; expected '', 'softmax', 'sigmoid' or 'exp'.");
}

// What a pass without targets reads, checked.
struct __attribute__((visibility("hidden"))) Reading {
  Input in;
  Array<std::int32_t> lengths;
  Data data;

  Reading(const AnyProgram& p, const py::object& X, const py::object& steps, bool stateful) {
    in = input_of(X, p.input());
    check_stateful(p, stateful);
    lengths = lengths_of(steps, in.n, p.input());
    data.x = in.samples, data.count = in.n, data.stateful = stateful;
    if (!steps.is_none()) data.lengths = lengths.data();
    check_least_steps(p, in.n, data.lengths);
    if (p.symbols()) check_codes(in, p.input().steps(), p.symbols(), data.lengths);
  }
};

py::array predict(PyProgram& self, const py::object& X, const std::string& link, int layer, const py::object& out,
                  const py::object& lengths, bool stateful) {
  const ActivationKind kind = link_kind(link);
  const AnyProgram& p = *self;
  const int count = p.n_layers();
  check(layer >= -count && layer < count,
        "layer=" + std::to_string(layer) + "; the network has " + std::to_string(count) + " layers.");
  const Reading reading(p, X, lengths, stateful);
  const Shape& shape = p.output(layer);
  const DType dtype = p.settings().dtype;
  const auto expected = batch_shape(reading.in.n, shape);
  py::array y = out.is_none() ? py::array(numpy_dtype(dtype), expected) : exact(out, dtype, "out");
  check_shape(y, expected, "out");
  void* to = y.mutable_data();
  self.busy(stateful ? Use::write : Use::read,
            [&](AnyProgram& program) { program.predict(reading.data, kind, layer, to); });
  return y;
}

py::array forward(PyProgram& self, const py::object& X, bool training, std::uint32_t epoch, const py::object& lengths,
                  bool stateful) {
  const AnyProgram& p = *self;
  const Reading reading(p, X, lengths, stateful);
  const index n = reading.in.n;
  check(n <= p.settings().batch, "forward() takes one batch: " + std::to_string(n) + " samples, at most " +
                                     std::to_string(p.settings().batch) + ".");
  py::array y(numpy_dtype(p.settings().dtype), batch_shape(n, p.output()));
  void* to = y.mutable_data();
  self.busy(Use::write, [&](AnyProgram& program) { program.forward(reading.data, training, epoch, to); });
  return y;
}

py::object backward(PyProgram& self, const py::object& dy) {
  const AnyProgram& p = *self;
  const DType dtype = p.settings().dtype;
  const py::array from = exact(dy, dtype, "dy");
  check(p.last_count() > 0, "backward() follows a forward() of one batch; there was none.");
  check_shape(from, batch_shape(p.last_count(), p.output()), "dy");
  py::object result = py::none();
  void* to = nullptr;
  if (p.settings().input_gradient) {
    py::array dx(numpy_dtype(dtype), batch_shape(p.last_count(), p.input()));
    to = dx.mutable_data();
    result = dx;
  }
  const void* data = from.data();
  self.busy(Use::write, [&](AnyProgram& program) { program.backward(data, to); });
  return result;
}

}  // namespace

void bind_use(ProgramClass& c) {
  c.def("predict", &predict, py::arg("X"), py::kw_only(), py::arg("link") = "", py::arg("layer") = -1,
        py::arg("out") = py::none(), py::arg("lengths") = py::none(), py::arg("stateful") = false);
  c.def("forward", &forward, py::arg("X"), py::kw_only(), py::arg("training") = false, py::arg("epoch") = 0,
        py::arg("lengths") = py::none(), py::arg("stateful") = false);
  c.def("reset_states", [](PyProgram& s) { s.busy(Use::write, [](AnyProgram& p) { p.reset_states(); }); });
  c.def("backward", &backward, py::arg("dy"));
  c.def("memory", [](PyProgram& s) {
    py::dict bytes;
    for (const auto& [name, count] : s.busy(Use::read, [](AnyProgram& p) { return p.memory(); })) bytes[name] = count;
    return bytes;
  });
  c.def("poison", [](PyProgram& s) { s.busy(Use::write, [](AnyProgram& p) { p.poison(); }); });
}

}  // namespace fastdl
