// Program: loss, rule, epochs.
#include <cmath>

#include "bindings/py_program.hpp"
#include "kernels/points.hpp"

namespace fastdl {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// X, y, order and sample_weight as one checked piece of data.
struct __attribute__((visibility("hidden"))) Batches {
  Input in;
  Array<std::int32_t> codes, lengths;
  std::vector<std::int32_t> answer_lengths;
  py::array targets, weights;
  Array<std::int64_t> order;

  Data data;

  Batches(const AnyProgram& p, const py::object& X, const py::object& y, const py::object& sample_weight,
          const py::object& rows, const py::object& steps, bool stateful, const std::string& sampling) {
    check(!p.settings().queue, "a program that shares a queue reads no targets.");
    in = input_of(X, p.input());
    data.x = in.samples;
    check_stateful(p, stateful);
    lengths = lengths_of(steps, in.n, p.input());
    data.lengths = steps.is_none() ? nullptr : lengths.data();
    check_least_steps(p, in.n, data.lengths);
    data.stateful = stateful;
    if (p.symbols()) check_codes(in, p.input().steps(), p.symbols(), data.lengths);
    const index outputs = p.output().c(), rows_of_one = p.output().steps() * p.output().pixels();
    std::vector<py::ssize_t> of_outputs = batch_shape(in.n, p.output());
    if (p.output().is_image()) of_outputs = {in.n, p.output().pixels(), outputs};
    std::vector<py::ssize_t> of_rows = of_outputs;  // (n,), (n, steps) or (n, pixels)
    of_rows.pop_back();
    check(!p.loss().compares || outputs > 1, "the hinge loss compares classes, but there is one output.");
    if (p.decodes()) {
      codes = exact<std::int32_t>(y, "y");
      check_shape(codes, of_rows, "y");
      answer_lengths = lengths_of_answers(codes, outputs);
      data.codes = codes.data(), data.answer_lengths = answer_lengths.data();
    } else if (p.loss().takes_codes) {
      codes = exact<std::int32_t>(y, "y");
      check_shape(codes, of_rows, "y");
      bool known = true;
      for (index i = 0; i < in.n && !p.loss().pairs; i++)
        known &= all_within(codes.data() + i * rows_of_one,
                            p.output().is_sequence() && data.lengths ? data.lengths[i] : rows_of_one, 0, outputs);
      check(known, "y has a code outside of 0.." + std::to_string(outputs - 1) + ".");
      data.codes = codes.data();
    } else if (p.loss().takes_boxes && p.output().is_image()) {
      take_boxes(y, p.settings().dtype, outputs);
    } else if (y.is_none()) {
      const bool same = p.output().is_row() ? p.output().size() == p.input().size() : p.output() == p.input();
      check(!p.input().is_sequence() && same,
            "without y the network learns its input, " + p.input().what() + ", but it gives " + p.output().what() +
                ". The last layer must give rows of as many values; of sequences, pass y.");
    } else {
      targets = exact(y, p.settings().dtype, "y");
      check_shape(targets, of_outputs, "y");
      data.targets = targets.data();
    }
    if (!sample_weight.is_none()) {
      weights = exact(sample_weight, p.settings().dtype, "sample_weight");
      data.weights_of_steps = weights.ndim() > 1;
      check_shape(weights, data.weights_of_steps ? of_rows : std::vector<py::ssize_t>{in.n}, "sample_weight");
      data.weights = weights.data();
    }
    check(sampling.empty() || p.output().is_image() || !data.codes,
          "sampling='" + sampling + "' is for targets of pixels, but the output is " + p.output().what() + ".");
    if (p.output().is_image() || !sampling.empty()) data.sampling = sampling_of(sampling);
    data.count = in.n;
    if (!rows.is_none()) {
      order = exact<std::int64_t>(rows, "order");
      check(all_within(order.data(), order.size(), 0, in.n), "order has an index outside of X.");
      data.order = order.data(), data.count = order.size();
    }
  }

  // Codes have nothing between them.
  Sampling sampling_of(const std::string& name) const {
    check(name.empty() || name == "nearest" || name == "bilinear",
          "sampling='" + name + "'; expected 'nearest' or 'bilinear'.");
    return data.codes || name == "nearest" ? Sampling::nearest : Sampling::bilinear;
  }

  void take_boxes(const py::object& y, DType dtype, index outputs) {
    targets = exact(y, dtype, "y");
    check(targets.ndim() == 3 && targets.shape(0) == in.n && targets.shape(2) == 5,
          "y has shape " + shape_text(targets) + "; expected (" + std::to_string(in.n) +
              ", boxes, 5): class, x1, y1, x2, y2 of each.");
    check(outputs > box_outputs, "boxes need an output for each class beside " + std::to_string(box_outputs) +
                                     " for the box, but there are " + std::to_string(outputs) + ".");
    data.boxes = targets.data(), data.box_room = targets.shape(1);
    const auto row_is_sound = [&](const auto* row) {
      const auto code = row[0];
      if (code < 0) return true;
      const bool known = code < outputs - box_outputs && code == std::floor(code);
      return known && row[1] <= row[3] && row[2] <= row[4] && std::isfinite(row[1] + row[2] + row[3] + row[4]);
    };
    bool are_sound = true;
    for (index i = 0; i < in.n * data.box_room; i++)
      are_sound &= dtype == DType::f32 ? row_is_sound(static_cast<const float*>(data.boxes) + 5 * i)
                                       : row_is_sound(static_cast<const double*>(data.boxes) + 5 * i);
    check(are_sound, "y has a row that is no box of a class of 0.." + std::to_string(outputs - box_outputs - 1) + ".");
  }
};

template <class T>
py::array copied(const void* from, std::vector<index> shape) {
  return py::array_t<T>(std::vector<py::ssize_t>(shape.begin(), shape.end()), static_cast<const T*>(from));
}

// function(pred, y, weight, norm, wants_gradient) -> (sum, gradient or None), on copies: the user may keep them.
template <class T>
OwnLoss own_loss(std::shared_ptr<py::object> function) {
  return [function = std::move(function)](const OwnLossCall& c) {
    py::gil_scoped_acquire gil;
    const py::array pred = copied<T>(c.pred, {c.rows, c.outputs});
    const py::array y = c.codes ? copied<std::int32_t>(c.codes, {c.rows}) : copied<T>(c.target, {c.rows, c.outputs});
    const py::tuple found =
        (*function)(pred, y, copied<T>(c.weight, {c.rows}), c.norm, c.dpred != nullptr).template cast<py::tuple>();
    if (c.dpred) {
      const auto dpred = exact<T>(found[1], "the gradient of the loss");
      check_shape(dpred, {py::ssize_t(c.rows), py::ssize_t(c.outputs)}, "the gradient of the loss");
      std::copy(dpred.data(), dpred.data() + dpred.size(), static_cast<T*>(c.dpred));
    }
    return found[0].template cast<double>();
  };
}

void set_own_loss(PyProgram& s, py::object function, bool codes) {
  // Copies of the loss and its end may come without the GIL.
  const std::shared_ptr<py::object> held(new py::object(std::move(function)), [](py::object* object) {
    py::gil_scoped_acquire gil;
    delete object;
  });
  const bool single = (*s).settings().dtype == DType::f32;
  const Loss loss{.takes_codes = codes, .own = single ? own_loss<float>(held) : own_loss<double>(held)};
  s.busy(Use::write, [&](AnyProgram& p) { p.set_loss(loss); });
}

py::object train_epoch(PyProgram& self, const py::object& X, const py::object& y, const py::object& order,
                       const py::object& rates, const py::object& sample_weight, int batch_size, std::uint32_t epoch,
                       const py::object& poll, const py::object& lengths, bool stateful,
                       const py::object& regularisation, std::uint64_t version, const std::string& sampling) {
  const AnyProgram& p = *self;
  Batches batches(p, X, y, sample_weight, order, lengths, stateful, sampling);
  batches.data.version = version;
  Array<double> rate = exact<double>(rates, "rates");
  int size = batch_size ? batch_size : p.settings().batch;
  check(size > 0, "batch_size=" + std::to_string(size) + "; expected a positive integer.");
  check(size <= p.settings().batch, "batch_size=" + std::to_string(size) +
                                        " is above the largest this program was compiled for, " +
                                        std::to_string(p.settings().batch) + ".");
  index count = (batches.data.count + size - 1) / size;
  const auto per_batch = [count](const Array<double>& a, const std::string& name) {
    check(a.size() == 1 || a.size() == count,
          name + " must hold one value, or one for each of the " + std::to_string(count) + " batches.");
    return PerBatch{.values = a.data(), .one = a.size() == 1};
  };
  const PerBatch each_rate = per_batch(rate, "rates");
  constexpr double whole = 1;
  Array<double> factors = exact_or_none<double>(regularisation, "regularisation");
  const PerBatch each_factor =
      regularisation.is_none() ? PerBatch{.values = &whole, .one = true} : per_batch(factors, "regularisation");
  for (index i = 0; i < factors.size() && !regularisation.is_none(); i++)
    check(factors.data()[i] >= 0 && factors.data()[i] <= 1, "regularisation must hold numbers from 0 to 1.");
  Poll ask;
  if (!poll.is_none())
    ask = [&poll] {
      py::gil_scoped_acquire gil;
      return poll().cast<bool>();
    };
  const EpochResult r = self.busy(Use::write, [&](AnyProgram& program) {
    return program.train_epoch(batches.data, each_rate, each_factor, size, epoch, ask);
  });
  const char* status[] = {"done", "diverged", "interrupted"};
  return py::module_::import("fastdl._core")
      .attr("EpochResult")(r.loss, r.penalty, r.n_batches, status[int(r.status)], py::tuple(py::cast(r.sides)));
}

py::tuple loss_and_grads(PyProgram& self, const py::object& X, const py::object& y, const py::object& sample_weight,
                         bool evaluation, const py::object& lengths, bool stateful, const std::string& sampling) {
  double loss = 0, penalty = 0;
  Batches batches(*self, X, y, sample_weight, py::none(), lengths, stateful, sampling);
  self.busy(Use::write, [&](AnyProgram& p) { p.loss_and_grads(batches.data, evaluation, loss, penalty); });
  return py::make_tuple(loss, penalty);
}

}  // namespace

void bind_training(ProgramClass& c) {
  c.def_property_readonly("side_losses", [](PyProgram& s) {
    return py::tuple(py::cast(s.busy(Use::read, [](AnyProgram& p) { return p.side_losses(); })));
  });
  c.def(
      "set_loss",
      [](PyProgram& s, const std::string& kind, double param, double cap) {
        const LossKind found = loss_kind(kind);
        const Loss loss{.kind = found,
                        .takes_codes = loss_takes_codes(found),
                        .compares = loss_compares(found),
                        .takes_boxes = loss_takes_boxes(found),
                        .pairs = loss_pairs(found),
                        .param = param,
                        .cap = cap};
        s.busy(Use::write, [&](AnyProgram& p) { p.set_loss(loss); });
      },
      py::arg("kind"), py::arg("param") = 0.0, py::arg("cap") = infinity);
  c.def("set_own_loss", &set_own_loss, py::arg("function"), py::arg("codes"));
  c.def(
      "set_optimizer_rule",
      [](PyProgram& s, const std::string& kind, double momentum, double beta1, double beta2, double eps,
         double weight_decay, double l1, double l2, double max_norm, double clip_value, double clip_norm,
         const py::object& lr_multipliers, const py::object& decay_multipliers) {
        Rule rule{.kind = update_kind(kind),
                  .momentum = momentum,
                  .beta1 = beta1,
                  .beta2 = beta2,
                  .eps = eps,
                  .weight_decay = weight_decay,
                  .l1 = l1,
                  .l2 = l2,
                  .max_norm = max_norm,
                  .clip_value = clip_value,
                  .clip_norm = clip_norm};
        const auto each = [&](const py::object& given, const std::string& name) {
          std::vector<double> values;
          if (!given.is_none()) values = given.cast<std::vector<double>>();
          check(
              values.empty() || values.size() == s->parameters().size(),
              name + " must hold one value for each of the " + std::to_string(s->parameters().size()) + " parameters.");
          return values;
        };
        const auto rates = each(lr_multipliers, "lr_multipliers");
        const auto decays = each(decay_multipliers, "decay_multipliers");
        s.busy(Use::write, [&](AnyProgram& p) { p.set_rule(rule, rates, decays); });
      },
      py::arg("kind"), py::kw_only(), py::arg("momentum") = 0.9, py::arg("beta1") = 0.9, py::arg("beta2") = 0.999,
      py::arg("eps") = 1e-8, py::arg("weight_decay") = 0.0, py::arg("l1") = 0.0, py::arg("l2") = 0.0,
      py::arg("max_norm") = infinity, py::arg("clip_value") = infinity, py::arg("clip_norm") = infinity,
      py::arg("lr_multipliers") = py::none(), py::arg("decay_multipliers") = py::none());
  c.def("train_epoch", &train_epoch, py::arg("X"), py::arg("y"), py::arg("order"), py::arg("rates"), py::kw_only(),
        py::arg("sample_weight") = py::none(), py::arg("batch_size") = 0, py::arg("epoch") = 0,
        py::arg("poll") = py::none(), py::arg("lengths") = py::none(), py::arg("stateful") = false,
        py::arg("regularisation") = py::none(), py::arg("version") = 0, py::arg("sampling") = "");
  c.def("loss_and_grads", &loss_and_grads, py::arg("X"), py::arg("y"), py::kw_only(),
        py::arg("sample_weight") = py::none(), py::arg("evaluation") = false, py::arg("lengths") = py::none(),
        py::arg("stateful") = false, py::arg("sampling") = "");
}

}  // namespace fastdl
