// concat: y = [layers(x), x], side by side; rows.
#include "kernels/pointwise.hpp"
#include "kernels/sequence.hpp"
#include "layers/chain.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Concat : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  std::vector<LayerPtr<T>> layers;
  Tensor fork;  // in for the second half, its gradient to be added to in's
  Tensor branch;
  int a, b;

  void plan(Plan<T>& plan) override {
    Tensor x = in;
    x.overwritable = false;  // read twice
    branch = plan_chain(layers, spec.layers("layers"), x, plan);
    plan.busy.push_back(branch);
    fork = plan.fork(in);
    check(in.shape.is_row() && branch.shape.is_row(),
          this->who() + " takes and gives rows of features, but its input is " + in.shape.text() +
              " and its layers give " + branch.shape.text() + ". Put Flatten() or GlobalAvgPool() before it.");
    a = branch.shape.dims[0], b = in.shape.dims[0];
    out = plan.tensor({{this->as_int(index(a) + b, "the number of features")}},
                      branch.wants_gradient || in.wants_gradient);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    forward_chain(f, layers, 0, layers.size());
    f.kernels.sequence.concat_forward(f.team, f.n, a, b, f.value(branch), f.value(in), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.sequence.concat_backward(f.team, f.n, a, b, f.gradient(out), f.gradient(branch), f.gradient(fork));
    backward_chain(f, layers, 0, layers.size());
    if (T* dx = f.gradient(in)) f.kernels.pointwise.add(f.team, f.n * index(b), dx, f.gradient(fork), dx);
  }

  const std::vector<LayerPtr<T>>* children() const override { return &layers; }
};

}  // namespace

FASTDL_LAYER(Concat)

}  // namespace fastdl
