// pixel_shuffle: y (n, h r, w r, c), the r^2 c channels of a pixel of x (n, h, w, r^2 c) as r x r pixels (Shi et al.
// 2016)
#include "kernels/pool2d.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"
#include "layers/window.hpp"

namespace fastdl {
namespace {

template <class T>
struct PixelShuffle : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  int factor;

  void plan(Plan<T>& plan) override {
    check_image(*this);
    factor = spec.integer("factor");
    const Shape& s = in.shape;
    const index squares = times(factor, factor);
    check(s.c() % squares == 0, this->who() + ": factor=" + std::to_string(factor) + " makes a pixel of " +
                                    std::to_string(squares) + " channels, but its input has " + std::to_string(s.c()) +
                                    ". Use a multiple of " + std::to_string(squares) + " channels.");
    out = plan.tensor({{this->as_int(times(s.h(), factor), "the height"),
                        this->as_int(times(s.w(), factor), "the width"), int(s.c() / squares)}},
                      in.wants_gradient);
    out.overwritable = true;
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.pool2d.pixel_shuffle_forward(f.team, now(f), f.value(in), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.pool2d.pixel_shuffle_backward(f.team, now(f), f.gradient(out), f.gradient(in));
  }

 private:
  PixelShuffleShape now(const Frame<T>& f) const {
    return {.n = f.n, .h = in.shape.h(), .w = in.shape.w(), .c = out.shape.c(), .factor = factor, .lone = f.lone};
  }
};

}  // namespace

FASTDL_LAYER(PixelShuffle)

}  // namespace fastdl
