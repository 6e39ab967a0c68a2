// The kernels that stand alone: losses, update rules, im2col. fastdl.functional prepares the arrays.
#include <algorithm>

#include "bindings/values.hpp"
#include "core/backend.hpp"
#include "core/threads.hpp"
#include "kernels/conv2d.hpp"
#include "kernels/training.hpp"
#include "program/any_program.hpp"
#include "program/optimizer.hpp"

namespace fastdl {
namespace {

using Queue = std::shared_ptr<DeviceQueue>;  // null: the host's threads do the work

// body(number of the element type, its kernels)
template <class Body>
void for_dtype(const py::object& a, const Queue& queue, Body body) {
  const Backend& backend = queue ? queue->backend() : find_backend("");
  const py::object dtype = a.attr("dtype");
  if (dtype.equal(py::dtype::of<float>())) return body(float{}, kernels_of<float>(backend));
  if (dtype.equal(py::dtype::of<double>())) return body(double{}, kernels_of<double>(backend));
  throw py::type_error("expected arrays of float32 or float64, got " + std::string(py::str(dtype)) + ".");
}

// kernel(team) over count elements; few are done sooner by one thread.
template <class F>
void share_out(index count, const Queue& queue, F kernel) {
  if (queue) return queue->run(kernel);
  run_team(count < 100'000 ? 1 : usable_threads(max_threads()), kernel);
}

// A value where kernels read and write it.
template <class S>
class Placed {
 public:
  Placed(const S& value, const Queue& queue)
      : queue_(queue), here_(value), there_(queue ? 1 : 0, queue ? queue->backend().memory : host_memory) {
    if (queue) queue->copy_in(there_.data(), &here_, sizeof here_);
  }
  S* data() { return queue_ ? there_.data() : &here_; }
  S get() {
    if (queue_) queue_->copy_out(&here_, there_.data(), sizeof here_);
    return here_;
  }

 private:
  const Queue& queue_;
  S here_;
  Block<S> there_;
};

template <class T>
T* in(const Values& values) {
  return static_cast<T*>(values.data);
}

// value (n,): weight times loss of each sample, whose sum is returned; dpred: its gradient divided by norm.
double loss(const std::string& kind, const py::object& pred, const py::object& target, const py::object& weight,
            double norm, double param, const py::object& value, const py::object& dpred, const Queue& queue) {
  const DeviceQueue* there = queue.get();
  const Visit visit(there ? there->backend().device : nullptr);
  double sum = 0;
  for_dtype(pred, queue, [&](auto t, const auto& kernels) {
    using T = decltype(t);
    const py::dtype dtype = py::dtype::of<T>();
    const Values p = values_of(pred, dtype, "pred", there);
    check(p.shape.size() == 2, "pred must have shape (n, outputs), got " + text_of(p.shape) + ".");
    LossArgs<T> args{};
    args.kind = loss_kind(kind), args.param = param, args.cap = std::numeric_limits<T>::infinity();
    args.n = int(p.shape[0]), args.outputs = int(p.shape[1]), args.pred = in<T>(p);
    check(!loss_compares(args.kind) || args.outputs > 1, "the hinge loss compares classes, but pred has one column.");
    const bool takes_codes = loss_takes_codes(args.kind);
    const Values y = values_of(target, takes_codes ? py::dtype::of<std::int32_t>() : dtype, "y", there);
    if (takes_codes) {
      check(y.size == args.n, "y must hold one code for each row of pred.");
      // What lies on a device was looked at before it went there.
      check(queue || loss_pairs(args.kind) || all_within(in<std::int32_t>(y), args.n, 0, args.outputs),
            "y has a code outside of 0.." + std::to_string(args.outputs - 1) + ".");
      args.codes = in<std::int32_t>(y);
    } else {
      check(y.size == p.size, "y has shape " + text_of(y.shape) + ", but pred has " + text_of(p.shape) + ".");
      args.target = in<T>(y);
    }
    const Values weights = values_or_none(weight, dtype, "sample_weight", there);
    check(weight.is_none() || weights.size == args.n, "sample_weight must hold one value for each row of pred.");
    args.weight = in<T>(weights);
    const Values values = values_of(value, py::dtype::of<double>(), "value", there);
    check(values.size == args.n, "value must hold one number for each row of pred.");
    args.value = in<double>(values);
    const Values gradient = values_or_none(dpred, dtype, "dpred", there);
    check(dpred.is_none() || gradient.size == p.size, "dpred must have the shape of pred.");
    args.dpred = in<T>(gradient);
    const Block<T> pairs(loss_pairs(args.kind) ? 3 * index(args.n) * args.n : 0,
                         there ? there->backend().memory : host_memory);
    args.pairs = pairs.data();
    Placed<double> divisor(norm, queue), total(0, queue);
    args.norm = divisor.data(), args.share = 1, args.total = total.data();
    share_out(1, queue, [&](const Team& team) { kernels.training.loss(team, args); });
    sum = total.get();
  });
  return sum;
}

void update(const std::string& kind, const py::object& params, const py::object& grads, const py::object& first,
            const py::object& second, long step, double rate, double momentum, double beta1, double beta2, double eps,
            double weight_decay, double l1, double l2, double clip_value, const Queue& queue) {
  const DeviceQueue* there = queue.get();
  const Visit visit(there ? there->backend().device : nullptr);
  for_dtype(params, queue, [&](auto t, const auto& kernels) {
    using T = decltype(t);
    const py::dtype dtype = py::dtype::of<T>();
    Rule rule;
    rule.kind = update_kind(kind), rule.momentum = momentum, rule.beta1 = beta1, rule.beta2 = beta2, rule.eps = eps;
    rule.clip_value = clip_value;
    Tally numbers{};
    numbers.now = step_numbers(rule, step, rate, 1), numbers.norm = 1;
    Placed<Tally> tally(numbers, queue);
    UpdateArgs<T> args = update_args<T>(rule);
    args.tally = tally.data(), args.l1 = l1, args.l2 = l2, args.decay = weight_decay;
    const Values w = values_of(params, dtype, "params", there), g = values_of(grads, dtype, "grads", there);
    const Values m = values_or_none(first, dtype, "the first moments", there);
    const Values v = values_or_none(second, dtype, "the second moments", there);
    args.count = w.size;
    check(g.size == w.size, "grads has shape " + text_of(g.shape) + ", but params has " + text_of(w.shape) + ".");
    int moments = n_moments(rule.kind);
    check((moments < 1 || (!first.is_none() && m.size == w.size)) &&
              (moments < 2 || (!second.is_none() && v.size == w.size)),
          "the state of '" + kind + "' must have the shape of params.");
    args.w = in<T>(w), args.g = in<T>(g);
    args.m = moments > 0 ? in<T>(m) : nullptr;
    args.v = moments > 1 ? in<T>(v) : nullptr;
    share_out(args.count, queue, [&](const Team& team) { kernels.training.update(team, args); });
  });
}

// padding: top, bottom, left, right.
Conv2DShape patches_shape(const Values& x, const Values& cols, const std::array<int, 2>& size,
                          const std::array<int, 2>& stride, const std::array<int, 4>& padding,
                          const std::array<int, 2>& dilation) {
  check(x.shape.size() == 4, "x must have shape (n, h, w, c), got " + text_of(x.shape) + ".");
  Conv2DShape s{};
  s.n = int(x.shape[0]), s.h = int(x.shape[1]), s.w = int(x.shape[2]), s.c = int(x.shape[3]);
  s.kh = size[0], s.kw = size[1], s.sh = stride[0], s.sw = stride[1], s.dh = dilation[0], s.dw = dilation[1];
  s.top = padding[0], s.left = padding[2], s.groups = 1;
  s.oh = (s.h + padding[0] + padding[1] - s.dh * (s.kh - 1) - 1) / s.sh + 1;
  s.ow = (s.w + padding[2] + padding[3] - s.dw * (s.kw - 1) - 1) / s.sw + 1;
  const py::ssize_t rows = index(s.n) * s.oh * s.ow, columns = index(s.kh) * s.kw * s.c;
  check(s.oh > 0 && s.ow > 0 && cols.shape == std::vector{rows, columns}, "cols has shape " + text_of(cols.shape) +
                                                                              "; expected (" + std::to_string(rows) +
                                                                              ", " + std::to_string(columns) + ").");
  return s;
}

// From x to cols, or back.
template <bool back>
void move_patches(const py::object& from, const py::object& to, std::array<int, 2> size, std::array<int, 2> stride,
                  std::array<int, 4> padding, std::array<int, 2> dilation, const Queue& queue) {
  const DeviceQueue* there = queue.get();
  const Visit visit(there ? there->backend().device : nullptr);
  for_dtype(from, queue, [&](auto t, const auto& kernels) {
    using T = decltype(t);
    const py::dtype dtype = py::dtype::of<T>();
    const Values a = values_of(from, dtype, back ? "cols" : "x", there);
    const Values b = values_of(to, dtype, back ? "x" : "cols", there);
    const Conv2DShape s = patches_shape(back ? b : a, back ? a : b, size, stride, padding, dilation);
    const auto row = back ? kernels.conv2d.col2im : kernels.conv2d.im2col;
    share_out((back ? a : b).size, queue, [&](const Team& team) { row(team, s, in<T>(a), in<T>(b)); });
  });
}

}  // namespace

void bind_functions(py::module_& m) {
  m.def("loss", &loss, py::arg("kind"), py::arg("pred"), py::arg("target"), py::arg("weight"), py::arg("norm"),
        py::arg("param"), py::arg("value"), py::arg("dpred"), py::arg("queue") = py::none());
  m.def("update", &update, py::arg("kind"), py::arg("params"), py::arg("grads"), py::arg("first"), py::arg("second"),
        py::kw_only(), py::arg("step"), py::arg("rate"), py::arg("momentum"), py::arg("beta1"), py::arg("beta2"),
        py::arg("eps"), py::arg("weight_decay"), py::arg("l1"), py::arg("l2"), py::arg("clip_value"),
        py::arg("queue") = py::none());
  m.def("im2col", &move_patches<false>, py::arg("x"), py::arg("cols"), py::arg("size"), py::arg("stride"),
        py::arg("padding"), py::arg("dilation"), py::arg("queue") = py::none());
  m.def("col2im", &move_patches<true>, py::arg("cols"), py::arg("x"), py::arg("size"), py::arg("stride"),
        py::arg("padding"), py::arg("dilation"), py::arg("queue") = py::none());
}

}  // namespace fastdl
