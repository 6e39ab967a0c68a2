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

py::array predict(PyProgram& self, const py::object& X, const std::string& link, int layer, const py::object& out,
                  const py::object& lengths, bool stateful) {
  ActivationKind kind = link_kind(link);
  return self.visit([&](auto& p) -> py::array {
    using T = value_of<std::decay_t<decltype(p)>>;
    int count = p.n_layers();
    check(layer >= -count && layer < count,
          "layer=" + std::to_string(layer) + "; the network has " + std::to_string(count) + " layers.");
    Input in = input_of(X, p.input());
    check_stateful(p, stateful);
    auto steps = lengths_of(lengths, in.n, p.input(), stateful);
    Shape shape = p.output(layer);
    check(kind == ActivationKind::identity || !shape.is_image(), "a link needs rows of outputs.");
    Array<T> y = out.is_none() ? new_array<T>(batch_shape(in.n, shape)) : exact<T>(out, "out");
    check_shape(y, batch_shape(in.n, shape), "out");
    Data<T> data;
    data.x = in.samples, data.count = in.n, data.stateful = stateful;
    if (!lengths.is_none()) data.lengths = steps.data();
    if (p.symbols()) check_codes(in, p.input().steps(), p.symbols(), data.lengths);
    T* to = y.mutable_data();
    {
      Busy busy(self.lock(), stateful ? Use::write : Use::read);
      p.predict(data, kind, layer, to);
    }
    return y;
  });
}

py::array forward(PyProgram& self, const py::object& X, bool training, std::uint32_t epoch, const py::object& lengths,
                  bool stateful) {
  return self.visit([&](auto& p) -> py::array {
    using T = value_of<std::decay_t<decltype(p)>>;
    Input in = input_of(X, p.input());
    check_stateful(p, stateful);
    auto steps = lengths_of(lengths, in.n, p.input(), stateful);
    check(in.n <= p.settings().batch, "forward() takes one batch: " + std::to_string(in.n) + " samples, at most " +
                                          std::to_string(p.settings().batch) + ".");
    Array<T> y = new_array<T>(batch_shape(in.n, p.output()));
    Data<T> data;
    data.x = in.samples, data.count = in.n, data.stateful = stateful;
    if (!lengths.is_none()) data.lengths = steps.data();
    if (p.symbols()) check_codes(in, p.input().steps(), p.symbols(), data.lengths);
    T* to = y.mutable_data();
    {
      Busy busy(self.lock(), Use::write);
      p.forward(data, training, epoch, to);
    }
    return y;
  });
}

py::object backward(PyProgram& self, const py::object& dy) {
  return self.visit([&](auto& p) -> py::object {
    using T = value_of<std::decay_t<decltype(p)>>;
    Array<T> from = exact<T>(dy, "dy");
    check(p.last_count() > 0, "backward() follows a forward() of one batch; there was none.");
    check_shape(from, batch_shape(p.last_count(), p.output()), "dy");
    py::object result = py::none();
    T* to = nullptr;
    if (p.settings().input_gradient) {
      Array<T> dx = new_array<T>(batch_shape(p.last_count(), p.input()));
      to = dx.mutable_data();
      result = dx;
    }
    const T* data = from.data();
    {
      Busy busy(self.lock(), Use::write);
      p.backward(data, to);
    }
    return result;
  });
}

}  // namespace

void bind_use(ProgramClass& c) {
  c.def("predict", &predict, py::arg("X"), py::kw_only(), py::arg("link") = "", py::arg("layer") = -1,
        py::arg("out") = py::none(), py::arg("lengths") = py::none(), py::arg("stateful") = false);
  c.def("forward", &forward, py::arg("X"), py::kw_only(), py::arg("training") = false, py::arg("epoch") = 0,
        py::arg("lengths") = py::none(), py::arg("stateful") = false);
  c.def("reset_states", [](PyProgram& s) { s.visit_busy(Use::write, [](auto& p) { p.reset_states(); }); });
  c.def("backward", &backward, py::arg("dy"));
  c.def("memory", [](PyProgram& s) {
    py::dict bytes;
    for (const auto& [name, count] : s.visit_busy(Use::read, [](auto& p) { return p.memory(); })) bytes[name] = count;
    return bytes;
  });
  c.def("poison", [](PyProgram& s) { s.visit_busy(Use::write, [](auto& p) { p.poison(); }); });
}

}  // namespace fastdl
