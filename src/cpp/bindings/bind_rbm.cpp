// Rbm: restricted Boltzmann machines; see _core.pyi.
#include <memory>

#include "bindings/busy.hpp"
#include "bindings/numpy.hpp"
#include "program/any_rbm.hpp"

namespace fastdl {
namespace {

class PyRbm {
 public:
  PyRbm(int visible, int hidden, bool gaussian, const std::string& dtype, const std::string& backend, int batch,
        int threads, const std::string& precision) {
    check(visible > 0 && hidden > 0, "an RBM needs at least one visible and one hidden unit, got " +
                                         std::to_string(visible) + " and " + std::to_string(hidden) + ".");
    check(batch > 0, "batch_size=" + std::to_string(batch) + "; expected a positive integer.");
    rbm_ = make_rbm({.dtype = float_dtype(dtype),
                     .backend = backend,
                     .visible = visible,
                     .hidden = hidden,
                     .gaussian = gaussian,
                     .batch = batch,
                     .threads = std::max(1, threads),
                     .precision = precision});
  }

  const RbmSettings& settings() const { return rbm_->settings(); }
  // f(rbm) while no other thread uses it, without the GIL: f must not touch Python.
  template <class F>
  auto busy(Use use, F f) {
    Busy busy(lock_, use);
    return f(*rbm_);
  }

 private:
  std::unique_ptr<AnyRbm> rbm_;
  UseLock lock_;
};

void* pointer(const py::handle& array, DType dtype, const std::vector<py::ssize_t>& shape, const std::string& name) {
  py::array a = exact(array, dtype, name);
  check_shape(a, shape, name);
  return a.mutable_data();
}

RbmWeights<void> weights_of(const RbmSettings& s, const py::tuple& arrays, const std::string& name) {
  check(arrays.size() == 3, name + " must be a tuple of w, b and c.");
  return {pointer(arrays[0], s.dtype, {s.visible, s.hidden}, name + "[0]"),
          pointer(arrays[1], s.dtype, {s.visible}, name + "[1]"),
          pointer(arrays[2], s.dtype, {s.hidden}, name + "[2]")};
}

const BitGenerator* numpy_generator(const py::object& capsule) {
  if (capsule.is_none()) return nullptr;
  auto* generator = PyCapsule_GetPointer(capsule.ptr(), "BitGenerator");
  if (!generator) throw py::error_already_set();
  return static_cast<const BitGenerator*>(generator);
}

std::string train_epoch(PyRbm& self, const py::object& X, const py::object& order, const py::tuple& weights,
                        double rate, int batch_size, int steps, double momentum, double weight_decay, double target,
                        double cost, const py::object& velocity, const py::object& chain, const py::object& activity,
                        const py::object& bit_generator, std::uint64_t seed, std::uint32_t epoch,
                        const py::object& poll) {
  const RbmSettings& s = self.settings();
  Input in = input_of(X, Shape{{s.visible}});
  Data data;
  data.x = in.samples;
  Array<std::int64_t> rows = exact<std::int64_t>(order, "order");
  check(all_within(rows.data(), rows.size(), 0, in.n), "order has an index outside of X.");
  data.order = rows.data(), data.count = rows.size();
  check(batch_size > 0 && batch_size <= s.batch,
        "batch_size=" + std::to_string(batch_size) + "; expected 1 to " + std::to_string(s.batch) + ".");
  check(steps > 0, "steps=" + std::to_string(steps) + "; expected a positive integer.");
  RbmLearning<void> learning;
  learning.rate = rate, learning.momentum = momentum, learning.weight_decay = weight_decay;
  learning.steps = steps, learning.target = target, learning.cost = cost;
  learning.weights = weights_of(s, weights, "weights");
  if (!velocity.is_none()) learning.velocity = weights_of(s, py::tuple(velocity), "velocity");
  if (!chain.is_none()) {
    py::array a = exact(chain, s.dtype, "chain");
    learning.chains = a.ndim() ? a.shape(0) : 0;
    check(learning.chains > 0 && learning.chains <= s.batch,
          "chain has shape " + shape_text(a) + "; expected 1 to " + std::to_string(s.batch) + " rows.");
    learning.chain = pointer(chain, s.dtype, {learning.chains, s.hidden}, "chain");
  }
  if (!activity.is_none()) learning.activity = pointer(activity, s.dtype, {s.hidden}, "activity");
  Draws draws{numpy_generator(bit_generator), seed, epoch};
  check(!draws.numpy || !s.gaussian, "NumPy's draws are for Bernoulli units.");
  Poll ask;
  if (!poll.is_none())
    ask = [&poll] {
      py::gil_scoped_acquire gil;
      return poll().cast<bool>();
    };
  const EpochResult result =
      self.busy(Use::write, [&](AnyRbm& rbm) { return rbm.train_epoch(data, batch_size, learning, draws, ask); });
  return result.status == Status::done ? "done" : "interrupted";
}

enum class Side { visible, hidden, energy };

template <Side side>
py::array use(PyRbm& self, const py::object& X, const py::tuple& weights) {
  const RbmSettings& s = self.settings();
  Input in = input_of(X, Shape{{side == Side::visible ? s.hidden : s.visible}});
  const RbmWeights<void> w = weights_of(s, weights, "weights");
  std::vector<py::ssize_t> shape{in.n, side == Side::visible ? s.visible : s.hidden};
  if (side == Side::energy) shape.pop_back();
  py::array y(numpy_dtype(s.dtype), shape);
  void* to = y.mutable_data();
  Data data;
  data.x = in.samples, data.count = in.n;
  self.busy(Use::read, [&](AnyRbm& rbm) {
    if (side == Side::visible) rbm.visible(w, data, to);
    if (side == Side::hidden) rbm.hidden(w, data, to);
    if (side == Side::energy) rbm.free_energy(w, data, to);
  });
  return y;
}

py::array gibbs(PyRbm& self, const py::object& X, const py::tuple& weights, int rounds, bool mean, std::uint64_t seed) {
  const RbmSettings& s = self.settings();
  Input in = input_of(X, Shape{{s.visible}});
  const RbmWeights<void> w = weights_of(s, weights, "weights");
  py::array y(numpy_dtype(s.dtype), std::vector<py::ssize_t>{in.n, s.visible});
  void* to = y.mutable_data();
  Data data;
  data.x = in.samples, data.count = in.n;
  self.busy(Use::read, [&](AnyRbm& rbm) { rbm.gibbs(w, data, rounds, mean, Draws{nullptr, seed, 0}, to); });
  return y;
}

}  // namespace

void bind_rbm(py::module_& m) {
  py::class_<PyRbm> c(m, "Rbm", "A restricted Boltzmann machine made ready; see _core.pyi.");
  c.def(py::init<int, int, bool, const std::string&, const std::string&, int, int, const std::string&>(),
        py::arg("visible"), py::arg("hidden"), py::kw_only(), py::arg("gaussian") = false, py::arg("dtype") = "float32",
        py::arg("backend") = "", py::arg("batch_size") = 64, py::arg("threads") = 1, py::arg("precision") = "float32");
  c.def("train_epoch", &train_epoch, py::arg("X"), py::arg("order"), py::arg("weights"), py::kw_only(), py::arg("rate"),
        py::arg("batch_size"), py::arg("steps") = 1, py::arg("momentum") = 0.0, py::arg("weight_decay") = 0.0,
        py::arg("target") = 0.0, py::arg("cost") = 0.0, py::arg("velocity") = py::none(), py::arg("chain") = py::none(),
        py::arg("activity") = py::none(), py::arg("bit_generator") = py::none(), py::arg("seed") = 0,
        py::arg("epoch") = 0, py::arg("poll") = py::none());
  c.def("hidden", &use<Side::hidden>, py::arg("X"), py::arg("weights"));
  c.def("visible", &use<Side::visible>, py::arg("H"), py::arg("weights"));
  c.def("free_energy", &use<Side::energy>, py::arg("X"), py::arg("weights"));
  c.def("gibbs", &gibbs, py::arg("X"), py::arg("weights"), py::kw_only(), py::arg("rounds") = 1,
        py::arg("mean") = false, py::arg("seed") = 0);
}

}  // namespace fastdl
