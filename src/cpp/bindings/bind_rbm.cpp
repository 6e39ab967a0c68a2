// Rbm: restricted Boltzmann machines; see _core.pyi.
#include <memory>
#include <variant>

#include "bindings/py_program.hpp"
#include "program/rbm.hpp"

namespace fastdl {
namespace {

class PyRbm {
 public:
  PyRbm(int visible, int hidden, bool gaussian, const std::string& dtype, const std::string& backend, int batch,
        int threads)
      : rbm_(make(RbmSettings{backend, visible, hidden, gaussian, batch, std::max(1, threads)}, dtype)) {}

  template <class F>
  auto visit(F f) {
    return std::visit([&](auto& rbm) { return f(*rbm); }, rbm_);
  }
  UseLock& lock() { return lock_; }

 private:
  using Either = std::variant<std::unique_ptr<Rbm<float>>, std::unique_ptr<Rbm<double>>>;

  static Either make(const RbmSettings& s, const std::string& dtype) {
    check(s.visible > 0 && s.hidden > 0, "an RBM needs at least one visible and one hidden unit, got " +
                                             std::to_string(s.visible) + " and " + std::to_string(s.hidden) + ".");
    check(s.batch > 0, "batch_size=" + std::to_string(s.batch) + "; expected a positive integer.");
    if (dtype == "float32") return std::make_unique<Rbm<float>>(s);
    if (dtype == "float64") return std::make_unique<Rbm<double>>(s);
    throw Error("dtype='" + dtype + "'; expected 'float32' or 'float64'.");
  }

  Either rbm_;
  UseLock lock_;
};

template <class T>
T* pointer(const py::handle& array, const std::vector<py::ssize_t>& shape, const std::string& name) {
  Array<T> a = exact<T>(array, name);
  check_shape(a, shape, name);
  return a.mutable_data();
}

template <class T>
RbmWeights<T> weights_of(const RbmSettings& s, const py::tuple& arrays, const std::string& name) {
  check(arrays.size() == 3, name + " must be a tuple of w, b and c.");
  return {pointer<T>(arrays[0], {s.visible, s.hidden}, name + "[0]"), pointer<T>(arrays[1], {s.visible}, name + "[1]"),
          pointer<T>(arrays[2], {s.hidden}, name + "[2]")};
}

const BitGenerator* numpy_generator(const py::object& capsule) {
  if (capsule.is_none()) return nullptr;
  auto* generator = PyCapsule_GetPointer(capsule.ptr(), "BitGenerator");
  if (!generator) throw py::error_already_set();
  return static_cast<const BitGenerator*>(generator);
}

// X with as many columns as there are units on that side.
template <class T>
Data<T> data_of(const Input& in) {
  Data<T> data;
  data.x = in.samples, data.count = in.n;
  return data;
}

std::string train_epoch(PyRbm& self, const py::object& X, const py::object& order, const py::tuple& weights,
                        double rate, int batch_size, int steps, double momentum, double weight_decay, double target,
                        double cost, const py::object& velocity, const py::object& chain, const py::object& activity,
                        const py::object& bit_generator, std::uint64_t seed, std::uint32_t epoch,
                        const py::object& poll) {
  return self.visit([&](auto& rbm) -> std::string {
    using T = value_of<std::decay_t<decltype(rbm)>>;
    const RbmSettings& s = rbm.settings();
    Input in = input_of(X, Shape{{s.visible}});
    Data<T> data = data_of<T>(in);
    Array<std::int64_t> rows = exact<std::int64_t>(order, "order");
    for (index i = 0; i < rows.size(); i++)
      check(rows.data()[i] >= 0 && rows.data()[i] < in.n, "order has an index outside of X.");
    data.order = rows.data(), data.count = rows.size();
    check(batch_size > 0 && batch_size <= s.batch,
          "batch_size=" + std::to_string(batch_size) + "; expected 1 to " + std::to_string(s.batch) + ".");
    check(steps > 0, "steps=" + std::to_string(steps) + "; expected a positive integer.");
    RbmLearning<T> learning;
    learning.rate = rate, learning.momentum = momentum, learning.weight_decay = weight_decay;
    learning.steps = steps, learning.target = target, learning.cost = cost;
    learning.weights = weights_of<T>(s, weights, "weights");
    if (!velocity.is_none()) learning.velocity = weights_of<T>(s, py::tuple(velocity), "velocity");
    if (!chain.is_none()) {
      Array<T> a = exact<T>(chain, "chain");
      learning.chains = a.ndim() ? a.shape(0) : 0;
      check(learning.chains > 0 && learning.chains <= s.batch,
            "chain has shape " + shape_text(a) + "; expected 1 to " + std::to_string(s.batch) + " rows.");
      learning.chain = pointer<T>(chain, {learning.chains, s.hidden}, "chain");
    }
    if (!activity.is_none()) learning.activity = pointer<T>(activity, {s.hidden}, "activity");
    Draws draws{numpy_generator(bit_generator), seed, epoch};
    check(!draws.numpy || !s.gaussian, "NumPy's draws are for Bernoulli units.");
    Poll ask;
    if (!poll.is_none())
      ask = [&poll] {
        py::gil_scoped_acquire gil;
        return poll().cast<bool>();
      };
    Busy busy(self.lock(), Use::write);
    return rbm.train_epoch(data, batch_size, learning, draws, ask).status == Status::done ? "done" : "interrupted";
  });
}

enum class Side { visible, hidden, energy };

template <Side side>
py::array use(PyRbm& self, const py::object& X, const py::tuple& weights) {
  return self.visit([&](auto& rbm) -> py::array {
    using T = value_of<std::decay_t<decltype(rbm)>>;
    const RbmSettings& s = rbm.settings();
    Input in = input_of(X, Shape{{side == Side::visible ? s.hidden : s.visible}});
    RbmWeights<T> w = weights_of<T>(s, weights, "weights");
    std::vector<py::ssize_t> shape{in.n, side == Side::visible ? s.visible : s.hidden};
    if (side == Side::energy) shape.pop_back();
    Array<T> y = new_array<T>(shape);
    T* to = y.mutable_data();
    Data<T> data = data_of<T>(in);
    {
      Busy busy(self.lock(), Use::read);
      if (side == Side::visible) rbm.visible(w, data, to);
      if (side == Side::hidden) rbm.hidden(w, data, to);
      if (side == Side::energy) rbm.free_energy(w, data, to);
    }
    return y;
  });
}

py::array gibbs(PyRbm& self, const py::object& X, const py::tuple& weights, int rounds, bool mean, std::uint64_t seed) {
  return self.visit([&](auto& rbm) -> py::array {
    using T = value_of<std::decay_t<decltype(rbm)>>;
    const RbmSettings& s = rbm.settings();
    Input in = input_of(X, Shape{{s.visible}});
    RbmWeights<T> w = weights_of<T>(s, weights, "weights");
    Array<T> y = new_array<T>({in.n, s.visible});
    T* to = y.mutable_data();
    Data<T> data = data_of<T>(in);
    {
      Busy busy(self.lock(), Use::read);
      rbm.gibbs(w, data, rounds, mean, Draws{nullptr, seed, 0}, to);
    }
    return y;
  });
}

}  // namespace

void bind_rbm(py::module_& m) {
  py::class_<PyRbm> c(m, "Rbm", "A restricted Boltzmann machine made ready; see _core.pyi.");
  c.def(py::init<int, int, bool, const std::string&, const std::string&, int, int>(), py::arg("visible"),
        py::arg("hidden"), py::kw_only(), py::arg("gaussian") = false, py::arg("dtype") = "float32",
        py::arg("backend") = "", py::arg("batch_size") = 64, py::arg("threads") = 1);
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
