// stochastic_pool2d: in training a value of each window and channel, drawn in proportion to itself; in use their mean,
// weighted so (Zeiler and Fergus 2013).
#include "kernels/pool2d.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"
#include "layers/window.hpp"

namespace fastdl {
namespace {

template <class T>
struct StochasticPool2D : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Window v;
  Buffer where;          // as out: the position of the value that was drawn, in its channel
  std::uint32_t number;  // of this layer, for the generator

  void plan(Plan<T>& plan) override {
    v = window_of(*this, "size", "window");
    number = plan.random_layers++;
    out = plan.tensor({{v.oh, v.ow, in.shape.c()}}, in.wants_gradient);
    this->lone = true;
    where = plan.saved_of(out.shape);
  }

  void forward(const Frame<T>& f) const override {
    const RandomKey key{.seed = f.seed, .layer = number, .epoch = f.epoch, .sample = f.sample, .n = f.n};
    if (f.training)
      f.kernels.pool2d.stochastic_pool2d_forward(f.team, shape(f), key, f.value(in), f.value(out), f.saved(where));
    else
      f.kernels.pool2d.weighted_pool2d_forward(f.team, shape(f), f.value(in), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    if (f.training)
      f.kernels.pool2d.max_pool2d_backward(f.team, shape(f), f.gradient(out), f.saved(where), f.gradient(in));
    else
      f.kernels.pool2d.weighted_pool2d_backward(f.team, shape(f), f.value(in), f.value(out), f.gradient(out),
                                                f.gradient(in));
  }

 private:
  Pool2DShape shape(const Frame<T>& f) const {
    return {.n = f.n,
            .h = in.shape.h(),
            .w = in.shape.w(),
            .c = in.shape.c(),
            .oh = v.oh,
            .ow = v.ow,
            .kh = v.kh,
            .kw = v.kw,
            .sh = v.sh,
            .sw = v.sw,
            .top = 0,
            .left = 0,
            .count_include_pad = false,
            .lone = f.lone};
  }
};

}  // namespace

FASTDL_LAYER(StochasticPool2D)

}  // namespace fastdl
