// The batch loop: gather, forward, loss, backward, update.
#include <algorithm>
#include <cmath>

#include "core/threads.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/training.hpp"
#include "program/poll.hpp"
#include "program/program.hpp"

namespace fastdl {
namespace {

constexpr double paced_below = 5e7;  // operations of a pass: a step of half a millisecond

}  // namespace

LossKind loss_kind(const std::string& name) {
  constexpr std::pair<const char*, LossKind> kinds[] = {
      {"softmax_cross_entropy", LossKind::softmax_cross_entropy},
      {"binary_cross_entropy", LossKind::binary_cross_entropy},
      {"squared_error", LossKind::squared_error},
      {"absolute_error", LossKind::absolute_error},
      {"huber", LossKind::huber},
      {"hinge", LossKind::hinge},
      {"poisson", LossKind::poisson},
  };
  for (const auto& [text, kind] : kinds)
    if (name == text) return kind;
  throw Error("loss '" + name + "' is not known to the core.");
}

bool loss_takes_codes(LossKind kind) { return kind == LossKind::softmax_cross_entropy || kind == LossKind::hinge; }

// A row for each step and sample; those of ended sequences have no weight.
template <class T>
void Program<T>::gather_step_targets(const Frame<T>& f, const Data<T>& data) {
  index outputs = output().c(), room = output().steps();
  Range part = f.team.share(f.n);
  for (int t = 0; t < f.steps; t++)
    for (index i = part.begin; i < part.end; i++) {
      index row = t * index(f.n) + i, from = batch_order_[i] * room + t;
      bool goes_on = t < batch_lengths_[i];
      batch_weights_[row] = !goes_on ? T(0) : data.weights ? data.weights[batch_order_[i]] : T(1);
      if (data.codes) batch_codes_[row] = goes_on ? data.codes[from] : 0;
      if (!data.targets) continue;
      if (goes_on)
        std::copy_n(data.targets + from * outputs, outputs, batch_targets_.data() + row * outputs);
      else
        std::fill_n(batch_targets_.data() + row * outputs, outputs, T(0));
    }
  f.team.sync();
}

template <class T>
void Program<T>::gather_targets(const Frame<T>& f, const Batch& batch) {
  const Data<T>& data = *batch.data;
  if (output().is_sequence()) return gather_step_targets(f, data);
  index outputs = output().size();
  Range part = f.team.share(f.n);
  for (index i = part.begin; i < part.end; i++) {
    index from = batch_order_[i];
    if (data.codes) batch_codes_[i] = data.codes[from];
    if (data.targets) std::copy_n(data.targets + from * outputs, outputs, batch_targets_.data() + i * outputs);
    if (data.weights) batch_weights_[i] = data.weights[from];
  }
  f.team.sync();
}

// (n, outputs) of the batch: those gathered, or the input, which is what an autoencoder is to give.
template <class T>
const T* Program<T>::targets_of(const Frame<T>& f, const Data<T>& data) {
  if (loss_.takes_codes) return nullptr;
  if (data.targets) return batch_targets_.data();
  if (input_.shape.is_row()) return f.value(input_);
  read(f, input_.shape, f.value(input_), batch_targets_.data());
  return batch_targets_.data();
}

template <class T>
double Program<T>::penalties(const Frame<T>& f) const {
  double sum = 0;
  for (const Layer<T>* layer : penalising_) sum += layer->penalty(f);
  return sum;
}

template <class T>
double Program<T>::sum_of_weights(const Frame<T>& f) const {
  double sum = 0;
  for (int i = 0; i < f.rows(output()); i++) sum += batch_weights_[i];
  return sum;
}

template <class T>
double Program<T>::run_loss(const Frame<T>& f, const T* targets, bool gradient) {
  const Tensor& out = layers_.back()->out;
  LossArgs<T> args{};
  args.kind = loss_.kind, args.param = loss_.param, args.cap = loss_.cap;
  args.n = f.rows(out.shape), args.outputs = out.shape.c();
  args.pred = f.value(out);
  args.target = targets;
  args.codes = loss_.takes_codes ? batch_codes_.data() : nullptr;
  args.weight = batch_weights_.data();
  args.norm = f.norm;
  args.value = batch_losses_.data();
  args.dpred = gradient ? f.gradient(out) : nullptr;
  kernels_.training.loss(f.team, args);
  double sum = 0;
  for (int i = 0; i < args.n; i++) sum += batch_losses_[i];
  return sum;
}

// What a batch counts in the mean over the epoch: its samples, or the steps that the loss takes.
template <class T>
index Program<T>::steps_of(const Batch& batch) const {
  if (!output().is_sequence()) return batch.n;
  index steps = 0;
  for (int i = 0; i < batch.n; i++) steps += batch_lengths_[i];
  return steps;
}

// One step on every thread of the team, which all get its loss and penalty; no update where they are not finite.
template <class T>
std::pair<double, double> Program<T>::train_batch(Frame<T> f, const Batch& batch, double rate) {
  gather(f, batch);
  gather_targets(f, batch);
  run_forward(f);
  f.norm = sum_of_weights(f);
  if (f.norm == 0) return {0, 0};  // samples without weight teach nothing
  double loss = run_loss(f, targets_of(f, *batch.data), true) / f.norm;
  double penalty = optimizer_.penalty(f) / f.norm + penalties(f);
  if (std::isfinite(loss + penalty)) {
    run_backward(f);
    optimizer_.step(f, rate, f.norm);
  }
  return {loss, penalty};
}

template <class T>
EpochResult Program<T>::train_epoch(const Data<T>& data, const double* rates, bool one_rate, int batch_size,
                                    std::uint32_t epoch, const Poll& poll) {
  EpochResult result{0, 0, 0, Status::done};
  PollClock clock{poll};
  last_n_ = 0;
  if (!data.weights) std::fill(batch_weights_.begin(), batch_weights_.end(), T(1));
  const int n = int(std::min<index>(batch_size, data.count));
  const bool paced = work_ * n < paced_below;
  index next = 0, seen = 0;
  bool stop = false, crowded = false;
  // One team for the epoch: its threads meet at the kernels' barriers, not at forks and joins.
  const auto train = [&](const Team& team) {
    int steps = 0;
    for (index begin = next; begin < data.count && !stop && !crowded; begin += batch_size) {
      Batch batch{&data, begin, int(std::min<index>(batch_size, data.count - begin)), true, epoch, data.stateful};
      auto [loss, penalty] = train_batch(frame(team, batch), batch, rates[one_rate ? 0 : begin / batch_size]);
      team.sync();  // everyone has read the optimizer's step
      if (team.rank == 0) {
        optimizer_.count_step();
        if (!std::isfinite(loss + penalty)) {
          result.status = Status::diverged;
        } else {
          index count = steps_of(batch);
          seen += count;
          result.loss += (loss + penalty) * count;
          result.penalty += penalty * count;
          result.n_batches++;
          if (clock.interrupts()) result.status = Status::interrupted;
        }
        stop = result.status != Status::done;
        next = begin + batch_size;
        crowded = paced && pace_.crowded(team, ++steps);
      }
      team.sync();
    }
  };
  const int threads = paced ? pace_.threads(team_size(n)) : team_size(n);
  run_team(threads, train);
  if (paced && threads > 1) pace_.went(crowded);
  if (crowded) crowded = false, run_team(1, train);
  if (clock.error) std::rethrow_exception(clock.error);
  if (seen) result.loss /= seen, result.penalty /= seen;
  return result;
}

template <class T>
void Program<T>::loss_and_grads(const Data<T>& data, bool evaluation, double& loss, double& penalty) {
  last_n_ = 0;
  if (!data.weights) std::fill(batch_weights_.begin(), batch_weights_.end(), T(1));
  bool several = !evaluation && data.count > settings_.batch;
  if (several && !totals_.size()) totals_ = Block<T>(grads_.size());
  if (several) std::fill(totals_.begin(), totals_.end(), T(0));
  double norm = 0;
  for (index i = 0; i < data.count; i++) {
    double weight = data.weights ? double(data.weights[i]) : 1.0;
    norm += weight * (data.lengths && output().is_sequence() ? data.lengths[i] : output().steps());
  }
  if (norm == 0) norm = 1;  // a loss and gradients of zero
  loss = penalty = 0;
  for (index begin = 0; begin < data.count; begin += settings_.batch) {
    Batch batch{&data, begin, int(std::min<index>(settings_.batch, data.count - begin)), !evaluation, 0, data.stateful};
    bool last = begin + batch.n == data.count;
    run_team(team_size(batch.n), [&](const Team& team) {
      Frame<T> f = frame(team, batch);
      gather(f, batch);
      gather_targets(f, batch);
      f.norm = norm;
      run_forward(f);
      double sum = run_loss(f, targets_of(f, data), !evaluation), part = penalties(f);
      if (team.rank == 0) loss += sum / norm, penalty += part;
      if (!evaluation) run_backward(f);
      if (several) kernels_.pointwise.add(team, totals_.size(), totals_.data(), grads_.data(), totals_.data());
      if (last) {
        double extra = optimizer_.penalty(f) / norm;
        if (team.rank == 0) penalty += extra;
      }
    });
  }
  if (several) std::copy(totals_.begin(), totals_.end(), grads_.begin());
  if (!evaluation) add_penalty_gradient(norm);
}

// grads += (l2*w + l1*sign(w)) / norm over the regularised weights; the update does this itself.
template <class T>
void Program<T>::add_penalty_gradient(double norm) {
  const Rule& rule = optimizer_.rule();
  if (rule.l1 == 0 && rule.l2 == 0) return;
  T l1 = rule.l1 / norm, l2 = rule.l2 / norm;
  for (const Parameter& p : parameters_) {
    if (!p.trainable || p.role != "weight") continue;
    const T* w = params_.data() + p.offset;
    T* g = grads_.data() + p.offset;
    for (index i = 0; i < p.count; i++) g[i] += l2 * w[i] + l1 * ((w[i] > 0) - (w[i] < 0));
  }
}

template EpochResult Program<float>::train_epoch(const Data<float>&, const double*, bool, int, std::uint32_t,
                                                 const Poll&);
template EpochResult Program<double>::train_epoch(const Data<double>&, const double*, bool, int, std::uint32_t,
                                                  const Poll&);
template void Program<float>::loss_and_grads(const Data<float>&, bool, double&, double&);
template void Program<double>::loss_and_grads(const Data<double>&, bool, double&, double&);

}  // namespace fastdl
