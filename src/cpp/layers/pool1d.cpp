// max_pool1d, avg_pool1d: the largest, the mean of each window over time and feature
#include "kernels/conv1d.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"
#include "layers/step_window.hpp"

namespace fastdl {
namespace {

template <class T>
struct MaxPool1D : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  StepWindow window;
  Buffer where;  // as out: the step of each maximum

  void plan(Plan<T>& plan) override {
    Shape given;
    window = step_window_of(*this, plan, "size", "window", in.shape.c(), given);
    out = plan.tensor(given, in.wants_gradient);
    out.overwritable = true;
    where = plan.saved_of(given);
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.conv1d.max_pool1d_forward(f.team, at(window, f, in.shape, out.shape), f.value(in), f.value(out),
                                        f.saved(where));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.conv1d.max_pool1d_backward(f.team, at(window, f, in.shape, out.shape), f.gradient(out), f.saved(where),
                                         f.gradient(in));
  }
};

template <class T>
struct AvgPool1D : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  StepWindow window;

  void plan(Plan<T>& plan) override {
    Shape given;
    window = step_window_of(*this, plan, "size", "window", in.shape.c(), given);
    out = plan.tensor(given, in.wants_gradient);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.conv1d.avg_pool1d_forward(f.team, at(window, f, in.shape, out.shape), f.value(in), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.conv1d.avg_pool1d_backward(f.team, at(window, f, in.shape, out.shape), f.gradient(out), f.gradient(in));
  }
};

}  // namespace

FASTDL_LAYER(MaxPool1D)
FASTDL_LAYER(AvgPool1D)

}  // namespace fastdl
