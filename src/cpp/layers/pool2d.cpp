// max_pool2d, avg_pool2d: the largest, the mean of each window and channel
#include "kernels/pool2d.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"
#include "layers/window.hpp"

namespace fastdl {
namespace {

template <class T>
Pool2DShape pool_shape(const Frame<T>& f, const Window& v, const Shape& in, bool count_include_pad) {
  return {.n = f.n,
          .h = in.h(),
          .w = in.w(),
          .c = in.c(),
          .oh = v.oh,
          .ow = v.ow,
          .kh = v.kh,
          .kw = v.kw,
          .sh = v.sh,
          .sw = v.sw,
          .top = v.top,
          .left = v.left,
          .count_include_pad = count_include_pad,
          .lone = f.lone};
}

// A window that lies in the padding alone has no value.
template <class T>
void check_padding(const Layer<T>& layer, const Window& v) {
  check(v.top < v.kh && v.bottom < v.kh && v.left < v.kw && v.right < v.kw,
        layer.who() + ": the padding is as large as its window, " + v.text() + ". Use a smaller padding.");
}

template <class T>
struct MaxPool2D : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Window v;
  Buffer where;  // as out: the position of each maximum in its channel

  void plan(Plan<T>& plan) override {
    v = window_of(*this, "size", "window");
    check_padding(*this, v);
    out = plan.tensor({{v.oh, v.ow, in.shape.c()}}, in.wants_gradient);
    out.overwritable = true;
    this->lone = true;
    where = plan.saved_of(out.shape);
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.pool2d.max_pool2d_forward(f.team, pool_shape(f, v, in.shape, false), f.value(in), f.value(out),
                                        f.saved(where));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.pool2d.max_pool2d_backward(f.team, pool_shape(f, v, in.shape, false), f.gradient(out), f.saved(where),
                                         f.gradient(in));
  }
};

template <class T>
struct AvgPool2D : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Window v;
  bool count_include_pad;

  void plan(Plan<T>& plan) override {
    v = window_of(*this, "size", "window");
    check_padding(*this, v);
    count_include_pad = spec.flag("count_include_pad");
    out = plan.tensor({{v.oh, v.ow, in.shape.c()}}, in.wants_gradient);
    out.overwritable = true;
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.pool2d.avg_pool2d_forward(f.team, pool_shape(f, v, in.shape, count_include_pad), f.value(in),
                                        f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.pool2d.avg_pool2d_backward(f.team, pool_shape(f, v, in.shape, count_include_pad), f.gradient(out),
                                         f.gradient(in));
  }
};

}  // namespace

FASTDL_LAYER(MaxPool2D)
FASTDL_LAYER(AvgPool2D)

}  // namespace fastdl
