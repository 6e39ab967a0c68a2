// tied_dense: y (n, out) = x (n, in) w^T + b (out,), with w (out, in) the weights of an earlier dense layer.
#include "kernels/dense.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct TiedDense : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  DenseWeight w;
  int features, units;
  Buffer dw = -1;  // its part of w's gradient, which the dense layer adds to its own
  Param b = -1;

  void plan(Plan<T>& plan) override {
    const std::string& other = spec.text("tied_to");
    auto found = plan.dense_weights.find(other);
    check(found != plan.dense_weights.end(), this->who() + ": tied_to='" + other + "' is no Dense before it.");
    w = found->second;
    features = w.units, units = w.features;
    check(in.shape == Shape{{features}}, this->who() + ": the weights of '" + other + "' take rows of " +
                                             std::to_string(features) + " features back to " + std::to_string(units) +
                                             ", but its input is " + in.shape.text() + ".");
    this->learns = plan.learns(spec) && spec.flag("bias");
    if (spec.flag("bias")) b = plan.parameter(spec, "bias", "bias", {units}, features, units);
    if (w.learns) {
      check(*w.tied < 0, this->who() + ": '" + other + "' is tied to another layer already.");
      dw = *w.tied = plan.saved(index(features) * units);
    }
    out = plan.tensor({{units}}, in.wants_gradient || this->learns || w.learns);
    out.overwritable = true;
    plan.scratch(plan.kernels.dense.dense_scratch(plan.batch, features, units, plan.threads));
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.dense.tied_dense_forward(f.team, f.n, features, units, f.value(in), f.param(w.weight), f.param(b),
                                       f.value(out), f.scratch);
  }

  void backward(const Frame<T>& f) const override {
    const T* dy = f.gradient(out);
    f.kernels.dense.tied_dense_backward_weights(f.team, f.n, features, units, f.value(in), dy,
                                                dw < 0 ? nullptr : f.saved(dw), this->learns ? f.grad(b) : nullptr,
                                                f.scratch);
    if (T* dx = f.gradient(in))
      f.kernels.dense.dense_forward(f.team, f.n, units, features, dy, f.param(w.weight), nullptr, false, dx, f.scratch);
  }
};

}  // namespace

FASTDL_LAYER(TiedDense)

}  // namespace fastdl
