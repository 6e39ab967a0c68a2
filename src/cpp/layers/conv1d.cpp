// conv1d: y (out_steps, n, f) = x (steps, n, c) * weight (size, c/groups, f) + bias (f,), a cross-correlation over time
#include "kernels/conv1d.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"
#include "layers/step_window.hpp"

namespace fastdl {
namespace {

template <class T>
struct Conv1D : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Conv1DShape shape;
  Param w, b = -1;

  void plan(Plan<T>& plan) override {
    this->learns = plan.learns(spec);
    const int filters = spec.integer("filters"), groups = spec.integer("groups");
    Shape given;
    shape = {
        .window = step_window_of(*this, plan, "kernel_size", "kernel", filters, given), .f = filters, .groups = groups};
    const int size = shape.window.size, c = shape.window.c;
    check(c % groups == 0 && filters % groups == 0,
          this->who() + ": groups=" + std::to_string(groups) + " must divide both its " + std::to_string(c) +
              " input features and its " + std::to_string(filters) + " filters.");
    const int fan_in = this->as_int(times(size, c / groups), "the number of a filter's weights");
    const int fan_out = this->as_int(times(size, filters / groups), "the number of a feature's weights");
    w = plan.parameter(spec, "weight", "weight", {size, c / groups, filters}, fan_in, fan_out);
    if (spec.flag("bias")) b = plan.parameter(spec, "bias", "bias", {filters}, fan_in, fan_out);
    out = plan.tensor(given, in.wants_gradient || this->learns);
    out.overwritable = true;
    plan.scratch(plan.kernels.conv1d.conv1d_scratch(shape, plan.threads));
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.conv1d.conv1d_forward(f.team, now(f), f.value(in), f.param(w), f.param(b), f.value(out), f.scratch);
  }

  void backward(const Frame<T>& f) const override {
    const T* dy = f.gradient(out);
    if (this->learns)
      f.kernels.conv1d.conv1d_backward_weights(f.team, now(f), f.value(in), dy, f.grad(w), f.grad(b), f.scratch);
    if (T* dx = f.gradient(in)) f.kernels.conv1d.conv1d_backward_data(f.team, now(f), dy, f.param(w), dx, f.scratch);
  }

 private:
  Conv1DShape now(const Frame<T>& f) const {
    return {.window = at(shape.window, f, in.shape, out.shape), .f = shape.f, .groups = shape.groups};
  }
};

}  // namespace

FASTDL_LAYER(Conv1D)

}  // namespace fastdl
