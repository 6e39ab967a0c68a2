// rrelu: y = x where x > 0, else a x; in training a is drawn anew for each value, in use it is the mean (Xu et al.
// 2015). Backward draws the same slopes again: nothing is saved.
#include "kernels/pointwise.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct RReLU : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  T lower, upper;
  std::uint32_t number;  // of this layer, for the generator

  void plan(Plan<T>& plan) override {
    lower = spec.number("lower"), upper = spec.number("upper");
    number = plan.random_layers++;
    out = plan.tensor(in.shape, in.wants_gradient);
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    const T* x = f.value(in);
    if (f.training)
      f.kernels.pointwise.rrelu(f.team, norm_shape(f, in.shape), key(f), lower, upper, x, x, f.value(out));
    else
      f.kernels.pointwise.activation_forward(f.team, ActivationKind::leaky_relu, mean(), f.elements(in.shape), x,
                                             f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    const T *dy = f.gradient(out), *x = f.value(in);
    if (f.training)
      f.kernels.pointwise.rrelu(f.team, norm_shape(f, in.shape), key(f), lower, upper, x, dy, f.gradient(in));
    else
      f.kernels.pointwise.activation_backward(f.team, ActivationKind::leaky_relu, mean(), f.elements(in.shape), x,
                                              f.value(out), dy, f.gradient(in));
  }

 private:
  T mean() const { return (lower + upper) / 2; }
  RandomKey key(const Frame<T>& f) const {
    return {.seed = f.seed, .layer = number, .epoch = f.epoch, .sample = f.sample, .n = f.n, .by_step = true};
  }
};

}  // namespace

FASTDL_LAYER(RReLU)

}  // namespace fastdl
