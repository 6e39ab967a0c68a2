// separable_conv2d: each channel with kernels of its own, then a convolution of 1x1 that mixes them (Chollet 2017).
#include "layers/chain.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct SeparableConv2D : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  LayerPtr<T> depthwise, pointwise;

  void plan(Plan<T>& plan) override {
    LayerSpec first = spec, second = spec;
    first.kind = "depthwise_conv2d", first.fields["bias"] = false;
    second.kind = "conv2d", second.fields["groups"] = 1L, second.fields["padding"] = std::string("valid");
    for (const char* field : {"kernel_size", "stride", "dilation"}) second.fields[field] = std::vector<long>{1, 1};
    depthwise = planned(first, "depthwise_weight", in, plan);
    plan.busy.push_back(depthwise->out);
    pointwise = planned(second, "pointwise_weight", depthwise->out, plan);
    this->learns = pointwise->learns, this->lone = true;
    out = pointwise->out;
  }

  void forward(const Frame<T>& f) const override {
    depthwise->forward(f);
    pointwise->forward(f);
  }

  void backward(const Frame<T>& f) const override {
    pointwise->backward(f);
    if (depthwise->out.wants_gradient) depthwise->backward(f);
  }

 private:
  static LayerPtr<T> planned(const LayerSpec& spec, const std::string& weight, const Tensor& in, Plan<T>& plan) {
    plan.instead_of_weight = [&plan, weight](const LayerSpec& s, const std::vector<int>& dims, int fan_in,
                                             int fan_out) {
      return plan.parameter(s, weight, "weight", dims, fan_in, fan_out);
    };
    LayerPtr<T> layer = make_layer<T>(spec);
    layer->in = in;
    layer->plan(plan);
    return layer;
  }
};

}  // namespace

FASTDL_LAYER(SeparableConv2D)

}  // namespace fastdl
