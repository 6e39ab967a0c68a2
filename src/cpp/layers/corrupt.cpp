// corrupt: noise on the input of a denoising autoencoder, in training only (Vincent et al. 2010). Backward draws the
// same noise again: nothing is saved.
#include "kernels/pointwise.hpp"
#include "layers/copy.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Corrupt : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  NoiseKind noise;
  T rate;
  std::uint32_t number;  // of this layer, for the generator

  void plan(Plan<T>& plan) override {
    const std::string& kind = spec.text("noise");
    noise = kind == "masking"    ? NoiseKind::masking
            : kind == "gaussian" ? NoiseKind::gaussian
                                 : NoiseKind::salt_and_pepper;
    rate = spec.number("rate");
    number = plan.random_layers++;
    out = in.overwritable ? in : plan.tensor(in.shape, in.wants_gradient);
    out.in_place = in.overwritable;
    out.overwritable = true;
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    const T* x = f.value(in);
    T* y = f.value(out);
    if (f.training && rate > 0)
      f.kernels.pointwise.corrupt_forward(f.team, norm_shape(f, in.shape), key(f), noise, rate, x, y);
    else if (x != y)
      copy(f, in.shape, x, y);
  }

  void backward(const Frame<T>& f) const override {
    const T* dy = f.gradient(out);
    T* dx = f.gradient(in);
    if (!dx) return;
    if (f.training && rate > 0)
      f.kernels.pointwise.corrupt_backward(f.team, norm_shape(f, in.shape), key(f), noise, rate, dy, dx);
    else if (dx != dy)
      copy(f, in.shape, dy, dx);
  }

 private:
  RandomKey key(const Frame<T>& f) const {
    return {.seed = f.seed, .layer = number, .epoch = f.epoch, .sample = f.sample, .n = f.n};
  }
};

}  // namespace

FASTDL_LAYER(Corrupt)

}  // namespace fastdl
