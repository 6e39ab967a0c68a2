// The kernels that stand alone: losses, update rules, im2col. fastdl.functional prepares the arrays.
#include <algorithm>

#include "bindings/numpy.hpp"
#include "core/backend.hpp"
#include "core/threads.hpp"
#include "kernels/conv2d.hpp"
#include "kernels/training.hpp"
#include "program/any_program.hpp"
#include "program/optimizer.hpp"

namespace fastdl {
namespace {

constexpr Team alone{};

// Runs kernel(team) over count elements; few are done sooner by one thread.
template <class F>
void share_out(index count, F kernel) {
  run_team(count < 100'000 ? 1 : usable_threads(max_threads()), kernel);
}

template <class T>
const Kernels<T>& kernels() {
  return kernels_of<T>(find_backend(""));
}

template <class F>
void for_dtype(const py::array& a, F f) {
  if (py::isinstance<py::array_t<float>>(a)) return f(float{});
  if (py::isinstance<py::array_t<double>>(a)) return f(double{});
  throw py::type_error("expected arrays of float32 or float64, got " + std::string(py::str(a.dtype())) + ".");
}

// value (n,): weight times loss of each sample; dpred: its gradient divided by norm.
void loss(const std::string& kind, const py::array& pred, const py::object& target, const py::object& weight,
          double norm, double param, const py::object& value, const py::object& dpred) {
  for_dtype(pred, [&](auto t) {
    using T = decltype(t);
    auto p = exact<T>(pred, "pred");
    check(p.ndim() == 2, "pred must have shape (n, outputs), got " + shape_text(p) + ".");
    LossArgs<T> args{};
    args.kind = loss_kind(kind), args.param = param, args.cap = std::numeric_limits<T>::infinity();
    args.n = int(p.shape(0)), args.outputs = int(p.shape(1)), args.pred = p.data();
    double total;
    args.norm = &norm, args.share = 1, args.total = &total;
    check(!loss_compares(args.kind) || args.outputs > 1, "the hinge loss compares classes, but pred has one column.");
    Array<std::int32_t> codes;
    Array<T> targets;
    if (loss_takes_codes(args.kind)) {
      codes = exact<std::int32_t>(target, "y");
      check(codes.size() == args.n, "y must hold one code for each row of pred.");
      check(loss_pairs(args.kind) || all_within(codes.data(), args.n, 0, args.outputs),
            "y has a code outside of 0.." + std::to_string(args.outputs - 1) + ".");
      args.codes = codes.data();
    } else {
      targets = exact<T>(target, "y");
      check(targets.size() == p.size(), "y has shape " + shape_text(targets) + ", but pred has " + shape_text(p) + ".");
      args.target = targets.data();
    }
    auto weights = exact_or_none<T>(weight, "sample_weight");
    if (!weight.is_none()) {
      check(weights.size() == args.n, "sample_weight must hold one value for each row of pred.");
      args.weight = weights.data();
    }
    auto values = exact<double>(value, "value");
    check(values.size() == args.n, "value must hold one number for each row of pred.");
    args.value = values.mutable_data();
    auto gradient = exact_or_none<T>(dpred, "dpred");
    if (!dpred.is_none()) {
      check(gradient.size() == p.size(), "dpred must have the shape of pred.");
      args.dpred = gradient.mutable_data();
    }
    std::vector<T> pairs(loss_pairs(args.kind) ? 3 * std::size_t(args.n) * args.n : 0);
    args.pairs = pairs.data();
    kernels<T>().training.loss(alone, args);
  });
}

void update(const std::string& kind, const py::array& params, const py::object& grads, const py::object& first,
            const py::object& second, long step, double rate, double momentum, double beta1, double beta2, double eps,
            double weight_decay, double l1, double l2, double clip_value) {
  for_dtype(params, [&](auto t) {
    using T = decltype(t);
    Rule rule;
    rule.kind = update_kind(kind), rule.momentum = momentum, rule.beta1 = beta1, rule.beta2 = beta2, rule.eps = eps;
    rule.clip_value = clip_value;
    Tally tally{};
    tally.now = step_numbers(rule, step, rate, 1), tally.norm = 1;
    UpdateArgs<T> args = update_args<T>(rule);
    args.tally = &tally, args.l1 = l1, args.l2 = l2, args.decay = weight_decay;
    auto w = exact<T>(params, "params"), g = exact<T>(grads, "grads");
    auto m = exact_or_none<T>(first, "the first moments"), v = exact_or_none<T>(second, "the second moments");
    args.count = w.size();
    check(g.size() == w.size(), "grads has shape " + shape_text(g) + ", but params has " + shape_text(w) + ".");
    int moments = n_moments(rule.kind);
    check((moments < 1 || (!first.is_none() && m.size() == w.size())) &&
              (moments < 2 || (!second.is_none() && v.size() == w.size())),
          "the state of '" + kind + "' must have the shape of params.");
    args.w = w.mutable_data(), args.g = g.data();
    args.m = moments > 0 ? m.mutable_data() : nullptr;
    args.v = moments > 1 ? v.mutable_data() : nullptr;
    share_out(args.count, [&](const Team& team) { kernels<T>().training.update(team, args); });
  });
}

// padding: top, bottom, left, right.
Conv2DShape patches_shape(const py::array& x, const py::array& cols, const std::array<int, 2>& size,
                          const std::array<int, 2>& stride, const std::array<int, 4>& padding,
                          const std::array<int, 2>& dilation) {
  check(x.ndim() == 4, "x must have shape (n, h, w, c), got " + shape_text(x) + ".");
  Conv2DShape s{};
  s.n = int(x.shape(0)), s.h = int(x.shape(1)), s.w = int(x.shape(2)), s.c = int(x.shape(3));
  s.kh = size[0], s.kw = size[1], s.sh = stride[0], s.sw = stride[1], s.dh = dilation[0], s.dw = dilation[1];
  s.top = padding[0], s.left = padding[2], s.groups = 1;
  s.oh = (s.h + padding[0] + padding[1] - s.dh * (s.kh - 1) - 1) / s.sh + 1;
  s.ow = (s.w + padding[2] + padding[3] - s.dw * (s.kw - 1) - 1) / s.sw + 1;
  index rows = index(s.n) * s.oh * s.ow, columns = index(s.kh) * s.kw * s.c;
  check(s.oh > 0 && s.ow > 0 && cols.ndim() == 2 && cols.shape(0) == rows && cols.shape(1) == columns,
        "cols has shape " + shape_text(cols) + "; expected (" + std::to_string(rows) + ", " + std::to_string(columns) +
            ").");
  return s;
}

}  // namespace

void bind_functions(py::module_& m) {
  m.def("loss", &loss, py::arg("kind"), py::arg("pred"), py::arg("target"), py::arg("weight"), py::arg("norm"),
        py::arg("param"), py::arg("value"), py::arg("dpred"));
  m.def("update", &update, py::arg("kind"), py::arg("params"), py::arg("grads"), py::arg("first"), py::arg("second"),
        py::kw_only(), py::arg("step"), py::arg("rate"), py::arg("momentum"), py::arg("beta1"), py::arg("beta2"),
        py::arg("eps"), py::arg("weight_decay"), py::arg("l1"), py::arg("l2"), py::arg("clip_value"));
  m.def(
      "im2col",
      [](const py::array& x, const py::array& cols, std::array<int, 2> size, std::array<int, 2> stride,
         std::array<int, 4> padding, std::array<int, 2> dilation) {
        Conv2DShape s = patches_shape(x, cols, size, stride, padding, dilation);
        for_dtype(x, [&](auto t) {
          using T = decltype(t);
          const T* from = exact<T>(x, "x").data();
          T* to = exact<T>(cols, "cols").mutable_data();
          share_out(cols.size(), [&](const Team& team) { kernels<T>().conv2d.im2col(team, s, from, to); });
        });
      },
      py::arg("x"), py::arg("cols"), py::arg("size"), py::arg("stride"), py::arg("padding"), py::arg("dilation"));
  m.def(
      "col2im",
      [](const py::array& cols, const py::array& x, std::array<int, 2> size, std::array<int, 2> stride,
         std::array<int, 4> padding, std::array<int, 2> dilation) {
        Conv2DShape s = patches_shape(x, cols, size, stride, padding, dilation);
        for_dtype(x, [&](auto t) {
          using T = decltype(t);
          const T* from = exact<T>(cols, "cols").data();
          T* to = exact<T>(x, "x").mutable_data();
          share_out(cols.size(), [&](const Team& team) { kernels<T>().conv2d.col2im(team, s, from, to); });
        });
      },
      py::arg("cols"), py::arg("x"), py::arg("size"), py::arg("stride"), py::arg("padding"), py::arg("dilation"));
}

}  // namespace fastdl
