// The kernels of attention on arrays (steps, n, ...), for fastdl.functional, which prepares and checks them.
#include "bindings/numpy.hpp"
#include "core/arena.hpp"
#include "core/backend.hpp"
#include "core/threads.hpp"
#include "kernels/attention.hpp"

namespace fastdl {
namespace {

template <class T>
T* pointer(const py::object& a, const std::string& name) {
  return a.is_none() ? nullptr : const_cast<T*>(exact<T>(a, name).data());
}

// score, lengths, then q k v w weights y; backward also dy, and what it writes: dq dk dv dw.
template <class T>
void attention(const std::string& score, const py::object& lengths, const py::args& a) {
  const auto q = exact<T>(a[0], "q"), k = exact<T>(a[1], "k"), v = exact<T>(a[2], "v");
  const AttentionShape s{.score = score == "additive" ? Score::additive : Score::dot,
                         .n = int(q.shape(1)),
                         .queries = int(q.shape(0)),
                         .steps = int(k.shape(0)),
                         .size = int(q.shape(2)),
                         .features = int(v.shape(2)),
                         .lengths = exact<std::int32_t>(lengths, "lengths").data()};
  const AttentionArrays<T> arrays{.q = q.data(),
                                  .k = k.data(),
                                  .v = v.data(),
                                  .w = pointer<T>(a[3], "w"),
                                  .weights = pointer<T>(a[4], "weights"),
                                  .y = pointer<T>(a[5], "y")};
  const auto& kernels = kernels_of<T>(find_backend("")).attention;
  const double work = 2.0 * s.n * s.queries * s.steps * (s.size + s.features);
  const int threads = work < 1e6 ? 1 : usable_threads(max_threads());
  if (a.size() == 6) {
    py::gil_scoped_release release;
    return run_team(threads, [&](const Team& team) { kernels.attention_forward(team, s, arrays); });
  }
  const Block<T> of_each(s.n * index(s.size)), of_weights(s.n * index(s.steps));
  const AttentionGradients<T> d{.dy = pointer<T>(a[6], "dy"),
                                .dq = pointer<T>(a[7], "dq"),
                                .dk = pointer<T>(a[8], "dk"),
                                .dv = pointer<T>(a[9], "dv"),
                                .dw = pointer<T>(a[10], "dw"),
                                .dw_of_each = of_each.data(),
                                .dweights = of_weights.data()};
  py::gil_scoped_release release;
  run_team(threads, [&](const Team& team) { kernels.attention_backward(team, s, arrays, d); });
}

}  // namespace

void bind_attention(py::module_& m) {
  m.def("attention", [](const std::string& score, const py::object& lengths, const py::args& a) {
    if (py::isinstance<py::array_t<float>>(a[0])) return attention<float>(score, lengths, a);
    attention<double>(score, lengths, a);
  });
}

}  // namespace fastdl
