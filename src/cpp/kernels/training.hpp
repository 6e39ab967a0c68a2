// Losses, updates, reductions, and what a step comes to.
#pragma once

#include "kernels/shapes.hpp"

namespace fastdl {

enum class LossKind : int;  // kernels/loss_kind.hpp

// Numbers of one step that depend on neither values nor parameters.
struct StepNumbers {
  double rate;                      // learning rate
  double regularisation;            // factor of the decoupled decay
  double correction1, correction2;  // 1 - beta1^t, 1 - beta2^t
  double nadam_now, nadam_next;     // nadam's coefficients of g and of m
  double count;                     // what the batch counts in the mean over the epoch; below 0: its norm
  double norm;                      // the sum of the weights; below 0: it is to be computed
};

// What a batch comes to, and what the batches of an epoch have come to so far. It lies where the values do.
struct Tally {
  StepNumbers now;
  double norm;                     // the sum of the weights, which divides the loss
  double loss;                     // the sum of the losses
  double penalty;                  // of weights, not divided
  double activity_penalty;         // of layers
  double sides;                    // losses of side heads, times their weights
  double squares;                  // the sum of the squared gradients, where the rule limits their norm
  double seen, losses, penalties;  // of the epoch: counts, and means times counts
  std::int64_t batch;              // its number in the epoch
  std::int64_t halted;             // a loss was not finite: from there on nothing that lasts changes
};
// The means of a batch that has weight, and whether something is learnt from it.
FASTDL_INLINE double penalty_of(const Tally& t) { return t.penalty / t.norm + t.activity_penalty; }
FASTDL_INLINE bool is_finite(const Tally& t) {
  const double x = t.loss / t.norm + penalty_of(t) + t.sides;
  return x - x == 0;
}
FASTDL_INLINE bool moves(const Tally& t) { return !t.halted && t.norm != 0 && is_finite(t); }

FASTDL_INLINE void begin_step(const StepNumbers& numbers, Tally& t) {
  t.now = numbers;
  t.norm = numbers.norm;
  t.loss = t.penalty = t.activity_penalty = t.sides = t.squares = 0;
}
// A batch without weight counts, with a loss of 0.
FASTDL_INLINE void add_step(const StepNumbers* table, std::int64_t n_batches, int n_sides, double* sides, Tally& t) {
  const bool weighs = t.norm != 0;
  if (t.halted || (weighs && !is_finite(t))) {
    t.halted = 1;
    return;
  }
  const double count = t.now.count < 0 ? t.norm : t.now.count, penalty = weighs ? penalty_of(t) : 0;
  t.seen += count;
  t.losses += weighs ? (t.loss / t.norm + penalty) * count : 0;
  t.penalties += penalty * count;
  for (int i = 0; i < n_sides && weighs; i++) sides[n_sides + i] += sides[i] / t.norm * count;
  if (++t.batch < n_batches) begin_step(table[t.batch], t);
}

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
  const double* norm;         // the sum of the weights
  double share;               // the gradient is divided by T(norm / share)
  double* value;              // (n,), weight times loss of each sample, not divided
  double* total;              // the sum of value
  T* dpred;                   // (n, outputs), or null
  T* pairs;                   // (3, n, n), room of losses that compare samples; else null
};

// One run of parameters that share their settings. Order: g <- scale*g, clip by value, + l2*w + l1*sign(w); the rule;
// then the decoupled decay w <- w - decay*w (of the old w). Nothing happens but where moves(*tally).
template <class T>
struct UpdateArgs {
  UpdateKind kind;
  const Tally* tally;
  double rate;          // factor of the step's
  double momentum;      // momentum, nesterov; rho of adadelta and rmsprop
  double beta1, beta2;  // double, for 1 - beta would lose digits in float
  double eps;
  double clip, clip_norm;  // of gradients by value, and of all by their norm: infinity for none
  double l1, l2;           // divided by the tally's norm
  double decay;            // times rate and regularisation of the step
  std::int64_t count;
  T* w;
  const T* g;
  T *m, *v;  // m, v: the optimizer's first and second state block, null where the rule has none
};

constexpr std::int64_t sum_chunk = 8192;

template <class T>
struct TrainingKernels {
  void (*loss)(const Team&, const LossArgs<T>&);
  void (*update)(const Team&, const UpdateArgs<T>&);
  // Columns w[:, j] of w (rows, cols) with a norm above limit are scaled down to it (max-norm), where moves(*tally).
  void (*max_norm)(const Team&, const Tally*, std::int64_t rows, std::int64_t cols, T limit, T* w);
  // The sum of squares (or absolute values) of x: cut at fixed places, sum_chunk elements apart, of which parts
  // (count / sum_chunk + 1,) is the room for the sums.
  void (*sum_squares)(const Team&, std::int64_t count, const T* x, double* parts, double* total);
  void (*sum_absolutes)(const Team&, std::int64_t count, const T* x, double* parts, double* total);
  // g += l2 w + l1 sign(w), with l1 and l2 divided by *norm
  void (*add_penalty_gradient)(const Team&, std::int64_t count, double l1, double l2, const double* norm, const T* w,
                               T* g);
  // Over samples of the user's, weights (n,) or null for ones: each counts its steps, lengths (n,) or null for `steps`.
  // With weights of steps, (n, steps), those of the steps that there are.
  void (*sum_of_weights)(const Team&, std::int64_t n, const T* weights, bool of_steps, const std::int32_t* lengths,
                         int steps, double* total);
  // What the batch comes to is added to what those before did, or halted is set; then the tally is the next one's, with
  // the numbers of table (n_batches,) and sums from 0. sides (2, n_sides): sums of the losses of side heads; means of
  // the epoch so far, times counts.
  void (*end_step)(const Team&, const StepNumbers* table, std::int64_t n_batches, int n_sides, double* sides, Tally*);
};

}  // namespace fastdl
