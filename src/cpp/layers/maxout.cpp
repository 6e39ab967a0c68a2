// maxout: y (n, units) = the largest of `pieces` linear units each (Goodfellow et al. 2013).
#include "kernels/dense.hpp"
#include "kernels/pointwise.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Maxout : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  int features, units, pieces;
  Param w, b = -1;  // (features, units*pieces), (units*pieces,)
  Tensor z;         // (n, units*pieces), before the maximum

  void plan(Plan<T>& plan) override {
    check_row(*this);
    this->learns = plan.learns(spec);
    features = in.shape.dims[0], units = spec.integer("units"), pieces = spec.integer("pieces");
    this->as_int(times(units, pieces), "units times pieces");
    w = plan.parameter(spec, "weight", "weight", {features, units * pieces}, features, units);
    if (spec.flag("bias")) b = plan.parameter(spec, "bias", "bias", {units * pieces}, features, units);
    bool wants_gradient = in.wants_gradient || this->learns;
    z = plan.tensor({{units * pieces}}, wants_gradient);
    out = plan.tensor({{units}}, wants_gradient);
    plan.scratch(plan.kernels.dense.dense_scratch(plan.batch, features, units * pieces, plan.threads));
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.dense.dense_forward(f.team, f.n, features, units * pieces, f.value(in), f.param(w), f.param(b), false,
                                  f.value(z), f.scratch);
    f.kernels.pointwise.maxout_forward(f.team, f.n, units, pieces, f.value(z), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    T* dz = f.gradient(z);
    f.kernels.pointwise.maxout_backward(f.team, f.n, units, pieces, f.value(z), f.value(out), f.gradient(out), dz);
    if (this->learns)
      f.kernels.dense.dense_backward_weights(f.team, f.n, features, units * pieces, f.value(in), dz, f.grad(w),
                                             f.grad(b), f.scratch);
    if (T* dx = f.gradient(in))
      f.kernels.dense.dense_backward_data(f.team, f.n, features, units * pieces, dz, f.param(w), dx, f.scratch);
  }
};

}  // namespace

FASTDL_LAYER(Maxout)

}  // namespace fastdl
