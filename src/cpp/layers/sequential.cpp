// sequential: layers one after the other, as one layer.
#include "layers/chain.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Sequential : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  std::vector<LayerPtr<T>> layers;

  void plan(Plan<T>& plan) override {
    this->lone = true;
    out = plan_chain(layers, spec.layers("layers"), in, plan);
  }
  void forward(const Frame<T>& f) const override { forward_chain(f, layers, 0, layers.size()); }
  void backward(const Frame<T>& f) const override { backward_chain(f, layers, 0, layers.size()); }
  const std::vector<LayerPtr<T>>* children() const override { return &layers; }
  int symbols() const override { return layers[0]->symbols(); }
};

}  // namespace

FASTDL_LAYER(Sequential)

}  // namespace fastdl
