// group_norm: groups of channels, with all pixels, of each sample to mean 0 and variance 1, then gain and shift (Wu and
// He 2018).
#include <numeric>

#include "kernels/norm.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct GroupNorm : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  T eps;
  int groups;
  Param gain, shift;  // (channels,)
  Buffer mean, rstd;  // one for each sample and group

  void plan(Plan<T>& plan) override {
    check(!in.shape.is_sequence(), this->who() + " takes rows or images, but its input is " + in.shape.what() +
                                       ". Use LayerNorm() on sequences.");
    this->learns = plan.learns(spec);
    eps = spec.number("eps"), groups = spec.integer("groups");
    const int channels = in.shape.c();
    check(channels % groups == 0, this->who() + ": groups=" + std::to_string(groups) + " does not divide its " +
                                      std::to_string(channels) + (in.shape.is_image() ? " channels" : " features") +
                                      ". Use groups=" + std::to_string(std::gcd(channels, groups)) + ".");
    gain = plan.parameter(spec, "gain", "gain", {channels}, channels, channels);
    shift = plan.parameter(spec, "shift", "shift", {channels}, channels, channels);
    const index count = plan.padded_batch(in.shape) * groups;
    mean = plan.saved(count), rstd = plan.saved(count);
    out = plan.tensor(in.shape, in.wants_gradient || this->learns);
    out.overwritable = true;
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.norm.group_norm_forward(f.team, norm_shape(f, in.shape), groups, eps, f.value(in), f.param(gain),
                                      f.param(shift), f.saved(mean), f.saved(rstd), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.norm.group_norm_backward(f.team, norm_shape(f, in.shape), groups, f.value(in), f.param(gain),
                                       f.saved(mean), f.saved(rstd), f.gradient(out), f.gradient(in),
                                       this->learns ? f.grad(gain) : nullptr, this->learns ? f.grad(shift) : nullptr);
  }
};

}  // namespace

FASTDL_LAYER(GroupNorm)

}  // namespace fastdl
