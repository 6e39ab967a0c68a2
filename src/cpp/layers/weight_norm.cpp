// weight_norm: a layer whose weight is g v / ||v||, the norm over all but the output axis (Salimans and Kingma 2016).
#include "kernels/norm.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct WeightNorm : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  LayerPtr<T> layer;
  WeightNormShape shape;
  Param w, v, g;
  Buffer norm;  // of v, for each output

  void plan(Plan<T>& plan) override {
    LayerSpec inner = spec.layers("layer")[0];
    inner.name = spec.name;  // its parameters are this layer's
    plan.instead_of_weight = [&](const LayerSpec& s, const std::vector<int>& dims, int fan_in, int fan_out) {
      shape = shape_of(s, dims);
      const int outputs = shape.units * shape.groups;
      v = plan.parameter(s, "weight_v", "weight", dims, fan_in, fan_out);
      g = plan.parameter(s, "weight_g", "gain", {outputs}, fan_in, fan_out);
      norm = plan.saved(outputs);
      return w = plan.derived(plan.parameters[plan.parameters.size() - 2].count);
    };
    layer = make_layer<T>(inner);
    layer->in = in;
    layer->plan(plan);
    out = layer->out;
    this->learns = layer->learns, this->lone = layer->lone;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.norm.weight_norm_forward(f.team, shape, f.param(v), f.param(g), f.saved(norm), f.param(w));
    layer->forward(f);
  }

  void backward(const Frame<T>& f) const override {
    layer->backward(f);
    if (this->learns)
      f.kernels.norm.weight_norm_backward(f.team, shape, f.param(v), f.param(g), f.saved(norm), f.grad(w), f.grad(v),
                                          f.grad(g));
  }

 private:
  // Outputs are the last axis, but in a transposed convolution (h, w, filters/groups, c).
  static WeightNormShape shape_of(const LayerSpec& inner, const std::vector<int>& dims) {
    const bool transposed = inner.kind == "conv2d_transpose";
    const int units = transposed ? dims[2] : dims.back(), groups = transposed ? inner.integer("groups") : 1;
    int outer = 1;
    for (std::size_t i = 0; i + (transposed ? 2 : 1) < dims.size(); i++) outer *= dims[i];
    return {.outer = outer, .units = units, .groups = groups, .inner = transposed ? dims.back() / groups : 1};
  }
};

}  // namespace

FASTDL_LAYER(WeightNorm)

}  // namespace fastdl
