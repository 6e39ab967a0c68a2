#include "program/outline.hpp"

#include "core/backend.hpp"
#include "layers/chain.hpp"
#include "layers/plan.hpp"

namespace fastdl {

Outline outline(const std::vector<LayerSpec>& layers, const Shape& input) {
  Plan<float> plan(kernels_of<float>(find_backend("")), 1, 1);
  std::vector<LayerPtr<float>> chain;
  plan_chain(chain, layers, plan.tensor(input, false), plan);
  return {plan.parameters, plan.states};
}

}  // namespace fastdl
