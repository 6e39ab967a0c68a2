// global_avg_pool, global_max_pool: the mean, the largest of each channel: images to rows (n, c)
#include "layers/make.hpp"
#include "program/plan.hpp"

namespace fastdl {
namespace {

template <class T>
void check_image(const Layer<T>& layer) {
  check(layer.in.shape.is_image(), layer.who() + " takes images (height, width, channels), but its input is rows of " +
                                       layer.in.shape.text() + " features. Leave it out.");
}

template <class T>
struct GlobalAvgPool : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out;
  int pixels, c;

  void plan(Plan<T>& plan) override {
    check_image(*this);
    pixels = in.shape.h() * in.shape.w(), c = in.shape.c();
    out = plan.tensor({{c}}, in.wants_gradient);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.global_avg_pool_forward(f.team, f.n, pixels, c, f.value(in), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.global_avg_pool_backward(f.team, f.n, pixels, c, f.gradient(out), f.gradient(in));
  }
};

template <class T>
struct GlobalMaxPool : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out;
  int pixels, c;
  Buffer where;  // (n, c): the position of each maximum

  void plan(Plan<T>& plan) override {
    check_image(*this);
    pixels = in.shape.h() * in.shape.w(), c = in.shape.c();
    out = plan.tensor({{c}}, in.wants_gradient);
    out.overwritable = true;
    where = plan.saved(plan.elements(out.shape));
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.global_max_pool_forward(f.team, f.n, pixels, c, f.value(in), f.value(out), f.saved(where));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.global_max_pool_backward(f.team, f.n, pixels, c, f.gradient(out), f.saved(where), f.gradient(in));
  }
};

}  // namespace

FASTDL_LAYER(GlobalAvgPool)
FASTDL_LAYER(GlobalMaxPool)

}  // namespace fastdl
