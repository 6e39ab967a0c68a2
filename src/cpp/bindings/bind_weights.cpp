// Program: weights, gradients, states and moments, in the user's layout.
#include "bindings/py_program.hpp"

namespace fastdl {
namespace {

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

template <class T>
py::array copy_out(const T* from, const std::vector<py::ssize_t>& shape) {
  Array<T> a = new_array<T>(shape);
  std::copy_n(from, a.size(), a.mutable_data());
  return a;
}

template <class T>
void copy_in(const py::object& value, const std::vector<py::ssize_t>& shape, const std::string& name, T* to) {
  auto a = py::array_t<T, py::array::c_style | py::array::forcecast>::ensure(value);
  if (!a) throw py::type_error(name + " must be an array of numbers.");
  check_shape(a, shape, name);
  std::copy_n(a.data(), a.size(), to);
}

std::vector<py::ssize_t> dims_of(const Parameter& p) { return {p.dims.begin(), p.dims.end()}; }

}  // namespace

void bind_weights(ProgramClass& c) {
  c.def(
      "get_parameter",
      [](PyProgram& s, const std::string& name) {
        return s.visit([&](auto& p) {
          const Parameter& q = parameter_named(p.parameters(), name);
          return copy_out(p.weights().data() + q.offset, dims_of(q));
        });
      },
      py::arg("name"));
  c.def(
      "set_parameter",
      [](PyProgram& s, const std::string& name, const py::object& value) {
        s.visit([&](auto& p) {
          const Parameter& q = parameter_named(p.parameters(), name);
          copy_in(value, dims_of(q), "parameter '" + name + "'", p.weights().data() + q.offset);
        });
      },
      py::arg("name"), py::arg("value"));
  c.def(
      "get_gradient",
      [](PyProgram& s, const std::string& name) {
        return s.visit([&](auto& p) {
          const Parameter& q = parameter_named(p.parameters(), name);
          return copy_out(p.gradients().data() + q.offset, dims_of(q));
        });
      },
      py::arg("name"));
  c.def(
      "get_state",
      [](PyProgram& s, const std::string& name) {
        return s.visit([&](auto& p) {
          const State& q = state_named(p.states(), name);
          return copy_out(p.state_block().data() + q.offset, {py::ssize_t(q.count)});
        });
      },
      py::arg("name"));
  c.def(
      "set_state",
      [](PyProgram& s, const std::string& name, const py::object& value) {
        s.visit([&](auto& p) {
          const State& q = state_named(p.states(), name);
          copy_in(value, {py::ssize_t(q.count)}, "state '" + name + "'", p.state_block().data() + q.offset);
        });
      },
      py::arg("name"), py::arg("value"));

  auto block = [&](const char* get, const char* set, auto of) {
    c.def(get, [of](PyProgram& s) {
      return s.visit([&](auto& p) { return copy_out(of(p).data(), {py::ssize_t(of(p).size())}); });
    });
    if (set)
      c.def(
          set,
          [of](PyProgram& s, const py::object& flat) {
            s.visit([&](auto& p) { copy_in(flat, {py::ssize_t(of(p).size())}, "the flat block", of(p).data()); });
          },
          py::arg("flat"));
  };
  block("get_weights", "set_weights", [](auto& p) -> auto& { return p.weights(); });
  block("get_gradients", nullptr, [](auto& p) -> auto& { return p.gradients(); });
  block("get_states", "set_states", [](auto& p) -> auto& { return p.state_block(); });
  c.def("get_optimizer", [](PyProgram& s) {
    return s.visit([&](auto& p) {
      py::ssize_t n = p.weights().size();
      const auto& moments = p.optimizer().moments();
      return copy_out(moments.data(), {n ? moments.size() / n : 0, n});
    });
  });
  c.def(
      "set_optimizer",
      [](PyProgram& s, const py::object& moments, long steps) {
        s.visit([&](auto& p) {
          py::ssize_t n = p.weights().size();
          const auto& block = p.optimizer().moments();
          copy_in(moments, {n ? block.size() / n : 0, n}, "the optimizer's moments", block.data());
          p.optimizer().set_steps(steps);
        });
      },
      py::arg("moments"), py::arg("steps"));
}

}  // namespace fastdl
