// reshape: the same numbers, in the user's order, as rows or as an image.
#include "kernels/layout.hpp"
#include "layers/copy.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Reshape : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Tensor rows;  // the way from one image shape to another

  void plan(Plan<T>& plan) override {
    check(!in.shape.is_sequence(), this->who() + " takes rows or images, but its input is " + in.shape.what() +
                                       ". Put Flatten() or a pooling over time before it.");
    Shape shape;
    for (long d : spec.integers("shape")) shape.dims.push_back(int(d));
    check(shape.size() == in.shape.size(), this->who() + " cannot make " + shape.text() + " (" +
                                               std::to_string(shape.size()) + " values) of an input of " +
                                               in.shape.text() + " (" + std::to_string(in.shape.size()) + " values).");
    this->lone = true;
    out = in;
    if (shape == in.shape) return;
    rows = in.shape.is_row() ? in
                             : plan.tensor({{this->as_int(shape.size(), "the number of features")}}, in.wants_gradient);
    out = shape.is_row() ? rows : plan.tensor(shape, in.wants_gradient);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    if (out.shape == in.shape) return;
    const Shape &s = in.shape, &t = out.shape;
    if (f.lone) return copy(f, s, f.value(in), f.value(out));
    if (s.is_image()) f.kernels.layout.image_to_rows(f.team, f.n, s.h() * s.w(), s.c(), f.value(in), f.value(rows));
    if (t.is_image()) f.kernels.layout.rows_to_image(f.team, f.n, t.h() * t.w(), t.c(), f.value(rows), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    if (out.shape == in.shape) return;
    const Shape &s = in.shape, &t = out.shape;
    if (t.is_image())
      f.kernels.layout.image_to_rows(f.team, f.n, t.h() * t.w(), t.c(), f.gradient(out), f.gradient(rows));
    if (s.is_image())
      f.kernels.layout.rows_to_image(f.team, f.n, s.h() * s.w(), s.c(), f.gradient(rows), f.gradient(in));
  }
};

}  // namespace

FASTDL_LAYER(Reshape)

}  // namespace fastdl
