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
    // Axes of out from the outermost to the innermost, as images lie.
    const bool last = plan.kernels.channels_last;
    const int a = last ? 0 : 2, b = last ? 1 : 0, c = last ? 2 : 1;
    const std::vector<int>& dims = in.shape.dims;
    int at[3];
    for (at[a] = 0; at[a] < shape.dims[a]; at[a]++)
      for (at[b] = 0; at[b] < shape.dims[b]; at[b]++)
        for (at[c] = 0; at[c] < shape.dims[c]; at[c]++) {
          int from[3];
          for (int k = 0; k < 3; k++) from[axes[k]] = at[k];
          there.index.push_back((from[a] * dims[b] + from[b]) * dims[c] + from[c]);
          there.weight.push_back(1), there.end_output();
        }
    back = there.turned();
    there.place(plan), back.place(plan);
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
