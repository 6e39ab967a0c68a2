// drop_connect: a layer whose weights are each kept with probability 1-rate in training and divided by it; in use it
// has all of them (Wan et al. 2013). A batch has one mask, drawn for its first sample; backward draws it again.
#include "kernels/pointwise.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct DropConnect : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  LayerPtr<T> layer;
  T rate;
  Param weight, kept;    // the parameter, and what training leaves of it
  int count;             // of its values
  std::uint32_t number;  // of this layer, for the generator

  void plan(Plan<T>& plan) override {
    rate = spec.number("rate");
    number = plan.random_layers++;
    LayerSpec inner = spec.layers("layer")[0];
    inner.name = spec.name;  // its parameters are this layer's
    plan.instead_of_weight = [&](const LayerSpec& s, const std::vector<int>& dims, int fan_in, int fan_out) {
      weight = plan.parameter(s, "weight", "weight", dims, fan_in, fan_out);
      count = this->as_int(plan.parameters.back().count, "the number of weights");
      return kept = plan.derived(count);
    };
    layer = make_layer<T>(inner);
    layer->in = in;
    layer->plan(plan);
    plan.dense_weights.erase(spec.name);  // nobody else knows which weights it has
    out = layer->out;
    this->learns = layer->learns, this->lone = layer->lone;
  }

  void forward(const Frame<T>& f) const override {
    if (!drops(f)) return layer->forward(whole(f));
    f.kernels.pointwise.dropout_forward(f.team, all(), key(f), now(f), f.param(weight), f.param(kept));
    layer->forward(f);
  }

  void backward(const Frame<T>& f) const override {
    if (!drops(f)) return layer->backward(whole(f));
    layer->backward(f);
    if (this->learns) f.kernels.pointwise.dropout_backward(f.team, all(), key(f), now(f), f.grad(kept), f.grad(weight));
  }

 private:
  T now(const Frame<T>& f) const { return T(rate * f.regularisation); }
  bool drops(const Frame<T>& f) const { return f.training && now(f) > 0; }
  NormShape all() const { return {1, count, 1, false}; }
  RandomKey key(const Frame<T>& f) const {
    return {.seed = f.seed, .layer = number, .epoch = f.epoch, .sample = f.sample, .n = 1};
  }
  // In use the layer reads the parameter itself, without a copy.
  Frame<T> whole(const Frame<T>& f) const {
    Frame<T> g = f;
    g.derived = f.params + weight - derived_offset(kept), g.derived_grads = f.grads + weight - derived_offset(kept);
    return g;
  }
};

}  // namespace

FASTDL_LAYER(DropConnect)

}  // namespace fastdl
