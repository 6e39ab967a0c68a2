// flatten: images (n, h, w, c) and sequences (n, steps, features) to rows in the user's order; rows pass through.
#include "kernels/layout.hpp"
#include "kernels/sequence.hpp"
#include "layers/copy.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Flatten : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out;

  void plan(Plan<T>& plan) override {
    this->lone = true;
    out = in;
    if (in.shape.is_row()) return;
    out = plan.tensor({{this->as_int(in.shape.size(), "the number of features")}}, in.wants_gradient);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    const Shape& s = in.shape;
    if (s.is_image() && f.lone) return copy(f, s, f.value(in), f.value(out));
    if (s.is_image()) f.kernels.layout.image_to_rows(f.team, f.n, s.h() * s.w(), s.c(), f.value(in), f.value(out));
    if (s.is_sequence()) f.kernels.sequence.sequence_to_rows(f.team, f.sequence(s), f.value(in), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    const Shape& s = in.shape;
    if (s.is_image())
      f.kernels.layout.rows_to_image(f.team, f.n, s.h() * s.w(), s.c(), f.gradient(out), f.gradient(in));
    if (s.is_sequence()) f.kernels.sequence.rows_to_sequence(f.team, f.sequence(s), f.gradient(out), f.gradient(in));
  }
};

}  // namespace

FASTDL_LAYER(Flatten)

}  // namespace fastdl
