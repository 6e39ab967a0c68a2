// Program: weights, gradients, states and moments, in the user's layout.
#include "bindings/py_program.hpp"
#include "bindings/values.hpp"

namespace fastdl {
namespace {

template <class T>
using Convertible = py::array_t<T, py::array::c_style | py::array::forcecast>;

const Parameter& parameter_named(const std::vector<Parameter>& list, const std::string& name) {
  std::string names;
  for (const Parameter& p : list) {
    if (p.name == name) return p;
    names += (names.empty() ? "" : ", ") + p.name;
  }
  throw Error("there is no parameter '" + name + "'. Parameters: " + names + ".");
}

const State& state_named(const std::vector<State>& list, const std::string& name) {
  for (const State& s : list)
    if (s.name == name) return s;
  throw Error("there is no state '" + name + "'.");
}

// copy_out and copy_in wait, without the GIL, until no other thread trains or predicts.
py::object copy_out(PyProgram& self, Held what, index first, const std::vector<py::ssize_t>& shape) {
  const Values a = new_values(numpy_dtype(self->settings().dtype), shape, self.queue());
  self.busy(Use::read, [&](AnyProgram& p) { p.get(what, first, a.size, a.data); });
  return a.object;
}

py::array numbers(PyProgram& self, const py::object& value, const std::vector<py::ssize_t>& shape,
                  const std::string& name) {
  const auto a = self->settings().dtype == DType::f32 ? py::array(Convertible<float>::ensure(value))
                                                      : py::array(Convertible<double>::ensure(value));
  if (!a) throw py::type_error(name + " must be an array of numbers.");
  check_shape(a, shape, name);
  return a;
}

void copy_in(PyProgram& self, const py::object& value, const std::vector<py::ssize_t>& shape, const std::string& name,
             Held what, index first) {
  if (const DeviceQueue* queue = self.queue()) {
    const Values a = values_of(value, numpy_dtype(self->settings().dtype), name, queue);
    check_shape(a, shape, name);
    return self.busy(Use::write, [&](AnyProgram& p) { p.put(what, first, a.size, a.data); });
  }
  const py::array a = numbers(self, value, shape, name);
  const void* from = a.data();
  const index count = a.size();
  self.busy(Use::write, [&](AnyProgram& p) { p.put(what, first, count, from); });
}

std::vector<py::ssize_t> dims_of(const Parameter& p) { return {p.dims.begin(), p.dims.end()}; }

// (moments, parameters); another rule, which another thread may set, has another number of moments.
std::vector<py::ssize_t> moments_shape(const AnyProgram& p) {
  const index n = p.size(Held::weights);
  return {n ? p.size(Held::moments) / n : 0, n};
}

}  // namespace

void bind_weights(ProgramClass& c) {
  c.def(
      "get_parameter",
      [](PyProgram& s, const std::string& name) {
        const Parameter& q = parameter_named(s->parameters(), name);
        return copy_out(s, Held::weights, q.offset, dims_of(q));
      },
      py::arg("name"));
  c.def(
      "set_parameter",
      [](PyProgram& s, const std::string& name, const py::object& value) {
        const Parameter& q = parameter_named(s->parameters(), name);
        copy_in(s, value, dims_of(q), "parameter '" + name + "'", Held::weights, q.offset);
      },
      py::arg("name"), py::arg("value"));
  c.def(
      "get_gradient",
      [](PyProgram& s, const std::string& name) {
        const Parameter& q = parameter_named(s->parameters(), name);
        return copy_out(s, Held::gradients, q.offset, dims_of(q));
      },
      py::arg("name"));
  c.def(
      "get_state",
      [](PyProgram& s, const std::string& name) {
        const State& q = state_named(s->states(), name);
        return copy_out(s, Held::states, q.offset, {py::ssize_t(q.count)});
      },
      py::arg("name"));
  c.def(
      "set_state",
      [](PyProgram& s, const std::string& name, const py::object& value) {
        const State& q = state_named(s->states(), name);
        copy_in(s, value, {py::ssize_t(q.count)}, "state '" + name + "'", Held::states, q.offset);
      },
      py::arg("name"), py::arg("value"));

  auto block = [&](const char* get, const char* set, Held what) {
    c.def(get, [what](PyProgram& s) { return copy_out(s, what, 0, {py::ssize_t(s->size(what))}); });
    if (set)
      c.def(
          set,
          [what](PyProgram& s, const py::object& flat) {
            copy_in(s, flat, {py::ssize_t(s->size(what))}, "the flat block", what, 0);
          },
          py::arg("flat"));
  };
  block("get_weights", "set_weights", Held::weights);
  block("get_gradients", nullptr, Held::gradients);
  block("get_states", "set_states", Held::states);
  c.def("get_optimizer", [](PyProgram& s) {
    const auto shape = s.busy(Use::read, moments_shape);
    py::array a(numpy_dtype(s->settings().dtype), shape);
    void* to = a.mutable_data();
    s.busy(Use::read, [&](AnyProgram& p) {
      check(moments_shape(p) == shape, "another thread has set another optimizer.");
      p.get(Held::moments, 0, shape[0] * shape[1], to);
    });
    return a;
  });
  c.def(
      "set_optimizer",
      [](PyProgram& s, const py::object& moments, long steps) {
        const auto shape = s.busy(Use::read, moments_shape);
        const py::array a = numbers(s, moments, shape, "the optimizer's moments");
        const void* from = a.data();
        s.busy(Use::write, [&](AnyProgram& p) {
          check(moments_shape(p) == shape, "another thread has set another optimizer.");
          p.put(Held::moments, 0, shape[0] * shape[1], from);
          p.set_optimizer_steps(steps);
        });
      },
      py::arg("moments"), py::arg("steps"));
}

}  // namespace fastdl
