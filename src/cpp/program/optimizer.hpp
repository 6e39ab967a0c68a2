// The rule that turns gradients into new weights, over the flat block in runs of equal settings.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "kernels/training.hpp"
#include "layers/layer.hpp"
#include "program/rule.hpp"

namespace fastdl {

// Nadam's momentum schedule mu_t and its running product (Dozat 2016), as the coefficients of the gradient and of the
// first moment in step t.
struct NadamCoefficients {
  double now, next;
};
NadamCoefficients nadam_coefficients(double beta1, long t);

// Of step t, at these rates.
StepNumbers step_numbers(const Rule& rule, long t, double rate, double regularisation);
// Everything of an UpdateArgs that depends on neither the step nor the run of parameters.
template <class T>
UpdateArgs<T> update_args(const Rule& rule);

template <class T>
class Optimizer {
 public:
  Optimizer(const Rule& rule, const std::vector<Parameter>& parameters, const std::vector<double>& multipliers,
            const std::vector<double>& decay_multipliers, const Memory& memory);

  // total += 0.5*l2*sum(w^2) + l1*sum|w| over the regularised weights, not divided.
  void add_penalty(const Frame<T>& f, double* total) const;
  // grads += (l2*w + l1*sign(w)) / norm over the same weights, for those who take no step; a step does this itself.
  void add_penalty_gradient(const Frame<T>& f) const;
  // One step on every thread of the team, by the numbers of the tally.
  void step(const Frame<T>& f, Tally* tally) const;

  const Rule& rule() const { return rule_; }
  long steps() const { return t_; }
  void set_steps(long t) { t_ = t; }
  const Block<T>& moments() const { return moments_; }  // (2, n_parameters) or less

 private:
  struct Run {
    index offset, count;
    bool regularised;
    double rate;
    double decay;  // times the rate of a step
  };

  Rule rule_;
  std::vector<Run> runs_;
  std::vector<Parameter> limited_;  // weights under the max-norm
  index n_parameters_ = 0;
  long t_ = 0;
  Block<T> moments_;
  Block<double> parts_;
};

}  // namespace fastdl
