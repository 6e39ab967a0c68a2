// gate: y = layers(x) * shortcut(x); without a shortcut, * x. Gates of an image may be one for each of its channels, as
// in squeeze-and-excitation (Hu et al. 2018), for each of its pixels, rows or columns.
#include "kernels/pointwise.hpp"
#include "layers/chain.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Gate : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  std::vector<LayerPtr<T>> layers;  // first the branch, then the shortcut
  std::vector<LayerPtr<T>> image;   // what makes an image of one pixel of rows
  int split = 0;
  bool of_branch = false;  // whether the Reshape stands behind the branch; else behind the shortcut
  Tensor fork;             // in for the shortcut's layers, its gradient to be added to in's
  Tensor branch, shortcut, branch_end, shortcut_end;  // what is multiplied; what the layers give

  void plan(Plan<T>& plan) override {
    Tensor x = in;
    x.overwritable = false;  // read twice
    const int first = plan.gradients.count();
    branch = branch_end = plan_chain(layers, spec.layers("layers"), x, plan);
    plan.busy.push_back(branch);
    split = int(layers.size());
    fork = is_identity() ? x : plan.fork(in);
    shortcut = shortcut_end = is_identity() ? x : plan_chain(layers, spec.layers("shortcut"), fork, plan);
    plan.busy.push_back(shortcut);
    if (branch.shape.is_row() && shortcut.shape.is_image()) of_branch = true, branch = pixel(branch, plan);
    if (shortcut.shape.is_row() && branch.shape.is_image() && !of_branch) shortcut = pixel(shortcut, plan);
    check(fits(branch.shape, shortcut.shape) || fits(shortcut.shape, branch.shape),
          this->who() + ": its layers give " + branch_end.shape.text() + ", but its shortcut gives " +
              shortcut_end.shape.text() +
              ". Let both give the same shape, or one of them 1 row, column or channel of an image, or rows of as many "
              "features as the image has channels.");
    const Shape shape = fits(branch.shape, shortcut.shape) ? shortcut.shape : branch.shape;
    out = plan.tensor(shape, branch.wants_gradient || shortcut.wants_gradient);
    out.overwritable = true;
    this->lone = true;
    plan.hold_gradient(out, first);  // for the shortcut, whatever is done in the branch
  }

  void forward(const Frame<T>& f) const override {
    forward_chain(f, layers, 0, layers.size());
    forward_chain(f, image, 0, image.size());
    multiply(f, branch, shortcut, f.value(branch), f.value(shortcut), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    const T* dy = f.gradient(out);
    if (branch.wants_gradient) gradient(f, dy, branch, shortcut, f.gradient(branch), false);
    if (shortcut.wants_gradient && !is_identity()) gradient(f, dy, shortcut, branch, f.gradient(shortcut), false);
    backward_chain(f, image, 0, image.size());
    backward_chain(f, layers, split, layers.size());
    backward_chain(f, layers, 0, split);
    T* dx = f.gradient(in);
    if (!dx) return;
    if (is_identity())
      gradient(f, dy, shortcut, branch, dx, true);
    else
      f.kernels.pointwise.add(f.team, f.elements(in.shape), dx, f.gradient(fork), dx);
  }

  const std::vector<LayerPtr<T>>* children() const override { return &layers; }

 private:
  bool is_identity() const { return !spec.has("shortcut"); }

  Tensor pixel(const Tensor& rows, Plan<T>& plan) {
    const LayerSpec reshape{
        "reshape", spec.title, spec.name, {{"shape", std::vector<long>{1, 1, long(rows.shape.c())}}}};
    const Tensor made = plan_chain(image, {reshape}, rows, plan);
    plan.busy.push_back(made);
    return made;
  }

  // Whether g is as large as x, or 1 in some of the axes of an image.
  static bool fits(const Shape& g, const Shape& x) {
    if (g == x) return true;
    if (!g.is_image() || !x.is_image()) return false;
    for (int i = 0; i < 3; i++)
      if (g.dims[i] != 1 && g.dims[i] != x.dims[i]) return false;
    return true;
  }

  GateShape at(const Frame<T>& f, const Shape& x, const Shape& g) const {
    GateShape s{};
    s.count = f.elements(x), s.n = f.n, s.same = x == g, s.lone = f.lone;
    if (!s.same) s.h = x.h(), s.w = x.w(), s.c = x.c(), s.gh = g.h(), s.gw = g.w(), s.gc = g.c();
    return s;
  }

  void multiply(const Frame<T>& f, const Tensor& a, const Tensor& b, const T* x, const T* g, T* y) const {
    if (fits(b.shape, a.shape))
      f.kernels.pointwise.gate(f.team, at(f, a.shape, b.shape), false, x, g, y);
    else
      f.kernels.pointwise.gate(f.team, at(f, b.shape, a.shape), false, g, x, y);
  }

  // That of `a`, whose values are multiplied with those of `b`.
  void gradient(const Frame<T>& f, const T* dy, const Tensor& a, const Tensor& b, T* da, bool adds) const {
    if (fits(b.shape, a.shape))
      f.kernels.pointwise.gate(f.team, at(f, a.shape, b.shape), adds, dy, f.value(b), da);
    else
      f.kernels.pointwise.gate_sum(f.team, at(f, b.shape, a.shape), adds, dy, f.value(b), da);
  }
};

}  // namespace

FASTDL_LAYER(Gate)

}  // namespace fastdl
