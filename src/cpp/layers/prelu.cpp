// prelu: y = x for x > 0, alpha x below, with one learnt alpha for each channel (He et al. 2015).
#include "kernels/pointwise.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct PReLU : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Param alpha;  // (channels,)

  void plan(Plan<T>& plan) override {
    this->learns = plan.learns(spec);
    int channels = in.shape.c();
    alpha = plan.parameter(spec, "alpha", "gain", {channels}, channels, channels);
    out = plan.tensor(in.shape, in.wants_gradient || this->learns);
    out.overwritable = true;
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.pointwise.prelu_forward(f.team, norm_shape(f, in.shape), f.value(in), f.param(alpha), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.pointwise.prelu_backward(f.team, norm_shape(f, in.shape), f.value(in), f.param(alpha), f.gradient(out),
                                       f.gradient(in), this->learns ? f.grad(alpha) : nullptr);
  }
};

}  // namespace

FASTDL_LAYER(PReLU)

}  // namespace fastdl
