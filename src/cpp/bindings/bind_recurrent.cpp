// The recurrent kernels on arrays (steps, n, ...), for fastdl.functional, which prepares and checks them.
#include "bindings/numpy.hpp"
#include "core/arena.hpp"
#include "core/backend.hpp"
#include "core/threads.hpp"
#include "kernels/sequence.hpp"

namespace fastdl {
namespace {

Cell cell_named(const std::string& name) {
  if (name == "rnn_tanh") return Cell::rnn_tanh;
  if (name == "rnn_relu") return Cell::rnn_relu;
  if (name == "lstm") return Cell::lstm;
  if (name == "gru") return Cell::gru;
  if (name == "gru_reset_after") return Cell::gru_reset_after;
  throw Error("cell '" + name + "' is not known to the core.");
}

template <class T>
T* pointer(const py::object& a, const std::string& name) {
  if (a.is_none()) return nullptr;
  Array<T> exactly = exact<T>(a, name);
  return exactly.size() ? const_cast<T*>(exactly.data()) : nullptr;
}

// The arrays of one call; they live in the caller's arguments.
template <class T>
struct Call {
  RecurrentShape shape{};
  RecurrentArrays<T> arrays{};
  Block<T> scratch;
  int threads;

  Call(const std::string& cell, const py::object& lengths, const py::args& a) {
    shape.cell = cell_named(cell);
    auto x = exact<T>(a[0], "x"), h = exact<T>(a[7], "h");
    shape.steps = int(x.shape(0)), shape.n = int(x.shape(1)), shape.features = int(x.shape(2));
    shape.units = int(h.shape(2));
    shape.lengths = exact<std::int32_t>(lengths, "lengths").data();
    arrays.x = x.data(), arrays.w_ih = pointer<T>(a[1], "w_ih"), arrays.w_hh = pointer<T>(a[2], "w_hh");
    auto b = exact<T>(a[3], "b");
    arrays.b = b.data(), arrays.b_hh = b.ndim() == 2 ? b.data() + b.shape(1) : nullptr;
    arrays.peepholes = pointer<T>(a[4], "peepholes");
    arrays.h0 = pointer<T>(a[5], "h0"), arrays.c0 = pointer<T>(a[6], "c0");
    arrays.h = pointer<T>(a[7], "h"), arrays.gates = pointer<T>(a[8], "gates");
    arrays.extra = pointer<T>(a[9], "extra");
    double work = 2.0 * shape.steps * shape.n * b.size() * (shape.features + shape.units);
    threads = work < 1e6 ? 1 : usable_threads(max_threads());
    scratch = Block<T>(kernels().sequence.recurrent_scratch(shape, threads));
    arrays.scratch = scratch.data();
  }
  static const Kernels<T>& kernels() { return kernels_of<T>(find_backend("")); }
};

template <class F>
void for_dtype(const py::object& x, F f) {
  if (py::isinstance<py::array_t<float>>(x)) return f(float{});
  f(double{});
}

}  // namespace

// cell, lengths, then x w_ih w_hh b peepholes h0 c0 h gates extra; backward also dh dc and what it writes:
// dx dw_ih dw_hh db dpeepholes dh0 dc0.
void bind_recurrent(py::module_& m) {
  m.def("recurrent_forward", [](const std::string& cell, const py::object& lengths, const py::args& a) {
    for_dtype(a[0], [&](auto t) {
      using T = decltype(t);
      Call<T> call(cell, lengths, a);
      py::gil_scoped_release release;
      run_team(call.threads,
               [&](const Team& team) { call.kernels().sequence.recurrent_forward(team, call.shape, call.arrays); });
    });
  });
  m.def("recurrent_backward", [](const std::string& cell, const py::object& lengths, const py::args& a) {
    for_dtype(a[0], [&](auto t) {
      using T = decltype(t);
      Call<T> call(cell, lengths, a);
      RecurrentGradients<T> d{};
      d.dh = pointer<T>(a[10], "dh"), d.dc = pointer<T>(a[11], "dc");
      d.dx = pointer<T>(a[12], "dx"), d.dw_ih = pointer<T>(a[13], "dw_ih"), d.dw_hh = pointer<T>(a[14], "dw_hh");
      d.db = pointer<T>(a[15], "db");
      if (call.arrays.b_hh) d.db_hh = d.db + (call.arrays.b_hh - call.arrays.b);
      if (call.arrays.peepholes) d.dpeepholes = pointer<T>(a[16], "dpeepholes");
      d.dh0 = pointer<T>(a[17], "dh0"), d.dc0 = pointer<T>(a[18], "dc0");
      py::gil_scoped_release release;
      run_team(call.threads,
               [&](const Team& team) { call.kernels().sequence.recurrent_backward(team, call.shape, call.arrays, d); });
    });
  });
}

}  // namespace fastdl
