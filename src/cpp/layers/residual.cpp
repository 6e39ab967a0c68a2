// residual: y = layers(x) + shortcut(x); without a shortcut, + x (He et al. 2016).
#include "layers/chain.hpp"
#include "layers/make.hpp"
#include "program/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Residual : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  std::vector<LayerPtr<T>> layers;  // first the branch, then the shortcut
  int split = 0;
  Tensor x, x_shortcut;     // in, read twice: two gradients to add
  Tensor branch, shortcut;  // what is added

  void plan(Plan<T>& plan) override {
    x = plan.fork(in), x_shortcut = plan.fork(in);
    branch = plan_chain(layers, spec.layers("layers"), x, plan);
    split = int(layers.size());
    shortcut = spec.has("shortcut") ? plan_chain(layers, spec.layers("shortcut"), x_shortcut, plan) : x_shortcut;
    check(branch.shape == shortcut.shape,
          this->who() + ": its layers give " + branch.shape.text() + ", but its shortcut gives " +
              shortcut.shape.text() + ". Add shortcut=[Conv2D(filters, 1, stride=...)] (Dense(units) for rows) that " +
              "gives the same shape.");
    out = plan.tensor(branch.shape, branch.wants_gradient || shortcut.wants_gradient);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    forward_chain(f, layers, 0, layers.size());
    f.kernels.add(f.team, count(f, out), f.value(branch), f.value(shortcut), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    // d(branch) = d(shortcut) = dy
    for (const Tensor* part : {&branch, &shortcut})
      if (T* d = f.gradient(*part)) copy(f, count(f, out), f.gradient(out), d);
    backward_chain(f, layers, split, layers.size());
    backward_chain(f, layers, 0, split);
    if (T* dx = f.gradient(in)) f.kernels.add(f.team, count(f, in), f.gradient(x), f.gradient(x_shortcut), dx);
  }

  const std::vector<LayerPtr<T>>* children() const override { return &layers; }

 private:
  static index count(const Frame<T>& f, const Tensor& t) { return f.padded(t.shape) * t.shape.size(); }

  static void copy(const Frame<T>& f, index count, const T* from, T* to) {
    Range part = f.team.share(count);
    std::copy(from + part.begin, from + part.end, to + part.begin);
    f.team.sync();
  }
};

}  // namespace

FASTDL_LAYER(Residual)

}  // namespace fastdl
