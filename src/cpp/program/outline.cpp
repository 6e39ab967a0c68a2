#include "program/outline.hpp"

#include "core/backend.hpp"
#include "layers/chain.hpp"
#include "layers/plan.hpp"

namespace fastdl {

Outline outline(const std::vector<LayerSpec>& layers, const Shape& input) {
  Plan<double> plan(kernels_of<double>(find_backend("")), 1, 1, false);  // where no layer is too large for its type
  std::vector<LayerPtr<double>> chain;
  plan_chain(chain, layers, plan.tensor(input, false), plan);
  return {plan.parameters, plan.states};
}

}  // namespace fastdl
