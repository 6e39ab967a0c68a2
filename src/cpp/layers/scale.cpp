// scale: y = gain x, with one learnt gain for each feature or channel.
#include "kernels/pointwise.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Scale : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Param gain;  // (channels,)

  void plan(Plan<T>& plan) override {
    this->learns = plan.learns(spec);
    int channels = in.shape.c();
    gain = plan.parameter(spec, "gain", "gain", {channels}, channels, channels);
    out = plan.tensor(in.shape, in.wants_gradient || this->learns);
    out.overwritable = true;
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.pointwise.scale_forward(f.team, norm_shape(f, in.shape), f.value(in), f.param(gain), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.pointwise.scale_backward(f.team, norm_shape(f, in.shape), f.value(in), f.param(gain), f.gradient(out),
                                       f.gradient(in), this->learns ? f.grad(gain) : nullptr);
  }
};

}  // namespace

FASTDL_LAYER(Scale)

}  // namespace fastdl
