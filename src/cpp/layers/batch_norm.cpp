// batch_norm: each channel to mean 0 and variance 1 over the batch, then gain and shift (Ioffe & Szegedy 2015).
// Inference, and a layer that is not trainable, use the running statistics.
#include "kernels/norm.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct BatchNorm : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  T momentum, eps;
  Param gain, shift;                 // (channels,)
  Buffer running_mean, running_var;  // (channels,)
  Buffer mean, rstd;                 // (channels,), of the batch

  void plan(Plan<T>& plan) override {
    check(!in.shape.is_sequence(), this->who() + " takes rows or images, but its input is " + in.shape.what() +
                                       ". Use LayerNorm() on sequences.");
    this->learns = plan.learns(spec);
    momentum = spec.number("momentum"), eps = spec.number("eps");
    int channels = in.shape.c();
    gain = plan.parameter(spec, "gain", "gain", {channels}, channels, channels);
    shift = plan.parameter(spec, "shift", "shift", {channels}, channels, channels);
    running_mean = plan.state(spec, "running_mean", channels, 0);
    running_var = plan.state(spec, "running_var", channels, 1);
    mean = plan.saved(channels), rstd = plan.saved(channels);
    out = plan.tensor(in.shape, in.wants_gradient || this->learns);
    out.overwritable = true;
    this->lone = this->any_batch = true;
  }

  void forward(const Frame<T>& f) const override {
    NormShape s = norm_shape(f, in.shape);
    if (f.training && this->learns)
      f.kernels.norm.batch_norm_forward(f.team, s, momentum, eps, f.value(in), f.param(gain), f.param(shift),
                                        f.state(running_mean), f.state(running_var), f.saved(mean), f.saved(rstd),
                                        f.value(out));
    else
      f.kernels.norm.batch_norm_inference(f.team, s, eps, f.value(in), f.param(gain), f.param(shift),
                                          f.state(running_mean), f.state(running_var), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    NormShape s = norm_shape(f, in.shape);
    T *dgain = this->learns ? f.grad(gain) : nullptr, *dshift = this->learns ? f.grad(shift) : nullptr;
    if (f.training && this->learns)
      f.kernels.norm.batch_norm_backward(f.team, s, f.value(in), f.param(gain), f.saved(mean), f.saved(rstd),
                                         f.gradient(out), f.gradient(in), dgain, dshift);
    else
      f.kernels.norm.batch_norm_inference_backward(f.team, s, eps, f.value(in), f.param(gain), f.state(running_mean),
                                                   f.state(running_var), f.gradient(out), f.gradient(in), dgain,
                                                   dshift);
  }
};

}  // namespace

FASTDL_LAYER(BatchNorm)

}  // namespace fastdl
