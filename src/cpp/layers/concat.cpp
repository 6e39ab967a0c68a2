// concat: y = [a(x), b(x), ...], the branches' channels or features side by side; an empty branch is x itself.
#include "kernels/memory.hpp"
#include "kernels/pointwise.hpp"
#include "layers/chain.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Concat : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  struct Branch {
    int begin, end;       // its layers
    Tensor fork, last;    // in, under a gradient of its own but for the first branch with layers; what it gives
    int first, channels;  // where that stands in out
    bool is_input() const { return begin == end; }
  };
  std::vector<LayerPtr<T>> layers;  // of all branches, one after the other
  std::vector<Branch> branches;
  int straight = -1;  // the branch whose gradient of in is in's

  void plan(Plan<T>& plan) override {
    this->lone = true;
    Tensor x = in;
    x.overwritable = false;  // read more than once
    const int before = plan.gradients.count();
    index channels = 0;
    bool wants_gradient = false;
    for (const auto& specs : spec.branches("branches")) {
      Branch b{.begin = int(layers.size()), .end = 0, .fork = x, .last = x, .first = int(channels), .channels = 0};
      if (!specs.empty()) {
        if (straight < 0)
          straight = int(branches.size());
        else
          b.fork = plan.fork(x);
        b.last = plan_chain(layers, specs, b.fork, plan);
        plan.busy.push_back(b.last);
      }
      b.end = int(layers.size()), b.channels = b.last.shape.c();
      channels =
          this->as_int(channels + b.channels, x.shape.is_image() ? "the number of channels" : "the number of features");
      wants_gradient |= b.last.wants_gradient;
      branches.push_back(b);
      check_beside(branches.front().last.shape, b.last.shape);
    }
    Shape shape = branches[0].last.shape;
    shape.dims.back() = int(channels);
    out = plan.tensor(shape, wants_gradient);
    out.overwritable = true;
    plan.hold_gradient(out, before);  // for all branches, whatever is done in those behind them
  }

  void forward(const Frame<T>& f) const override {
    forward_chain(f, layers, 0, layers.size());
    for (const Branch& b : branches) f.kernels.memory.put_slice(f.team, slice(f, b), f.value(b.last), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    const T* dy = f.gradient(out);
    for (int i = int(branches.size()) - 1; i >= 0; i--) {
      const Branch& b = branches[i];
      T* d = f.gradient(b.last);
      if (!d || b.is_input()) continue;
      f.kernels.memory.take_slice(f.team, slice(f, b), dy, d);
      backward_chain(f, layers, b.begin, b.end);
    }
    if (T* dx = f.gradient(in)) add_up(f, dy, dx);
  }

  const std::vector<LayerPtr<T>>* children() const override { return &layers; }

 private:
  // dx: the straight branch's, which is there, or the first one's, then the others' in their order.
  void add_up(const Frame<T>& f, const T* dy, T* dx) const {
    for (int i = 0; i < int(branches.size()); i++) {
      const Branch& b = branches[i];
      if (i == 0 && straight < 0)
        f.kernels.memory.take_slice(f.team, slice(f, b), dy, dx);
      else if (b.is_input())
        f.kernels.memory.add_slice(f.team, slice(f, b), dy, dx);
      else if (i != straight)
        f.kernels.pointwise.add(f.team, f.elements(in.shape), dx, f.gradient(b.fork), dx);
    }
  }

  ChannelSlice slice(const Frame<T>& f, const Branch& b) const {
    return {.whole = norm_shape(f, out.shape), .first = b.first, .channels = b.channels};
  }

  void check_beside(const Shape& first, const Shape& other) const {
    Shape same = other;
    if (same.dims.size() == first.dims.size()) same.dims.back() = first.c();
    if (same == first) return;
    const bool images = first.is_image() && other.is_image(), sequences = first.is_sequence() && other.is_sequence();
    throw Error(this->who() + ": branch 1 gives " + first.what() + ", but branch " + std::to_string(branches.size()) +
                " gives " + other.what() + ". Side by side, they may differ in " +
                (images      ? "channels only: give all branches the same stride, with padding=\"same\"."
                 : sequences ? "features only: give all branches the same stride, with padding=\"same\"."
                             : "features only: end all branches in images, in sequences or in rows."));
  }
};

}  // namespace

FASTDL_LAYER(Concat)

}  // namespace fastdl
