// Losses, updates, and what a step comes to.
#include "kernels/cuda/loss.hpp"
#include "kernels/cuda/pair_loss.hpp"
#include "kernels/cuda/tables.hpp"
#include "kernels/cuda/tally.hpp"
#include "kernels/cuda/update.hpp"
#include "kernels/training.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void loss(const Team& team, const LossArgs<T>& a) {
  if (a.n <= 0) return;
  switch (a.kind) {
    case LossKind::softmax_cross_entropy: return each_sample(team, a, SoftmaxCrossEntropy<T>{a.param});
    case LossKind::focal: return each_sample(team, a, Focal<T>{a.param});
    case LossKind::hinge: return each_sample(team, a, Hinge<T>{a.param});
    case LossKind::objects_as_points: return each_sample(team, a, ObjectsAsPoints<T>{a.param});
    case LossKind::triplet: return each_anchor(team, a, Triplet<T>{a.param});
    case LossKind::contrastive: return each_anchor(team, a, Contrastive<T>{a.param});
    default:
      with_loss<T>(a.kind, a.param, [&](auto loss) { each_sample(team, a, SumOfLosses<T, decltype(loss)>{loss}); });
  }
}

template <class T>
void sum_of_weights(const Team& team, std::int64_t n, const T* weights, bool of_steps, const std::int32_t* lengths,
                    int steps, double* total) {
  sum_of(
      team, n,
      [=] __device__(std::int64_t i) {
        const int length = lengths ? lengths[i] : steps;
        if (!of_steps) return (weights ? double(weights[i]) : 1.0) * length;
        double sum = 0;
        for (int t = 0; t < length; t++) sum += double(weights[i * steps + t]);
        return sum;
      },
      total);
}

template <class T>
constexpr TrainingKernels<T> training_rows() {
  return {
      .loss = loss<T>,
      .update = update<T>,
      .max_norm = max_norm<T>,
      .sum_squares = sum_squares<T>,
      .sum_absolutes = sum_absolutes<T>,
      .add_penalty_gradient = add_penalty_gradient<T>,
      .sum_of_weights = sum_of_weights<T>,
      .end_step = end_step,
  };
}

}  // namespace

FASTDL_ROWS(TrainingKernels, training)

}  // namespace fastdl::FASTDL_ISA
