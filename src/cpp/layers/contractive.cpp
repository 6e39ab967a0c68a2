// contractive: a dense layer and its activation, h = s(x w + b), with a penalty: strength * the squared norm of dh/dx,
// the mean over samples (Rifai et al. 2011). The gradient reaches w both through h and by itself.
#include "kernels/memory.hpp"
#include "kernels/penalty.hpp"
#include "layers/chain.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Contractive : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  std::vector<LayerPtr<T>> layers;
  ActivationKind kind;
  T strength;
  DenseWeight w;
  Buffer squares, sums;  // (units,)
  Buffer value;          // (n,)

  void plan(Plan<T>& plan) override {
    check_row(*this);
    out = plan_chain(layers, spec.layers("layers"), in, plan);
    out.in_place = true, out.overwritable = false;
    w = plan.dense_weights.at(layers[0]->spec.name);
    kind = activation_kind(layers[1]->spec.text("function"));
    strength = spec.number("strength");
    squares = plan.saved(w.units), sums = plan.saved(w.units), value = plan.saved(plan.batch);
    this->penalises = strength > 0;
  }

  void forward(const Frame<T>& f) const override { forward_chain(f, layers, 0, layers.size()); }

  void add_penalty(const Frame<T>& f, double* total) const override {
    f.kernels.penalty.contractive_forward(f.team, f.n, w.features, w.units, kind, f.weight, f.param(w.weight),
                                          f.value(out), f.saved(squares), f.saved(value));
    f.kernels.memory.sum(f.team, f.n, f.saved(value), f.sums);
    f.kernels.memory.add_scaled(f.team, strength, f.sums, nullptr, f.norm, total);
  }

  void backward(const Frame<T>& f) const override {
    const bool active = f.norm && this->penalises;
    T* dh = f.gradient(out);
    if (active)
      f.kernels.penalty.contractive_backward_data(f.team, f.n, w.units, kind, strength, f.norm, f.weight,
                                                  f.saved(squares), f.value(out), dh, dh);
    backward_chain(f, layers, 0, layers.size());
    if (active && w.learns)
      f.kernels.penalty.contractive_backward_weights(f.team, f.n, w.features, w.units, kind, strength, f.norm, f.weight,
                                                     f.value(out), f.param(w.weight), f.saved(sums), f.grad(w.weight));
  }

  const std::vector<LayerPtr<T>>* children() const override { return &layers; }
};

}  // namespace

FASTDL_LAYER(Contractive)

}  // namespace fastdl
