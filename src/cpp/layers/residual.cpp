// residual: y = layers(x) + shortcut(x); without a shortcut, + x (He et al. 2016).
#include "kernels/pointwise.hpp"
#include "layers/chain.hpp"
#include "layers/copy.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Residual : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  std::vector<LayerPtr<T>> layers;  // first the branch, then the shortcut
  int split = 0;
  Tensor fork;              // in for the shortcut's layers, its gradient to be added to in's
  Tensor branch, shortcut;  // what is added

  void plan(Plan<T>& plan) override {
    Tensor x = in;
    x.overwritable = false;  // read twice
    const int first = plan.gradients.count();
    branch = plan_chain(layers, spec.layers("layers"), x, plan);
    plan.busy.push_back(branch);
    split = int(layers.size());
    bool identity = !spec.has("shortcut");
    fork = identity ? x : plan.fork(in);
    shortcut = identity ? x : plan_chain(layers, spec.layers("shortcut"), fork, plan);
    plan.busy.push_back(shortcut);
    check(branch.shape == shortcut.shape,
          this->who() + ": its layers give " + branch.shape.text() + ", but its shortcut gives " +
              shortcut.shape.text() +
              (branch.shape.dims == shortcut.shape.dims
                   ? " with other steps of shorter sequences. Use padding=\"same\" in both."
                   : ". Add shortcut=[Conv2D(filters, 1, stride=...)] (Dense(units) for rows) that gives the same "
                     "shape."));
    bool wants_gradient = branch.wants_gradient || shortcut.wants_gradient;
    // The sum may stand where the branch ends, if the gradient there stays as it comes: the shortcut needs it too.
    bool in_place = branch.overwritable && !branch.in_place && branch.wants_gradient == wants_gradient;
    out = in_place ? branch : plan.tensor(branch.shape, wants_gradient);
    out.overwritable = true;
    this->lone = true;
    plan.hold_gradient(out, first);  // for the shortcut, whatever is done in the branch
  }

  void forward(const Frame<T>& f) const override {
    forward_chain(f, layers, 0, layers.size());
    f.kernels.pointwise.add(f.team, count(f, out), f.value(branch), f.value(shortcut), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    const T* dy = f.gradient(out);  // also d(branch) and d(shortcut)
    bool identity = !spec.has("shortcut");
    if (T* d = f.gradient(branch); d && d != dy) copy(f, out.shape, dy, d);
    if (T* d = f.gradient(shortcut); d && !identity) copy(f, out.shape, dy, d);
    backward_chain(f, layers, split, layers.size());
    backward_chain(f, layers, 0, split);
    if (T* dx = f.gradient(in)) f.kernels.pointwise.add(f.team, count(f, in), dx, identity ? dy : f.gradient(fork), dx);
  }

  const std::vector<LayerPtr<T>>* children() const override { return &layers; }

 private:
  static index count(const Frame<T>& f, const Tensor& t) { return f.elements(t.shape); }
};

}  // namespace

FASTDL_LAYER(Residual)

}  // namespace fastdl
