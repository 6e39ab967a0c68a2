// global_avg_pool, global_max_pool: the mean, the largest of each channel: images to rows (n, c), sequences over their
// steps to rows (n, features). last_step: the last step of each sequence.
#include "kernels/pool2d.hpp"
#include "kernels/sequence.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
void check_not_rows(const Layer<T>& layer) {
  check(!layer.in.shape.is_row(), layer.who() +
                                      " takes images (height, width, channels) or sequences (steps, "
                                      "features), but its input is rows of " +
                                      layer.in.shape.text() + " features. Leave it out.");
}

// A lone sample's pixels are like steps.
template <class T>
void pool_pixels(const Frame<T>& f, StepPool pool, const Shape& s, const T* x, T* y, T* where) {
  const std::int32_t pixels = s.h() * s.w();
  f.kernels.sequence.step_pool_forward(f.team, pool, {1, pixels, s.c(), pixels, &pixels}, x, y, where);
}

template <class T>
struct GlobalAvgPool : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out;

  void plan(Plan<T>& plan) override {
    check_not_rows(*this);
    this->lone = true;
    out = plan.tensor({{in.shape.c()}}, in.wants_gradient);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    const Shape& s = in.shape;
    if (f.lone && s.is_image())
      pool_pixels(f, StepPool::avg, s, f.value(in), f.value(out), static_cast<T*>(nullptr));
    else if (s.is_image())
      f.kernels.pool2d.global_avg_pool_forward(f.team, f.n, s.h() * s.w(), s.c(), f.value(in), f.value(out));
    else
      f.kernels.sequence.step_pool_forward(f.team, StepPool::avg, f.sequence(s), f.value(in), f.value(out), nullptr);
  }

  void backward(const Frame<T>& f) const override {
    const Shape& s = in.shape;
    if (s.is_image())
      f.kernels.pool2d.global_avg_pool_backward(f.team, f.n, s.h() * s.w(), s.c(), f.gradient(out), f.gradient(in));
    else
      f.kernels.sequence.step_pool_backward(f.team, StepPool::avg, f.sequence(s), f.gradient(out), nullptr,
                                            f.gradient(in));
  }
};

template <class T>
struct GlobalMaxPool : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out;
  Buffer where;  // (n, c): the position of each maximum

  void plan(Plan<T>& plan) override {
    check_not_rows(*this);
    this->lone = true;
    out = plan.tensor({{in.shape.c()}}, in.wants_gradient);
    out.overwritable = true;
    where = plan.saved_of(out.shape);
  }

  void forward(const Frame<T>& f) const override {
    const Shape& s = in.shape;
    if (f.lone && s.is_image())
      pool_pixels(f, StepPool::max, s, f.value(in), f.value(out), f.saved(where));
    else if (s.is_image())
      f.kernels.pool2d.global_max_pool_forward(f.team, f.n, s.h() * s.w(), s.c(), f.value(in), f.value(out),
                                               f.saved(where));
    else
      f.kernels.sequence.step_pool_forward(f.team, StepPool::max, f.sequence(s), f.value(in), f.value(out),
                                           f.saved(where));
  }

  void backward(const Frame<T>& f) const override {
    const Shape& s = in.shape;
    const T *dy = f.gradient(out), *at = f.saved(where);
    if (s.is_image())
      f.kernels.pool2d.global_max_pool_backward(f.team, f.n, s.h() * s.w(), s.c(), dy, at, f.gradient(in));
    else
      f.kernels.sequence.step_pool_backward(f.team, StepPool::max, f.sequence(s), dy, at, f.gradient(in));
  }
};

template <class T>
struct LastStep : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out;

  void plan(Plan<T>& plan) override {
    check(in.shape.is_sequence(),
          this->who() + " takes sequences (steps, features), but its input is " + in.shape.what() + ". Leave it out.");
    out = plan.tensor({{in.shape.c()}}, in.wants_gradient);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.sequence.step_pool_forward(f.team, StepPool::last, f.sequence(in.shape), f.value(in), f.value(out),
                                         nullptr);
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.sequence.step_pool_backward(f.team, StepPool::last, f.sequence(in.shape), f.gradient(out), nullptr,
                                          f.gradient(in));
  }
};

}  // namespace

FASTDL_LAYER(GlobalAvgPool)
FASTDL_LAYER(GlobalMaxPool)
FASTDL_LAYER(LastStep)

}  // namespace fastdl
