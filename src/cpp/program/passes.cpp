// The passes: forward, loss, backward, update; over all batches to predict, one, or an epoch.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/threads.hpp"
#include "kernels/loss_kind.hpp"
#include "kernels/memory.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/training.hpp"
#include "layers/chain.hpp"
#include "program/poll.hpp"
#include "program/program.hpp"

namespace fastdl {
namespace {

// Operations of a pass below which one thread is faster than a team; of a few samples, whose threads meet often.
constexpr double team_threshold = 1e6, few_threshold = 4e6;
constexpr double paced_below = 5e7;  // operations of a pass: a step of half a millisecond
constexpr double tried_below = 2e8;  // of a prediction: a millisecond

}  // namespace

template <class T>
int Program<T>::team_size(int n) const {
  return work_ * n < team_threshold ? 1 : usable_threads(threads_);
}

template <class T>
Frame<T> Program<T>::frame(const Team& team, const Batch& batch) {
  return {.team = team,
          .kernels = kernels_,
          .n = batch.n,
          .training = batch.training,
          .seed = settings_.seed,
          .epoch = batch.epoch,
          .sample = batch_.order(),
          .params = params_.data(),
          .grads = grads_.data(),
          .states = state_.data(),
          .values = values_.size() < to_learn_.values ? nullptr : values_.data(),  // predict has places of its own
          .gradients = gradients_.data(),
          .saves = saved_.data(),
          .scratch = scratch_.data(),
          .derived = derived_.data(),
          .derived_grads = derived_grads_.data(),
          .lengths = batch_.lengths(),
          .room = settings_.batch,
          .clocks = batch_.clocks(),
          .steps = 1,
          .stateful = batch.stateful,
          .carried = carried_.data(),
          .weight = batch_.weights(),
          .answers = batch_.codes(),
          .answer_lengths = batch_.answer_lengths(),
          .answer_steps = 0,
          .norm = 0,
          .failure = &failure_,
          .gradient_starts = gradient_starts_.data(),
          .saved_starts = saved_starts_.data(),
          .lone = batch.lone};
}

// --- forward ------------------------------------------------------------------------------------------------------

template <class T>
void Program<T>::forward(const Data& data, bool training, std::uint32_t epoch, void* y) {
  last_ = {.data = nullptr,
           .begin = 0,
           .n = int(data.count),
           .training = training,
           .epoch = epoch,
           .stateful = data.stateful};
  Batch batch = last_;
  batch.data = &data;
  make_room(to_learn_);
  if (training) batch_.make_room_to_augment(settings_.threads);
  run_team(team_size(batch.n), [&](const Team& team) {
    Frame<T> f = frame(team, batch);
    batch_.gather(f, batch);
    forward_chain(f, layers_, 0, n_layers());
    batch_.read(f, output(), f.value(layers_.back()->out), static_cast<T*>(y));
  });
  rethrow();
}

template <class T>
void Program<T>::backward(const void* dy, void* dx) {
  const Tensor& out = layers_.back()->out;
  check(out.wants_gradient, "backward() has nothing to do: no layer learns and input_gradient is False.");
  run_team(team_size(last_.n), [&](const Team& team) {
    Frame<T> f = frame(team, last_);
    batch_.set_steps(f);
    batch_.write(f, out.shape, static_cast<const T*>(dy), f.gradient(out));
    backward_chain(f, layers_, 0, n_layers());
    if (dx) batch_.read(f, input_.shape, f.gradient(input_), static_cast<T*>(dx));
  });
  rethrow();
}

template <class T>
void Program<T>::predict(const Data& data, ActivationKind link, int layer, void* y) {
  if (layer < 0) layer += n_layers();
  const Tensor& out = layers_[layer]->out;
  index size = out.shape.size();
  const bool few = are_few(data.count);
  last_.n = 0;
  int threads = team_size(int(std::min<index>(data.count, settings_.batch)));
  const double work = work_ * double(data.count);
  Trial& trial = trials_[few];
  const bool tries = threads > 1 && work >= (few ? few_threshold : 0) && work < tried_below;
  if (tries ? !trial.team() : few && work < few_threshold) threads = 1;
  run_team(threads, [&](const Team& team) {
    int n;
    for (index begin = 0; begin < data.count && !failure_; begin += n) {
      n = int(std::min<index>(settings_.batch, data.count - begin));
      const bool lone = lone_ && are_few(n);
      if (lone) n = 1;
      Batch batch{.data = &data, .begin = begin, .n = n, .stateful = data.stateful, .lone = lone};
      Frame<T> f = frame(team, batch);
      f.values = values_.data(), f.value_starts = value_starts_.data();
      f.saved_starts = saved_starts_in_predict_.data();
      batch_.gather(f, batch);
      forward_chain(f, layers_, 0, layer + 1);
      T *z = f.value(out), *answers = static_cast<T*>(y) + begin * size;
      const bool by_rows = link == ActivationKind::softmax && out.shape.is_image();
      if (link == ActivationKind::softmax && !by_rows)
        kernels_.pointwise.softmax_forward(team, norm_shape(f, out.shape), z, z);
      else if (link != ActivationKind::identity && !by_rows)
        kernels_.pointwise.activation_forward(team, link, T(1), f.elements(out.shape), z, z);
      batch_.read(f, out.shape, z, answers);
      // In the user's layout each pixel is a row: its sum has one order, alone and in a batch.
      const NormShape pixels{f.n * out.shape.pixels(), out.shape.c(), 1, false};
      if (by_rows) kernels_.pointwise.softmax_forward(team, pixels, answers, answers);
    }
  });
  if (tries) trial.done(double(data.count));
  rethrow();
}

// --- loss ---------------------------------------------------------------------------------------------------------

LossKind loss_kind(const std::string& name) {
  constexpr std::pair<const char*, LossKind> kinds[] = {
      {"softmax_cross_entropy", LossKind::softmax_cross_entropy},
      {"binary_cross_entropy", LossKind::binary_cross_entropy},
      {"squared_error", LossKind::squared_error},
      {"absolute_error", LossKind::absolute_error},
      {"huber", LossKind::huber},
      {"hinge", LossKind::hinge},
      {"poisson", LossKind::poisson},
      {"pinball", LossKind::pinball},
      {"focal", LossKind::focal},
      {"binary_focal", LossKind::binary_focal},
      {"objects_as_points", LossKind::objects_as_points},
      {"triplet", LossKind::triplet},
      {"contrastive", LossKind::contrastive},
  };
  for (const auto& [text, kind] : kinds)
    if (name == text) return kind;
  throw Error("loss '" + name + "' is not known to the core.");
}

bool loss_takes_codes(LossKind kind) {
  return kind == LossKind::softmax_cross_entropy || kind == LossKind::hinge || kind == LossKind::focal ||
         loss_pairs(kind);
}

bool loss_compares(LossKind kind) { return kind == LossKind::hinge; }

bool loss_takes_boxes(LossKind kind) { return kind == LossKind::objects_as_points; }
bool loss_pairs(LossKind kind) { return kind == LossKind::triplet || kind == LossKind::contrastive; }

template <class T>
void Program<T>::ready_for_loss() {
  check(penalising_.empty() || output().is_row(),
        "penalties of activations need one output for each sample, but the last layer gives " + output().what() + ".");
  for (const Layer<T>* layer : sides_)
    check(layer->side_output()->shape == output() && output().is_row() && !input_.shape.is_sequence(),
          layer->who() + " needs rows or images as input, and layers that give as many outputs as the network, one " +
              "row for each sample; but its layers give " + layer->side_output()->shape.what() + ", and the network " +
              output().what() + ", of " + input_.shape.what() + ".");
  check(output().clock == 0, "an answer for every step needs as many steps at the end as X has, but the layers make " +
                                 std::to_string(output().steps()) + " of " + std::to_string(input().steps()) +
                                 ". Use stride 1 and padding=\"same\" or \"causal\" in layers over time.");
  check(!loss_.pairs || (output().is_row() && !batch_.may_mix()),
        "a loss of pairs of samples needs one row of outputs for each, and Augment without mixup.");
  make_room(to_learn_);
  batch_.make_room();
  if (loss_.pairs) batch_.make_room_for_pairs();
  batch_.make_room_to_augment(settings_.threads);
}

// The sum of the weighted losses of these outputs, and where wanted their gradient, times a weight.
template <class T>
double Program<T>::run_loss(const Frame<T>& f, const Data& data, const Tensor& out, double weight, bool gradient) {
  T* slopes = gradient ? f.gradient(out) : nullptr;
  const bool two = batch_.has_two_codes(f, data);
  LossArgs<T> args{.kind = loss_.kind,
                   .param = T(loss_.param),
                   .cap = T(loss_.cap),
                   .n = batch_.rows(f),
                   .outputs = out.shape.c(),
                   .pred = batch_.outputs_of(f, f.value(out)),
                   .target = two ? nullptr : batch_.targets_of(f, data),
                   .codes = batch_.codes(),
                   .weight = two ? batch_.own_parts().weights : batch_.weights(),
                   .norm = T(f.norm / weight),
                   .value = batch_.losses(),
                   .dpred = slopes ? batch_.slopes_for(slopes) : nullptr,
                   .pairs = batch_.pairs()};
  if (!loss_.takes_codes) args.codes = nullptr;
  const auto run = [&] { return loss_.own ? run_own_loss(f.team, args) : kernels_.training.loss(f.team, args); };
  double sum = run();
  if (two) {        // of mixed samples, the loss of each of their classes
    f.team.sync();  // everyone has added the losses
    T* whole = args.dpred;
    args.codes = batch_.other_parts().codes, args.weight = batch_.other_parts().weights;
    args.dpred = slopes ? batch_.other_slopes() : nullptr;
    sum += run();
    if (slopes) kernels_.pointwise.add(f.team, args.n * index(args.outputs), whole, args.dpred, whole);
  }
  if (slopes) batch_.write_slopes(f, slopes);
  return sum;
}

// The losses of side heads in training, and the gradients of their outputs; their sum, times their weights.
template <class T>
double Program<T>::run_side_losses(const Frame<T>& f, const Data& data) {
  double total = 0;
  for (std::size_t i = 0; i < sides_.size(); i++) {
    f.team.sync();  // the losses of samples that are there have been summed by everyone
    const double weight = sides_[i]->spec.number("weight");
    const double loss = run_loss(f, data, *sides_[i]->side_output(), weight, true) / f.norm;
    if (f.team.rank == 0) side_losses_[i] = loss;
    total += weight * loss;
  }
  return total;
}

// The loss of a user is asked by the thread that began the pass, while the others wait; not a number where it failed.
template <class T>
double Program<T>::run_own_loss(const Team& team, const LossArgs<T>& args) {
  team.sync();
  if (team.rank == 0) {
    try {
      own_sum_ = loss_.own({.rows = args.n,
                            .outputs = args.outputs,
                            .pred = args.pred,
                            .target = args.target,
                            .codes = args.codes,
                            .weight = args.weight,
                            .norm = double(args.norm),
                            .dpred = args.dpred});
    } catch (...) {
      failure_ = std::current_exception();
      own_sum_ = std::numeric_limits<double>::quiet_NaN();
    }
  }
  team.sync();
  return own_sum_;
}

template <class T>
void Program<T>::rethrow() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

template <class T>
double Program<T>::penalties(const Frame<T>& f) const {
  double sum = 0;
  for (const Layer<T>* layer : penalising_) sum += layer->penalty(f);
  return sum;
}

template <class T>
void Program<T>::loss_and_grads(const Data& data, bool evaluation, double& loss, double& penalty) {
  last_.n = 0;
  const bool several = !evaluation && data.count > settings_.batch;
  if (several && !totals_.size()) totals_ = Block<T>(grads_.size(), backend_.memory);
  ready_for_loss();
  const std::int32_t* lengths = decodes() ? data.answer_lengths : output().is_sequence() ? data.lengths : nullptr;
  const int rows_of_one = data.boxes ? 1 : output().steps() * output().pixels();
  double norm = kernels_.training.sum_of_weights({}, data.count, static_cast<const T*>(data.weights),
                                                 data.weights_of_steps, lengths, rows_of_one);
  if (norm == 0) norm = 1;  // a loss and gradients of zero
  loss = penalty = 0;
  std::vector<double> sides(sides_.size());
  for (index begin = 0; begin < data.count; begin += settings_.batch) {
    const Batch batch{.data = &data,
                      .begin = begin,
                      .n = int(std::min<index>(settings_.batch, data.count - begin)),
                      .training = !evaluation,
                      .stateful = data.stateful};
    const bool first = begin == 0, last = begin + batch.n == data.count;
    run_team(team_size(batch.n), [&](const Team& team) {
      Frame<T> f = frame(team, batch);
      batch_.gather(f, batch);
      batch_.gather_targets(f, batch);
      f.norm = norm;
      forward_chain(f, layers_, 0, n_layers());
      const double sum = run_loss(f, data, layers_.back()->out, 1, !evaluation), part = penalties(f);
      if (!evaluation) {
        run_side_losses(f, data);
        for (std::size_t i = 0; team.rank == 0 && i < sides.size(); i++) sides[i] += side_losses_[i];
      }
      if (team.rank == 0) loss += sum / norm, penalty += part;
      if (!evaluation) backward_chain(f, layers_, 0, n_layers());
      if (several && first) kernels_.memory.fill(team, totals_.size(), T(0), totals_.data());
      if (several) kernels_.pointwise.add(team, totals_.size(), totals_.data(), grads_.data(), totals_.data());
      if (!last) return;
      if (several) kernels_.memory.copy(team, totals_.size(), totals_.data(), grads_.data());
      const double extra = optimizer_.penalty(f) / norm;
      if (team.rank == 0) penalty += extra;
      if (!evaluation) optimizer_.add_penalty_gradient(f, norm);
    });
    rethrow();
  }
  side_losses_ = sides;
}

// --- epoch --------------------------------------------------------------------------------------------------------

// One step on every thread of the team, which all get its result; no update where it is not finite.
template <class T>
BatchResult Program<T>::train_batch(Frame<T> f, const Batch& batch, double rate) {
  batch_.gather(f, batch);
  batch_.gather_targets(f, batch);
  forward_chain(f, layers_, 0, n_layers());
  f.norm = batch_.norm(f, *batch.data);
  if (f.norm == 0) return {0, 0, 0};  // samples without weight teach nothing
  const double loss = run_loss(f, *batch.data, layers_.back()->out, 1, true) / f.norm;
  const double penalty = optimizer_.penalty(f) / f.norm + penalties(f), sides = run_side_losses(f, *batch.data);
  if (!std::isfinite(loss + penalty + sides)) return {std::numeric_limits<double>::quiet_NaN(), penalty, f.norm};
  if (failure_) return {loss, penalty, f.norm};
  backward_chain(f, layers_, 0, n_layers());
  if (!failure_) optimizer_.step(f, rate, f.norm);
  return {loss, penalty, f.norm};
}

template <class T>
EpochResult Program<T>::train_epoch(const Data& data, const PerBatch& rates, const PerBatch& regularisation,
                                    int batch_size, std::uint32_t epoch, const Poll& poll) {
  EpochResult result{0, 0, 0, Status::done, std::vector<double>(sides_.size())};
  PollClock clock{poll};
  last_.n = 0;
  ready_for_loss();
  const int n = int(std::min<index>(batch_size, data.count));
  const bool paced = work_ * n < paced_below && team_size(n) > 1;
  index next = 0;
  double seen = 0;
  bool stop = false, turns = false;
  // One team for the epoch: its threads meet at the kernels' barriers, not at forks and joins.
  const auto train = [&](const Team& team) {
    for (index begin = next; begin < data.count && !stop && !turns; begin += batch_size) {
      const Batch batch{.data = &data,
                        .begin = begin,
                        .n = int(std::min<index>(batch_size, data.count - begin)),
                        .training = true,
                        .epoch = epoch,
                        .stateful = data.stateful};
      Frame<T> f = frame(team, batch);
      f.regularisation = regularisation.at(begin / batch_size);
      const auto [loss, penalty, norm] = train_batch(f, batch, rates.at(begin / batch_size));
      team.sync();  // everyone has read the optimizer's step
      if (team.rank == 0) {
        if (norm != 0) optimizer_.count_step();
        if (!std::isfinite(loss + penalty)) {
          result.status = Status::diverged;
        } else {
          const double count = data.weights_of_steps ? norm : double(batch_.steps_of(batch));
          seen += count;
          result.loss += (loss + penalty) * count;
          result.penalty += penalty * count;
          for (std::size_t i = 0; norm != 0 && i < sides_.size(); i++) result.sides[i] += side_losses_[i] * count;
          result.n_batches++;
          if (clock.interrupts()) result.status = Status::interrupted;
        }
        stop = result.status != Status::done || failure_;
        next = begin + batch_size;
        turns = paced && pace_.turns(batch.n);
      }
      team.sync();
    }
  };
  while (next < data.count && !stop) {
    turns = false;  // between one thread and a team
    run_team(paced ? pace_.threads(team_size(n)) : team_size(n), train);
  }
  rethrow();
  if (clock.error) std::rethrow_exception(clock.error);
  if (seen) result.loss /= seen, result.penalty /= seen;
  for (double& side : result.sides) side /= seen ? seen : 1;
  return result;
}

#define FASTDL_PASSES(T)                                                                                          \
  template int Program<T>::team_size(int) const;                                                                  \
  template Frame<T> Program<T>::frame(const Team&, const Batch&);                                                 \
  template void Program<T>::rethrow();                                                                            \
  template void Program<T>::forward(const Data&, bool, std::uint32_t, void*);                                     \
  template void Program<T>::backward(const void*, void*);                                                         \
  template void Program<T>::predict(const Data&, ActivationKind, int, void*);                                     \
  template void Program<T>::loss_and_grads(const Data&, bool, double&, double&);                                  \
  template EpochResult Program<T>::train_epoch(const Data&, const PerBatch&, const PerBatch&, int, std::uint32_t, \
                                               const Poll&);
FASTDL_PASSES(float)
FASTDL_PASSES(double)

}  // namespace fastdl
