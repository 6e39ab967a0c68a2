// Losses, updates, reductions.
#pragma once

#include "kernels/shapes.hpp"

namespace fastdl {

enum class LossKind : int;  // kernels/loss_kind.hpp

template <class T>
struct LossArgs {
  LossKind kind;
  T param;  // the loss's number: label smoothing, delta, margin, quantile, gamma
  T cap;    // largest value reported for one output (infinity: none); the gradient is not capped
  int n, outputs;
  const T* pred;              // (n, outputs), before the link
  const T* target;            // (n, outputs), or null where the loss takes codes
  const std::int32_t* codes;  // (n,), or null
  const T* weight;            // (n,), or null for all ones
  T norm;                     // the gradient is divided by it (the sum of the weights)
  double* value;              // (n,), weight times loss of each sample, not divided
  T* dpred;                   // (n, outputs), or null
  T* pairs;                   // (3, n, n), room of losses that compare samples; else null
};

// One run of parameters that share their settings. Order: g <- scale*g, clip by value, + l2*w + l1*sign(w); the rule;
// then the decoupled decay w <- w - decay*w (of the old w).
template <class T>
struct UpdateArgs {
  UpdateKind kind;
  T rate;               // learning rate of this step, multipliers applied
  double momentum;      // momentum, nesterov; rho of adadelta and rmsprop
  double beta1, beta2;  // double, for 1 - beta would lose digits in float
  T eps;
  T correction1, correction2;  // 1 - beta1^t, 1 - beta2^t
  T nadam_now, nadam_next;     // nadam's coefficients of g and of m
  T scale, clip;               // clip by value: infinity for none
  T l1, l2, decay;
  std::int64_t count;
  T* w;
  const T* g;
  T *m, *v;  // m, v: the optimizer's first and second state block, null where the rule has none
};

constexpr std::int64_t sum_chunk = 8192;

template <class T>
struct TrainingKernels {
  double (*loss)(const Team&, const LossArgs<T>&);  // the sum of value; every thread gets it
  void (*update)(const Team&, const UpdateArgs<T>&);
  // Columns w[:, j] of w (rows, cols) with a norm above limit are scaled down to it (max-norm).
  void (*max_norm)(const Team&, std::int64_t rows, std::int64_t cols, T limit, T* w);
  // The sum of squares (or absolute values) of x, which every thread gets: cut at fixed places, sum_chunk elements
  // apart, of which parts (count / sum_chunk + 1,) is the room for the sums.
  double (*sum_squares)(const Team&, std::int64_t count, const T* x, double* parts);
  double (*sum_absolutes)(const Team&, std::int64_t count, const T* x, double* parts);
  void (*add_penalty_gradient)(const Team&, std::int64_t count, T l1, T l2, const T* w,
                               T* g);  // g += l2 w + l1 sign(w)
  // Over samples of the user's, weights (n,) or null for ones: each counts its steps, lengths (n,) or null for `steps`.
  // With weights of steps, (n, steps), those of the steps that there are.
  double (*sum_of_weights)(const Team&, std::int64_t n, const T* weights, bool of_steps, const std::int32_t* lengths,
                           int steps);
};

}  // namespace fastdl
