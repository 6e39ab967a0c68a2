// conv2d: y (n, oh, ow, f) = x (n, h, w, c) * weight (kh, kw, c/groups, f) + bias (f,), a cross-correlation;
// depthwise_conv2d: with a group for each channel
#include "kernels/conv2d.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"
#include "layers/window.hpp"

namespace fastdl {
namespace {

template <class T>
struct Conv2D : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Conv2DShape shape;
  Param w, b = -1;
  Buffer kept = -1;

  void plan(Plan<T>& plan) override {
    this->learns = plan.learns(spec);
    Window v = window_of(*this, "kernel_size", "kernel");
    const int c = in.shape.c(), filters = n_filters(), groups = n_groups();
    check(c % groups == 0 && filters % groups == 0,
          this->who() + ": groups=" + std::to_string(groups) + " must divide both its " + std::to_string(c) +
              " input channels and its " + std::to_string(filters) + " filters.");
    shape = {.n = plan.batch,
             .h = in.shape.h(),
             .w = in.shape.w(),
             .c = c,
             .oh = v.oh,
             .ow = v.ow,
             .f = filters,
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
    const int fan_in = this->as_int(times(v.kh, v.kw, c / groups), "the number of a filter's weights");
    const int fan_out = this->as_int(times(v.kh, v.kw, filters / groups), "the number of a channel's weights");
    w = plan.parameter(spec, "weight", "weight", {v.kh, v.kw, c / groups, filters}, fan_in, fan_out);
    if (spec.flag("bias")) b = plan.parameter(spec, "bias", "bias", {filters}, fan_in, fan_out);
    out = plan.tensor({{v.oh, v.ow, filters}}, in.wants_gradient || this->learns);
    out.overwritable = true;
    this->lone = true;
    plan.scratch_of_batches(plan.kernels.conv2d.conv2d_scratch(shape, plan.threads));
    plan.scratch_of_batches(plan.kernels.conv2d_weights.conv2d_weights_scratch(shape, plan.threads));
    plan.scratch(plan.kernels.conv2d.conv2d_lone_scratch(shape, plan.threads));
    if (w >= 0) kept = plan.kept(plan.kernels.conv2d.conv2d_lone_kept(shape));  // a derived one changes every time
  }

  virtual int n_filters() const { return spec.integer("filters"); }
  virtual int n_groups() const { return spec.integer("groups"); }

  void forward(const Frame<T>& f) const override { run(f, false); }
  bool gives_relu() const override { return true; }
  void forward_relu(const Frame<T>& f) const override { run(f, true); }

  void backward(const Frame<T>& f) const override {
    const T* dy = f.gradient(out);
    if (this->learns)
      f.kernels.conv2d_weights.conv2d_backward_weights(f.team, at(f.n), f.value(in), dy, f.grad(w), f.grad(b),
                                                       f.scratch);
    if (T* dx = f.gradient(in))
      f.kernels.conv2d.conv2d_backward_data(f.team, at(f.n), dy, f.param(w), nullptr, dx, f.scratch);
  }

 private:
  void run(const Frame<T>& f, bool relu) const {
    const auto& k = f.kernels.conv2d;
    T* const y = f.value(out);
    if (!f.lone) return k.conv2d_forward(f.team, at(f.n), f.value(in), f.param(w), f.param(b), relu, y, f.scratch);
    T* const form = f.kept && kept >= 0 ? f.kept + kept : nullptr;
    if (form && f.renews_kept) k.conv2d_lone_keep(f.team, at(1), f.param(w), form);
    k.conv2d_lone_forward(f.team, at(1), f.value(in), f.param(w), f.param(b), relu, form, y, f.scratch);
  }
  Conv2DShape at(int n) const {
    Conv2DShape s = shape;
    s.n = n;
    return s;
  }
};

template <class T>
struct DepthwiseConv2D : Conv2D<T> {
  using Conv2D<T>::Conv2D;
  int n_groups() const override { return this->in.shape.c(); }
  int n_filters() const override {
    return this->as_int(times(n_groups(), this->spec.integer("multiplier")), "the number of channels");
  }
};

}  // namespace

FASTDL_LAYER(Conv2D)
FASTDL_LAYER(DepthwiseConv2D)

}  // namespace fastdl
