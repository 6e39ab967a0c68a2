// upsample2d: y (n, h*fh, w*fw, c), each pixel of x (n, h, w, c) repeated, or blended with its neighbours
#include "kernels/pool2d.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"
#include "layers/window.hpp"

namespace fastdl {
namespace {

template <class T>
struct Upsample2D : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Upsample2DShape shape;

  void plan(Plan<T>& plan) override {
    check_image(*this);
    const auto& factor = spec.integers("factor");
    const auto kind = spec.text("interpolation") == "bilinear" ? Interpolation::bilinear : Interpolation::nearest;
    const Shape& s = in.shape;
    shape = {.n = plan.batch,
             .h = s.h(),
             .w = s.w(),
             .c = s.c(),
             .fh = int(factor[0]),
             .fw = int(factor[1]),
             .kind = kind,
             .lone = false};
    const int h = this->as_int(times(s.h(), shape.fh), "the height"),
              w = this->as_int(times(s.w(), shape.fw), "the width");
    out = plan.tensor({{h, w, s.c()}}, in.wants_gradient);
    out.overwritable = true;
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.pool2d.upsample2d_forward(f.team, at(f), f.value(in), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.pool2d.upsample2d_backward(f.team, at(f), f.gradient(out), f.gradient(in));
  }

 private:
  Upsample2DShape at(const Frame<T>& f) const {
    Upsample2DShape s = shape;
    s.n = f.n, s.lone = f.lone;
    return s;
  }
};

}  // namespace

FASTDL_LAYER(Upsample2D)

}  // namespace fastdl
