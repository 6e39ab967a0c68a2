// layer_norm: the channels of each sample and pixel to mean 0 and variance 1, then gain and shift (Ba et al. 2016).
#include "kernels/norm.hpp"
#include "layers/by_pixels.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct LayerNorm : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  T eps;
  Param gain, shift;  // (channels,)
  Buffer mean, rstd;  // one for each sample and pixel

  void plan(Plan<T>& plan) override {
    this->learns = plan.learns(spec);
    eps = spec.number("eps");
    int channels = in.shape.c();
    gain = plan.parameter(spec, "gain", "gain", {channels}, channels, channels);
    shift = plan.parameter(spec, "shift", "shift", {channels}, channels, channels);
    index pixels = plan.elements(in.shape) / channels;
    mean = plan.saved(pixels), rstd = plan.saved(pixels);
    out = plan.tensor(in.shape, in.wants_gradient || this->learns);
    out.overwritable = this->any_batch = true;
    this->lone = true;
    plan.scratch(by_pixels_scratch(plan, in.shape));
  }

  void forward(const Frame<T>& f) const override {
    forward_by_pixels(f, in.shape, f.value(in), f.value(out), [&](const NormShape& s, const T* x, T* y) {
      f.kernels.norm.layer_norm_forward(f.team, s, eps, x, f.param(gain), f.param(shift), f.saved(mean), f.saved(rstd),
                                        y);
    });
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.norm.layer_norm_backward(f.team, norm_shape(f, in.shape), f.value(in), f.param(gain), f.saved(mean),
                                       f.saved(rstd), f.gradient(out), f.gradient(in),
                                       this->learns ? f.grad(gain) : nullptr, this->learns ? f.grad(shift) : nullptr);
  }
};

}  // namespace

FASTDL_LAYER(LayerNorm)

}  // namespace fastdl
