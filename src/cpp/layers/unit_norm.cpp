// unit_norm: the channels of each sample and pixel, scaled to length 1.
#include "kernels/norm.hpp"
#include "layers/by_pixels.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct UnitNorm : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  T eps;
  Buffer rnorm;  // one for each sample and pixel

  void plan(Plan<T>& plan) override {
    eps = spec.number("eps");
    rnorm = plan.saved(plan.elements(in.shape) / in.shape.c());
    out = plan.tensor(in.shape, in.wants_gradient);
    out.overwritable = true;
    this->lone = true;
    plan.scratch(by_pixels_scratch(plan, in.shape));
  }

  void forward(const Frame<T>& f) const override {
    forward_by_pixels(f, in.shape, f.value(in), f.value(out), [&](const NormShape& s, const T* x, T* y) {
      f.kernels.norm.unit_norm_forward(f.team, s, eps, x, f.saved(rnorm), y);
    });
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.norm.unit_norm_backward(f.team, norm_shape(f, in.shape), f.value(in), f.saved(rnorm), f.gradient(out),
                                      f.gradient(in));
  }
};

}  // namespace

FASTDL_LAYER(UnitNorm)

}  // namespace fastdl
