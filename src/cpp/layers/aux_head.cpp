// aux_head: the identity, with layers beside it whose output has a loss of its own in training (Szegedy et al. 2015).
#include "kernels/memory.hpp"
#include "kernels/pointwise.hpp"
#include "layers/chain.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct AuxHead : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  std::vector<LayerPtr<T>> layers;
  Tensor fork;  // in for the layers, its gradient to be added to out's
  Tensor last;  // what has the loss
  index first_parameter = 0, n_parameters = 0;

  void plan(Plan<T>& plan) override {
    this->lone = true;
    Tensor x = in;
    fork = plan.fork(in);
    first_parameter = plan.n_parameters;
    last = plan_chain(layers, spec.layers("layers"), fork, plan);
    n_parameters = plan.n_parameters - first_parameter;
    if (last.wants_gradient) plan.lasting.push_back(last.gradient);  // the loss writes it before backward begins
    x.wants_gradient = in.wants_gradient || last.wants_gradient;     // or backward would end before it comes here
    out = in.wants_gradient || !last.wants_gradient ? in : plan.fork(x);
    out.in_place = true, out.overwritable = false;
  }

  void forward(const Frame<T>& f) const override {
    if (f.training) forward_chain(f, layers, 0, layers.size());
  }

  // The gradient of `last` is the loss's, which the program wrote; without a loss there is none.
  void backward(const Frame<T>& f) const override {
    if (!f.norm) return f.kernels.memory.fill(f.team, n_parameters, T(0), f.grads + first_parameter);
    backward_chain(f, layers, 0, layers.size());
    if (T* dx = f.gradient(in)) f.kernels.pointwise.add(f.team, f.elements(in.shape), dx, f.gradient(fork), dx);
  }

  const std::vector<LayerPtr<T>>* children() const override { return &layers; }
  const Tensor* side_output() const override { return &last; }
};

}  // namespace

FASTDL_LAYER(AuxHead)

}  // namespace fastdl
