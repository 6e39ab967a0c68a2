// Program: predict, and one batch forward and back.
#include "bindings/py_program.hpp"
#include "bindings/values.hpp"

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

  Reading(const PyProgram& program, const py::object& X, const py::object& steps, bool stateful) {
    const AnyProgram& p = *program;
    const DType dtype = p.settings().dtype;
    if (const DeviceQueue* queue = program.queue())
      in = input_of(values_of(X, numpy_dtype(dtype), "X", queue), p.input(), dtype);
    else
      in = input_of(X, p.input());
    check_stateful(p, stateful);
    lengths = lengths_of(steps, in.n, p.input());
    data.x = in.samples, data.count = in.n, data.stateful = stateful;
    if (!steps.is_none()) data.lengths = lengths.data();
    check_least_steps(p, in.n, data.lengths);
    check(!p.symbols() || !program.queue(), "symbols come from the host's memory.");
    if (p.symbols()) check_codes(in, p.input().steps(), p.symbols(), data.lengths);
  }
};

py::object predict(PyProgram& self, const py::object& X, const std::string& link, int layer, const py::object& out,
                   const py::object& lengths, bool stateful) {
  const ActivationKind kind = link_kind(link);
  const AnyProgram& p = *self;
  const int count = p.n_layers();
  check(layer >= -count && layer < count,
        "layer=" + std::to_string(layer) + "; the network has " + std::to_string(count) + " layers.");
  const Reading reading(self, X, lengths, stateful);
  check(!p.decodes() || (layer < 0 ? layer + count : layer) < count - 1, "a decoder gives answers by search().");
  const Shape& shape = p.output(layer);
  const py::dtype dtype = numpy_dtype(p.settings().dtype);
  const auto expected = batch_shape(reading.in.n, shape);
  const Values y =
      out.is_none() ? new_values(dtype, expected, self.queue()) : values_of(out, dtype, "out", self.queue());
  check_shape(y, expected, "out");
  void* to = y.data;
  self.busy(stateful ? Use::write : Use::read,
            [&](AnyProgram& program) { program.predict(reading.data, kind, layer, to); });
  return y.object;
}

py::object forward(PyProgram& self, const py::object& X, bool training, std::uint32_t epoch, const py::object& lengths,
                   bool stateful) {
  const AnyProgram& p = *self;
  check(!p.decodes(), "a decoder gives answers by search().");
  const Reading reading(self, X, lengths, stateful);
  const index n = reading.in.n;
  check(n <= p.settings().batch, "forward() takes one batch: " + std::to_string(n) + " samples, at most " +
                                     std::to_string(p.settings().batch) + ".");
  const Values y = new_values(numpy_dtype(p.settings().dtype), batch_shape(n, p.output()), self.queue());
  void* to = y.data;
  self.busy(Use::write, [&](AnyProgram& program) { program.forward(reading.data, training, epoch, to); });
  return y.object;
}

py::object backward(PyProgram& self, const py::object& dy) {
  const AnyProgram& p = *self;
  const py::dtype dtype = numpy_dtype(p.settings().dtype);
  const Values from = values_of(dy, dtype, "dy", self.queue());
  check(p.last_count() > 0, "backward() follows a forward() of one batch; there was none.");
  check_shape(from, batch_shape(p.last_count(), p.output()), "dy");
  py::object result = py::none();
  void* to = nullptr;
  if (p.settings().input_gradient) {
    const Values dx = new_values(dtype, batch_shape(p.last_count(), p.input()), self.queue());
    to = dx.data;
    result = dx.object;
  }
  const void* data = from.data;
  self.busy(Use::write, [&](AnyProgram& program) { program.backward(data, to); });
  return result;
}

void check_decodes(const AnyProgram& p) { check(p.decodes(), "the network has no decoder."); }

py::tuple search(PyProgram& self, const py::object& X, const py::object& lengths, index beam_size,
                 double length_penalty, index max_length, index n_best) {
  const AnyProgram& p = *self;
  check_decodes(p);
  const Reading reading(self, X, lengths, false);
  check(beam_size >= 1 && max_length >= 1 && n_best >= 1 && n_best <= beam_size && length_penalty >= 0,
        "beam_size, max_length and n_best must be positive, n_best at most beam_size, length_penalty not negative.");
  const Search how{.beam_size = checked_int(beam_size, "beam_size"),
                   .length_penalty = length_penalty,
                   .max_length = checked_int(max_length, "max_length"),
                   .n_best = checked_int(n_best, "n_best")};
  Array<std::int32_t> codes({py::ssize_t(reading.in.n), py::ssize_t(n_best), py::ssize_t(max_length)});
  Array<double> totals({py::ssize_t(reading.in.n), py::ssize_t(n_best)});
  const Answers found{.codes = codes.mutable_data(), .log_likelihoods = totals.mutable_data()};
  self.busy(Use::read, [&](AnyProgram& program) { program.search(reading.data, how, found); });
  return py::make_tuple(codes, totals);
}

// Sources and answers that are there already.
struct __attribute__((visibility("hidden"))) Pairs : Reading {
  Array<std::int32_t> codes;
  std::vector<std::int32_t> answer_lengths;

  Pairs(const PyProgram& program, const py::object& X, const py::object& y, const py::object& steps)
      : Reading(program, X, steps, false) {
    const AnyProgram& p = *program;
    check_decodes(p);
    codes = exact<std::int32_t>(y, "y");
    check_shape(codes, {py::ssize_t(in.n), p.output().steps()}, "y");
    answer_lengths = lengths_of_answers(codes, p.output().c());
    data.codes = codes.data(), data.answer_lengths = answer_lengths.data();
  }
};

py::array log_likelihoods(PyProgram& self, const py::object& X, const py::object& y, const py::object& lengths) {
  const Pairs pairs(self, X, y, lengths);
  Array<double> of_each(pairs.in.n);
  double* to = of_each.mutable_data();
  self.busy(Use::read, [&](AnyProgram& program) { program.log_likelihoods(pairs.data, to); });
  return of_each;
}

py::array attention(PyProgram& self, const py::object& X, const py::object& y, const py::object& lengths) {
  const AnyProgram& p = *self;
  const Pairs pairs(self, X, y, lengths);
  py::array weights(numpy_dtype(p.settings().dtype),
                    std::vector<py::ssize_t>{py::ssize_t(pairs.in.n), p.output().steps(), p.input().steps()});
  void* to = weights.mutable_data();
  self.busy(Use::read, [&](AnyProgram& program) { program.attention(pairs.data, to); });
  return weights;
}

}  // namespace

void bind_use(ProgramClass& c) {
  c.def("predict", &predict, py::arg("X"), py::kw_only(), py::arg("link") = "", py::arg("layer") = -1,
        py::arg("out") = py::none(), py::arg("lengths") = py::none(), py::arg("stateful") = false);
  c.def("forward", &forward, py::arg("X"), py::kw_only(), py::arg("training") = false, py::arg("epoch") = 0,
        py::arg("lengths") = py::none(), py::arg("stateful") = false);
  c.def("search", &search, py::arg("X"), py::kw_only(), py::arg("lengths") = py::none(), py::arg("beam_size") = 1,
        py::arg("length_penalty") = 0.0, py::arg("max_length") = 100, py::arg("n_best") = 1);
  c.def("log_likelihoods", &log_likelihoods, py::arg("X"), py::arg("y"), py::kw_only(),
        py::arg("lengths") = py::none());
  c.def("attention", &attention, py::arg("X"), py::arg("y"), py::kw_only(), py::arg("lengths") = py::none());
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
