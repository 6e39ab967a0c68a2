#include "program/optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/memory.hpp"

namespace fastdl {

namespace {

struct Named {
  const char* name;
  UpdateKind kind;
  int moments;
};
constexpr Named rules[] = {
    {"sgd", UpdateKind::sgd, 0},         {"momentum", UpdateKind::momentum, 1}, {"nesterov", UpdateKind::nesterov, 1},
    {"adagrad", UpdateKind::adagrad, 1}, {"adadelta", UpdateKind::adadelta, 2}, {"rmsprop", UpdateKind::rmsprop, 1},
    {"adam", UpdateKind::adam, 2},       {"adamw", UpdateKind::adamw, 2},       {"nadam", UpdateKind::nadam, 2},
};

}  // namespace

UpdateKind update_kind(const std::string& name) {
  for (const Named& rule : rules)
    if (name == rule.name) return rule.kind;
  throw Error("optimizer '" + name + "' is not known to the core.");
}

int n_moments(UpdateKind kind) {
  for (const Named& rule : rules)
    if (kind == rule.kind) return rule.moments;
  return 0;
}

NadamCoefficients nadam_coefficients(double beta1, long t) {
  auto mu = [&](long s) { return beta1 * (1 - 0.5 * std::pow(0.96, 0.004 * s)); };
  double product = 1;
  for (long s = 1; s <= t; s++) product *= mu(s);
  return {(1 - mu(t)) / (1 - product), mu(t + 1) / (1 - product * mu(t + 1))};
}

StepNumbers step_numbers(const Rule& rule, long t, double rate, double regularisation) {
  const bool nadam = rule.kind == UpdateKind::nadam;
  const NadamCoefficients coefficients = nadam ? nadam_coefficients(rule.beta1, t) : NadamCoefficients{};
  return {.rate = rate,
          .regularisation = regularisation,
          .correction1 = 1 - std::pow(rule.beta1, double(t)),
          .correction2 = 1 - std::pow(rule.beta2, double(t)),
          .nadam_now = coefficients.now,
          .nadam_next = coefficients.next,
          .count = 0,
          .norm = -1};
}

template <class T>
UpdateArgs<T> update_args(const Rule& rule) {
  return {.kind = rule.kind,
          .tally = nullptr,
          .rate = 1,
          .momentum = rule.momentum,
          .beta1 = rule.beta1,
          .beta2 = rule.beta2,
          .eps = rule.eps,
          .clip = rule.clip_value,
          .clip_norm = rule.clip_norm,
          .l1 = 0,
          .l2 = 0,
          .decay = 0,
          .count = 0,
          .w = nullptr,
          .g = nullptr,
          .m = nullptr,
          .v = nullptr};
}

template <class T>
Optimizer<T>::Optimizer(const Rule& rule, const std::vector<Parameter>& parameters,
                        const std::vector<double>& multipliers, const std::vector<double>& decay_multipliers,
                        const Memory& memory)
    : rule_(rule) {
  for (std::size_t i = 0; i < parameters.size(); i++) {
    const Parameter& p = parameters[i];
    n_parameters_ = std::max(n_parameters_, p.offset + p.count);
    if (!p.trainable) continue;
    bool weight = p.role == "weight";
    const double rate = p.rate * (multipliers.empty() ? 1.0 : multipliers[i]);
    const double decay = decay_multipliers.empty() ? (weight ? rate : 0.0) : decay_multipliers[i];
    Run run{p.offset, p.count, weight && (rule.l1 != 0 || rule.l2 != 0), rate, decay * rule.weight_decay};
    Run* last = runs_.empty() ? nullptr : &runs_.back();
    if (last && last->offset + last->count == run.offset && last->regularised == run.regularised &&
        last->rate == run.rate && last->decay == run.decay)
      last->count += run.count;
    else
      runs_.push_back(run);
    if (weight && std::isfinite(rule.max_norm)) limited_.push_back(p);
  }
  moments_ = Block<T>(n_moments(rule.kind) * n_parameters_, memory);
  parts_ = Block<double>(n_parameters_ / sum_chunk + 1, memory);
}

template <class T>
void Optimizer<T>::add_penalty(const Frame<T>& f, double* total) const {
  const TrainingKernels<T>& k = f.kernels.training;
  const auto add = [&](double factor) { f.kernels.memory.add_scaled(f.team, factor, f.sums, nullptr, nullptr, total); };
  for (const Run& run : runs_) {
    if (!run.regularised) continue;
    const T* w = f.params + run.offset;
    if (rule_.l2 != 0) k.sum_squares(f.team, run.count, w, parts_.data(), f.sums), add(0.5 * rule_.l2);
    if (rule_.l1 != 0) k.sum_absolutes(f.team, run.count, w, parts_.data(), f.sums), add(rule_.l1);
  }
}

template <class T>
void Optimizer<T>::add_penalty_gradient(const Frame<T>& f) const {
  for (const Run& run : runs_)
    if (run.regularised && (rule_.l1 != 0 || rule_.l2 != 0))
      f.kernels.training.add_penalty_gradient(f.team, run.count, rule_.l1, rule_.l2, f.norm, f.params + run.offset,
                                              f.grads + run.offset);
}

template <class T>
void Optimizer<T>::step(const Frame<T>& f, Tally* tally) const {
  UpdateArgs<T> args = update_args<T>(rule_);
  args.tally = tally;
  if (std::isfinite(rule_.clip_norm))
    f.kernels.training.sum_squares(f.team, n_parameters_, f.grads, parts_.data(), &tally->squares);
  const int moments = n_moments(rule_.kind);
  for (const Run& run : runs_) {
    args.rate = run.rate, args.decay = run.decay;
    args.l1 = run.regularised ? rule_.l1 : 0;
    args.l2 = run.regularised ? rule_.l2 : 0;
    args.count = run.count;
    args.w = f.params + run.offset;
    args.g = f.grads + run.offset;
    args.m = moments > 0 ? moments_.data() + run.offset : nullptr;
    args.v = moments > 1 ? moments_.data() + n_parameters_ + run.offset : nullptr;
    f.kernels.training.update(f.team, args);
  }
  for (const Parameter& p : limited_)
    f.kernels.training.max_norm(f.team, tally, p.count / p.dims.back(), p.dims.back(), rule_.max_norm,
                                f.params + p.offset);
}

template class Optimizer<float>;
template class Optimizer<double>;
template UpdateArgs<float> update_args<float>(const Rule&);
template UpdateArgs<double> update_args<double>(const Rule&);

}  // namespace fastdl
