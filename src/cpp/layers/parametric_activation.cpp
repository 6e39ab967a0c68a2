// parametric_activation: y = x + slope (f(x) - x), with one learnt slope for each feature or channel: 0 is the
// identity, 1 the function (Holzmueller, Grinsztajn and Steinwart 2024).
#include "kernels/pointwise.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct ParametricActivation : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  ActivationKind kind;
  T alpha;
  Param slope;  // (channels,)

  void plan(Plan<T>& plan) override {
    kind = activation_kind(spec.text("function"));
    alpha = spec.number("alpha");
    this->learns = plan.learns(spec);
    int channels = in.shape.c();
    slope = plan.parameter(spec, "slope", "gain", {channels}, channels, channels);
    out = plan.tensor(in.shape, in.wants_gradient || this->learns);
    out.overwritable = true;
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.pointwise.parametric_activation_forward(f.team, kind, alpha, norm_shape(f, in.shape), f.value(in),
                                                      f.param(slope), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.pointwise.parametric_activation_backward(f.team, kind, alpha, norm_shape(f, in.shape), f.value(in),
                                                       f.param(slope), f.gradient(out), f.gradient(in),
                                                       this->learns ? f.grad(slope) : nullptr);
  }
};

}  // namespace

FASTDL_LAYER(ParametricActivation)

}  // namespace fastdl
