// Layers one after the other: what the containers and the program share.
#pragma once

#include "layers/layer.hpp"

namespace fastdl {

// Appends the layers of the specs to the chain, fed by in; returns the last output.
template <class T>
Tensor plan_chain(std::vector<LayerPtr<T>>& chain, const std::vector<LayerSpec>& specs, const Tensor& in,
                  Plan<T>& plan) {
  Tensor last = in;
  plan.first = ++plan.depth == 1;
  for (const LayerSpec& spec : specs) {
    chain.push_back(make_layer<T>(spec));
    chain.back()->in = last;
    const auto busy = plan.busy.size();
    plan.busy.push_back(last);
    chain.back()->plan(plan);
    plan.first = false;
    plan.busy.resize(busy);
    last = chain.back()->out;
  }
  plan.depth--;
  return last;
}

template <class T>
void forward_chain(const Frame<T>& f, const std::vector<LayerPtr<T>>& chain, int begin, int end) {
  for (int i = begin; i < end; i++)
    if (i + 1 < end && chain[i]->gives_relu() && chain[i + 1]->is_relu_in_place())
      chain[i++]->forward_relu(f);
    else
      chain[i]->forward(f);
}

// Down to the first layer whose output wants a gradient.
template <class T>
void backward_chain(const Frame<T>& f, const std::vector<LayerPtr<T>>& chain, int begin, int end) {
  for (int i = end - 1; i >= begin && chain[i]->out.wants_gradient; i--) chain[i]->backward(f);
}

}  // namespace fastdl
