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

// Both wait, without the GIL, until no other thread trains or predicts.
template <class T>
py::array copy_out(PyProgram& self, const T* from, const std::vector<py::ssize_t>& shape) {
  Array<T> a = new_array<T>(shape);
  const index count = a.size();
  T* to = a.mutable_data();
  {
    Busy busy(self.lock(), Use::read);
    std::copy_n(from, count, to);
  }
  return a;
}

template <class T>
void copy_in(PyProgram& self, const py::object& value, const std::vector<py::ssize_t>& shape, const std::string& name,
             T* to) {
  auto a = py::array_t<T, py::array::c_style | py::array::forcecast>::ensure(value);
  if (!a) throw py::type_error(name + " must be an array of numbers.");
  check_shape(a, shape, name);
  const T* from = a.data();
  const index count = a.size();
  Busy busy(self.lock(), Use::write);
  std::copy_n(from, count, to);
}

std::vector<py::ssize_t> dims_of(const Parameter& p) { return {p.dims.begin(), p.dims.end()}; }

}  // namespace

void bind_weights(ProgramClass& c) {
  c.def(
      "get_parameter",
      [](PyProgram& s, const std::string& name) {
        return s.visit([&](auto& p) {
          const Parameter& q = parameter_named(p.parameters(), name);
          return copy_out(s, p.weights().data() + q.offset, dims_of(q));
        });
      },
      py::arg("name"));
  c.def(
      "set_parameter",
      [](PyProgram& s, const std::string& name, const py::object& value) {
        s.visit([&](auto& p) {
          const Parameter& q = parameter_named(p.parameters(), name);
          copy_in(s, value, dims_of(q), "parameter '" + name + "'", p.weights().data() + q.offset);
        });
      },
      py::arg("name"), py::arg("value"));
  c.def(
      "get_gradient",
      [](PyProgram& s, const std::string& name) {
        return s.visit([&](auto& p) {
          const Parameter& q = parameter_named(p.parameters(), name);
          return copy_out(s, p.gradients().data() + q.offset, dims_of(q));
        });
      },
      py::arg("name"));
  c.def(
      "get_state",
      [](PyProgram& s, const std::string& name) {
        return s.visit([&](auto& p) {
          const State& q = state_named(p.states(), name);
          return copy_out(s, p.state_block().data() + q.offset, {py::ssize_t(q.count)});
        });
      },
      py::arg("name"));
  c.def(
      "set_state",
      [](PyProgram& s, const std::string& name, const py::object& value) {
        s.visit([&](auto& p) {
          const State& q = state_named(p.states(), name);
          copy_in(s, value, {py::ssize_t(q.count)}, "state '" + name + "'", p.state_block().data() + q.offset);
        });
      },
      py::arg("name"), py::arg("value"));

  auto block = [&](const char* get, const char* set, auto of) {
    c.def(get, [of](PyProgram& s) {
      return s.visit([&](auto& p) { return copy_out(s, of(p).data(), {py::ssize_t(of(p).size())}); });
    });
    if (set)
      c.def(
          set,
          [of](PyProgram& s, const py::object& flat) {
            s.visit([&](auto& p) { copy_in(s, flat, {py::ssize_t(of(p).size())}, "the flat block", of(p).data()); });
          },
          py::arg("flat"));
  };
  block("get_weights", "set_weights", [](auto& p) -> auto& { return p.weights(); });
  block("get_gradients", nullptr, [](auto& p) -> auto& { return p.gradients(); });
  block("get_states", "set_states", [](auto& p) -> auto& { return p.state_block(); });
  c.def("get_optimizer", [](PyProgram& s) {
    return s.visit([&](auto& p) -> py::array {
      using T = value_of<std::decay_t<decltype(p)>>;
      std::vector<T> moments;  // another thread may set another rule before the lock is there
      {
        Busy busy(s.lock(), Use::read);
        moments.assign(p.optimizer().moments().begin(), p.optimizer().moments().end());
      }
      const py::ssize_t n = p.weights().size();
      Array<T> a = new_array<T>({n ? py::ssize_t(moments.size()) / n : 0, n});
      std::copy(moments.begin(), moments.end(), a.mutable_data());
      return a;
    });
  });
  c.def(
      "set_optimizer",
      [](PyProgram& s, const py::object& moments, long steps) {
        s.visit([&](auto& p) {
          using T = value_of<std::decay_t<decltype(p)>>;
          const py::ssize_t n = p.weights().size();
          auto a = py::array_t<T, py::array::c_style | py::array::forcecast>::ensure(moments);
          if (!a) throw py::type_error("the optimizer's moments must be an array of numbers.");
          const auto rows_of = [&] { return n ? py::ssize_t(p.optimizer().moments().size()) / n : 0; };
          check_shape(a, {rows_of(), n}, "the optimizer's moments");
          const T* from = a.data();
          const py::ssize_t rows = rows_of();
          Busy busy(s.lock(), Use::write);
          check(rows_of() == rows, "another thread has set another optimizer.");
          std::copy_n(from, rows * n, p.optimizer().moments().data());
          p.optimizer().set_steps(steps);
        });
      },
      py::arg("moments"), py::arg("steps"));
}

}  // namespace fastdl
