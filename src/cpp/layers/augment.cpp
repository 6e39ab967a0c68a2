// augment: the gather of a batch draws and does it (program/batch.cpp), straight into the output. In use the input
// passes, or its middle, if training sees parts.
#include "kernels/layout.hpp"
#include "layers/augmentation.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Augment : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  std::unique_ptr<Augmentation> options;

  void plan(Plan<T>& plan) override {
    check(plan.first, this->who() + " must be the first layer: it changes samples on their way into the network.");
    options = std::make_unique<Augmentation>(spec, in.shape, plan.random_layers++);
    out = options->crops() ? plan.tensor(options->output(), in.wants_gradient) : in;
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    if (options->crops() && !f.training) f.kernels.layout.crop_forward(f.team, shape(f), f.value(in), f.value(out));
  }

  // In training too, the gradient is that of the image as the network saw it.
  void backward(const Frame<T>& f) const override {
    T* dx = f.gradient(in);
    if (options->crops() && dx) f.kernels.layout.crop_backward(f.team, shape(f), f.gradient(out), dx);
  }

  const Augmentation* augmentation() const override { return options.get(); }

 private:
  CropShape shape(const Frame<T>& f) const {
    const AugmentShape& s = options->shape();
    const int lanes = f.kernels.lanes;
    return {.planes = f.channels_last() ? f.n : f.padded(in.shape) / lanes * s.c,
            .h = s.h,
            .w = s.w,
            .oh = s.oh,
            .ow = s.ow,
            .top = options->top(),
            .left = options->left(),
            .run = f.channels_last() ? s.c : lanes};
  }
};

}  // namespace

FASTDL_LAYER(Augment)

}  // namespace fastdl
