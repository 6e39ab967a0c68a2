// transpose: the axes of an image in another order
#include "kernels/pool2d.hpp"
#include "layers/make.hpp"
#include "layers/resampled.hpp"

namespace fastdl {
namespace {

template <class T>
struct Transpose : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  AxisTaps<T> there, back;

  void plan(Plan<T>& plan) override {
    check_image(*this);
    const auto& axes = spec.integers("axes");
    Shape shape;
    for (long a : axes) shape.dims.push_back(in.shape.dims[a]);
    const int size = tapped(*this, shape.size(), "the number of values", index(1) << 24);
    there = AxisTaps<T>(size);
    int at[3];  // (channel, row, column) of out, as images lie
    for (at[2] = 0; at[2] < shape.c(); at[2]++)
      for (at[0] = 0; at[0] < shape.h(); at[0]++)
        for (at[1] = 0; at[1] < shape.w(); at[1]++) {
          int from[3];
          for (int k = 0; k < 3; k++) from[axes[k]] = at[k];
          there.index.push_back((from[2] * in.shape.h() + from[0]) * in.shape.w() + from[1]);
          there.weight.push_back(1), there.end_output();
        }
    back = there.turned();
    out = plan.tensor(shape, in.wants_gradient);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override { turn(f, there, f.value(in), f.value(out)); }
  void backward(const Frame<T>& f) const override { turn(f, back, f.gradient(out), f.gradient(in)); }

 private:
  void turn(const Frame<T>& f, const AxisTaps<T>& t, const T* x, T* y) const {
    const index lanes = f.kernels.lanes;
    f.kernels.pool2d.taps(f.team, {f.padded(in.shape) / lanes, lanes, t.from, t.to()}, t.view(), x, y);
  }
};

}  // namespace

FASTDL_LAYER(Transpose)

}  // namespace fastdl
