// dense: y (n, out) = x (n, in) w (in, out) + b (out,), of sequences at every step
#include "kernels/dense.hpp"
#include "kernels/pointwise.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Dense : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  int features, units;
  Param w, b = -1;
  Buffer kept = -1;
  Buffer tied = -1;  // the part of w's gradient that a TiedDense left

  void plan(Plan<T>& plan) override {
    check(!in.shape.is_image(), this->who() + " takes rows of features, but its input is " + in.shape.what() +
                                    ". Put Flatten() or GlobalAvgPool() before it.");
    this->learns = plan.learns(spec);
    features = in.shape.c(), units = spec.integer("units");
    this->any_batch = true;
    w = plan.parameter(spec, "weight", "weight", {features, units}, features, units);
    plan.dense_weights[spec.name] = {
        .weight = w, .features = features, .units = units, .learns = this->learns, .tied = &tied};
    if (spec.flag("bias")) b = plan.parameter(spec, "bias", "bias", {units}, features, units);
    Shape shape = in.shape;
    shape.dims.back() = units;
    out = plan.tensor(shape, in.wants_gradient || this->learns);
    out.overwritable = true;
    if (w >= 0) kept = plan.kept(plan.kernels.dense.dense_kept(features, units));  // a derived one changes every time
    plan.scratch(plan.kernels.dense.dense_scratch(plan.batch * in.shape.steps(), features, units, plan.threads));
  }

  void forward(const Frame<T>& f) const override { run(f, false); }
  bool gives_relu() const override { return true; }
  void forward_relu(const Frame<T>& f) const override { run(f, true); }

  void backward(const Frame<T>& f) const override {
    const T* dy = f.gradient(out);
    if (this->learns)
      f.kernels.dense.dense_backward_weights(f.team, f.rows(in.shape), features, units, f.value(in), dy, f.grad(w),
                                             f.grad(b), f.scratch);
    if (tied >= 0) f.kernels.pointwise.add(f.team, index(features) * units, f.grad(w), f.saved(tied), f.grad(w));
    if (T* dx = f.gradient(in))
      f.kernels.dense.dense_backward_data(f.team, f.rows(in.shape), features, units, dy, f.param(w), dx, f.scratch);
  }

 private:
  void run(const Frame<T>& f, bool relu) const {
    const auto& k = f.kernels.dense;
    const int n = f.rows(in.shape);
    const T *x = f.value(in), *weight = f.param(w), *bias = f.param(b);
    T *const y = f.value(out), *const form = f.kept && kept >= 0 ? f.kept + kept : nullptr;
    if (form && f.renews_kept) k.dense_keep(f.team, features, units, weight, form);
    if (form)
      k.dense_kept_forward(f.team, n, features, units, x, form, bias, relu, y);
    else
      k.dense_forward(f.team, n, features, units, x, weight, bias, relu, y, f.scratch);
  }
};

}  // namespace

FASTDL_LAYER(Dense)

}  // namespace fastdl
