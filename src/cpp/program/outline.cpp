#include "program/outline.hpp"

#include "core/backend.hpp"
#include "layers/chain.hpp"
#include "layers/plan.hpp"
#include "program/rows.hpp"

namespace fastdl {
namespace {

template <class T>
Survey survey_of(const std::vector<LayerSpec>& layers, const Shape& input, int batch) {
  Plan<T> plan(find_backend(""), batch, 1, direct_convolution("auto"));
  const Tensor x = plan.tensor(input, false);
  plan.busy.clear();
  std::vector<LayerPtr<T>> chain;
  plan_chain(chain, layers, x, plan);
  Survey found{.rows = {}, .parameters = plan.parameters, .memory = {}};
  for (const auto& layer : chain) add_rows(*layer, 0, plan.parameters, found.rows);
  const auto bytes = [](index count) { return count * index(sizeof(T)); };
  const Room learning = plan.to_learn();
  found.memory = {{"parameters", bytes(plan.n_parameters + plan.n_states)},
                  {"gradients", bytes(plan.n_parameters)},
                  {"values", bytes(learning.values + learning.gradients)},
                  {"saved", bytes(learning.saved + 2 * plan.n_derived + plan.carries)},
                  {"scratch", bytes(learning.scratch)}};
  return found;
}

}  // namespace

Outline outline(const std::vector<LayerSpec>& layers, const Shape& input) {
  Plan<double> plan(find_backend(""), 1, 1, false);  // where no layer is too large for its type
  std::vector<LayerPtr<double>> chain;
  plan_chain(chain, layers, plan.tensor(input, false), plan);
  return {plan.parameters, plan.states};
}

Survey survey(const std::vector<LayerSpec>& layers, const Shape& input, DType dtype, int batch) {
  return dtype == DType::f64 ? survey_of<double>(layers, input, batch) : survey_of<float>(layers, input, batch);
}

}  // namespace fastdl
