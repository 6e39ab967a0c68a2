// dropout: in training each value is kept with probability 1-rate and divided by it (inverted dropout, Srivastava et
// al. 2014), of a sequence the same ones at every step (Gal and Ghahramani 2016); the identity in inference. Backward
// draws the same mask again: nothing is saved. spatial_dropout: whole channels of images are kept or not (Tompson et
// al. 2015).
#include "kernels/pointwise.hpp"
#include "layers/copy.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Dropout : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  T rate;
  std::uint32_t number;  // of this layer, for the generator

  void plan(Plan<T>& plan) override {
    rate = spec.number("rate");
    number = plan.random_layers++;
    out = in.overwritable ? in : plan.tensor(in.shape, in.wants_gradient);
    out.in_place = in.overwritable;
    out.overwritable = true;
    this->lone = this->any_batch = true;
  }

  void forward(const Frame<T>& f) const override {
    const T* x = f.value(in);
    T* y = f.value(out);
    if (f.training && now(f) > 0)
      f.kernels.pointwise.dropout_forward(f.team, norm_shape(f, in.shape), key(f), now(f), x, y);
    else if (x != y)
      copy(f, in.shape, x, y);
  }

  void backward(const Frame<T>& f) const override {
    const T* dy = f.gradient(out);
    T* dx = f.gradient(in);
    if (!dx) return;
    if (f.training && now(f) > 0)
      f.kernels.pointwise.dropout_backward(f.team, norm_shape(f, in.shape), key(f), now(f), dy, dx);
    else if (dx != dy)
      copy(f, in.shape, dy, dx);
  }

 private:
  T now(const Frame<T>& f) const { return T(rate * f.regularisation); }
  RandomKey key(const Frame<T>& f) const {
    return {.seed = f.seed,
            .layer = number,
            .epoch = f.epoch,
            .sample = f.sample,
            .n = f.n,
            .by_channel = spec.kind == "spatial_dropout"};
  }
};

template <class T>
struct SpatialDropout : Dropout<T> {
  using Dropout<T>::Dropout;
};

}  // namespace

FASTDL_LAYER(Dropout)
FASTDL_LAYER(SpatialDropout)

}  // namespace fastdl
