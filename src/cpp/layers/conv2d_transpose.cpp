// conv2d_transpose: y (n, oh, ow, f) is the gradient that a conv2d with this weight (kh, kw, f/groups, c) and an output
// like x (n, h, w, c) gives its input, + bias (f,). So forward is conv2d's backward, and backward its forward.
#include "kernels/conv2d.hpp"
#include "kernels/norm.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"
#include "layers/window.hpp"

namespace fastdl {
namespace {

template <class T>
struct Conv2DTranspose : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Conv2DShape shape;  // of that conv2d: its input is our output
  Param w, b = -1;
  Buffer kept = -1;

  void plan(Plan<T>& plan) override {
    this->learns = plan.learns(spec);
    Window v = transposed_window_of(*this);
    int c = in.shape.c(), filters = spec.integer("filters"), groups = spec.integer("groups");
    check(c % groups == 0 && filters % groups == 0,
          this->who() + ": groups=" + std::to_string(groups) + " must divide both its " + std::to_string(c) +
              " input channels and its " + std::to_string(filters) + " filters.");
    shape = {.n = plan.batch,
             .h = v.oh,
             .w = v.ow,
             .c = filters,
             .oh = in.shape.h(),
             .ow = in.shape.w(),
             .f = c,
             .kh = v.kh,
             .kw = v.kw,
             .sh = v.sh,
             .sw = v.sw,
             .dh = v.dh,
             .dw = v.dw,
             .top = v.top,
             .left = v.left,
             .groups = groups,
             .direct = plan.direct};
    // A stride spreads the taps over so many outputs: each meets its share of them.
    const index met = times(v.kh, v.kw, c / groups) / times(v.sh, v.sw);
    const int fan_in = this->as_int(std::max<index>(1, met), "the number of a filter's weights");
    const int fan_out = this->as_int(times(v.kh, v.kw, filters / groups), "the number of a channel's weights");
    w = plan.parameter(spec, "weight", "weight", {v.kh, v.kw, filters / groups, c}, fan_in, fan_out);
    if (spec.flag("bias")) b = plan.parameter(spec, "bias", "bias", {filters}, fan_in, fan_out);
    out = plan.tensor({{v.oh, v.ow, filters}}, in.wants_gradient || this->learns);
    out.overwritable = true;
    this->lone = true;
    plan.scratch_of_batches(plan.kernels.conv2d.conv2d_scratch(shape, plan.threads));
    plan.scratch_of_batches(plan.kernels.conv2d_weights.conv2d_weights_scratch(shape, plan.threads));
    plan.scratch(plan.kernels.conv2d.conv2d_lone_data_scratch(shape, plan.threads));
    if (w >= 0) kept = plan.kept(plan.kernels.conv2d.conv2d_lone_data_kept(shape));
  }

  void forward(const Frame<T>& f) const override {
    const auto& k = f.kernels.conv2d;
    const T *x = f.value(in), *weight = f.param(w), *bias = f.param(b);
    T* const y = f.value(out);
    if (!f.lone) return k.conv2d_backward_data(f.team, at(f.n), x, weight, bias, y, f.scratch);
    T* const form = f.kept && kept >= 0 ? f.kept + kept : nullptr;
    if (form && f.renews_kept) k.conv2d_lone_data_keep(f.team, at(1), weight, form);
    k.conv2d_lone_data(f.team, at(1), x, weight, bias, form, y, f.scratch);
  }

  void backward(const Frame<T>& f) const override {
    const T* dy = f.gradient(out);
    if (this->learns) {
      f.kernels.conv2d_weights.conv2d_backward_weights(f.team, at(f.n), dy, f.value(in), f.grad(w), nullptr, f.scratch);
      if (b >= 0) f.kernels.norm.channel_sums(f.team, norm_shape(f, out.shape), dy, f.grad(b));
    }
    if (T* dx = f.gradient(in))
      f.kernels.conv2d.conv2d_forward(f.team, at(f.n), dy, f.param(w), nullptr, false, dx, f.scratch);
  }

 private:
  Conv2DShape at(int n) const {
    Conv2DShape s = shape;
    s.n = n;
    return s;
  }
};

}  // namespace

FASTDL_LAYER(Conv2DTranspose)

}  // namespace fastdl
