// An epoch: steps one after the other, by teams of threads, or sent to a device, which does not wait for the host.
#include <algorithm>
#include <cmath>
#include <new>

#include "core/threads.hpp"
#include "kernels/memory.hpp"
#include "kernels/training.hpp"
#include "layers/chain.hpp"
#include "program/poll.hpp"
#include "program/program.hpp"

namespace fastdl {
namespace {

constexpr double paced_below = 5e7;  // operations of a pass: a step of half a millisecond
constexpr int looked_after = 64;     // batches sent to a device, before the host looks what came of them

}  // namespace

// One step, on every thread of the team. Without a finite loss, or without weight, nothing is learnt: a device's
// kernels see that by themselves.
template <class T>
void Program<T>::train_batch(Frame<T> f, const Batch& batch, index n_batches) {
  const Data& data = *batch.there;
  Tally* const tally = tally_.data();
  batch_.gather(f, batch);
  batch_.gather_targets(f, batch);
  forward_chain(f, layers_, 0, n_layers());
  if (!batch_.has_known_weight(*batch.data)) batch_.sum_weights(f, data, &tally->norm);
  f.norm = &tally->norm;
  if (backend_.device || look().norm != 0) {
    run_loss(f, data, layers_.back()->out, 1, true, &tally->loss);
    optimizer_.add_penalty(f, &tally->penalty);
    add_penalties(f, &tally->activity_penalty);
    run_side_losses(f, data);
    for (std::size_t i = 0; i < sides_.size(); i++)
      kernels_.memory.add_scaled(f.team, sides_[i]->spec.number("weight"), of_sides_.data() + i, nullptr, f.norm,
                                 &tally->sides);
  }
  if ((backend_.device || moves(look())) && !failure_) {
    backward_chain(f, layers_, 0, n_layers());
    if (!failure_) optimizer_.step(f, tally);
  } else {
    f.team.sync();  // all have looked, before the tally is the next batch's
  }
  kernels_.training.end_step(f.team, table_.there(), n_batches, int(sides_.size()), of_sides_.data(), tally);
}

// The numbers of all steps; how many steps the optimizer has made before each batch, and after the last.
template <class T>
std::vector<long> Program<T>::plan_epoch(const Data& data, const PerBatch& rates, const PerBatch& regularisation,
                                         int size) {
  const index batches = (data.count + size - 1) / size;
  if (table_.size() < batches) table_ = Staged<StepNumbers>(), table_ = Staged<StepNumbers>(batches, backend_.memory);
  std::vector<long> steps{optimizer_.steps()};
  for (index i = 0; i < batches; i++) {
    const int n = int(std::min<index>(size, data.count - i * size));
    const Batch batch{.data = &data, .there = nullptr, .begin = i * size, .n = n};
    StepNumbers& numbers = table_.here()[i];
    numbers = step_numbers(optimizer_.rule(), steps.back() + 1, rates.at(i), regularisation.at(i));
    numbers.count = data.weights_of_steps || batch_.may_mask(data) ? -1 : double(batch_.steps_of(batch));
    numbers.norm = batch_.has_known_weight(data) ? double(n) * output().pixels() : -1;
    steps.push_back(steps.back() + batch_.has_weight(batch));
  }
  table_.send(batches, queue_.get());
  return steps;
}

template <class T>
EpochResult Program<T>::train_epoch(const Data& data, const PerBatch& rates, const PerBatch& regularisation, int size,
                                    std::uint32_t epoch, const Poll& poll) {
  last_.n = 0;
  forget_kept();
  enter();
  ready_for_loss(data);
  const std::vector<long> steps = plan_epoch(data, rates, regularisation, size);
  Tally start{};
  if (table_.size()) begin_step(table_.here()[0], start);
  reset(start);
  const std::vector<double> none(of_sides_.size());
  backend_.memory.copy_in(of_sides_.data(), none.data(), of_sides_.bytes(), queue_.get());
  const Status status = backend_.device ? train_in_queue(data, regularisation, size, epoch, poll)
                                        : train_with_teams(data, regularisation, size, epoch, poll);
  const Tally tally = look();
  optimizer_.set_steps(steps[tally.batch + tally.halted]);
  rethrow();
  EpochResult result{tally.losses, tally.penalties, int(tally.batch), status, none};
  backend_.memory.copy_out(result.sides.data(), of_sides_.data(), of_sides_.bytes(), queue_.get());
  result.sides.erase(result.sides.begin(), result.sides.begin() + index(sides_.size()));
  if (tally.seen) result.loss /= tally.seen, result.penalty /= tally.seen;
  for (double& side : result.sides) side /= tally.seen ? tally.seen : 1;
  return result;
}

// One team for the epoch: its threads meet at the kernels' barriers, not at forks and joins.
template <class T>
Status Program<T>::train_with_teams(const Data& data, const PerBatch& regularisation, int size, std::uint32_t epoch,
                                    const Poll& poll) {
  Status status = Status::done;
  PollClock clock{poll};
  const int n = int(std::min<index>(size, data.count));
  const bool paced = work_ * n < paced_below && team_size(n) > 1;
  index next = 0;
  bool stop = false, turns = false;
  const auto train = [&](const Team& team) {
    for (index begin = next; begin < data.count && !stop && !turns; begin += size) {
      Batch batch = batch_of(data, data, begin, size, epoch);
      Frame<T> f = frame(team, batch);
      f.regularisation = regularisation.at(begin / size);
      train_batch(f, batch, (data.count + size - 1) / size);
      if (team.rank == 0) {
        if (look().halted)
          status = Status::diverged;
        else if (clock.interrupts())
          status = Status::interrupted;
        stop = status != Status::done || failure_;
        next = begin + size;
        turns = paced && pace_.turns(batch.n);
      }
      team.sync();
    }
  };
  while (next < data.count && !stop) {
    turns = false;  // between one thread and a team
    run_team(paced ? pace_.threads(team_size(n)) : team_size(n), train);
  }
  if (clock.error) failure_ = clock.error;
  return status;
}

template <class T>
Batch Program<T>::batch_of(const Data& data, const Data& there, index begin, int size, std::uint32_t epoch) const {
  Batch batch{.data = &data,
              .there = &there,
              .begin = begin,
              .n = int(std::min<index>(size, data.count - begin)),
              .number = &tally_.data()->batch,
              .size = size,
              .training = true,
              .epoch = epoch,
              .stateful = data.stateful};
  batch_.set_steps(batch);
  return batch;
}

// Steps that are all alike but for their samples are recorded once and replayed; where samples come in parts, once for
// each. A part is gathered on the host while the device is still busy with the one before.
template <class T>
Status Program<T>::train_in_queue(const Data& data, const PerBatch& regularisation, int size, std::uint32_t epoch,
                                  const Poll& poll) {
  const Device& device = *backend_.device;
  const bool alike =
      !data.lengths && !data.answer_lengths && !batch_.draws_on_host() && !loss_.own && regularisation.one;
  const index n_batches = (data.count + size - 1) / size;
  PollClock clock{poll};
  Status status = Status::done;
  int sent = 0;
  if (batch_.may_mix() && resident_.at_once(data, size) < data.count) throw std::bad_alloc();  // with any other sample
  std::unique_ptr<void, void (*)(void*)> step(nullptr, device.forget);
  each_part(data, size, [&](const Data& there, index from, index end) {
    bool recorded = false;
    const auto send = [&](index begin) {
      Batch batch = batch_of(data, there, begin, size, epoch);
      batch.shift = shift_of(there, from);
      Frame<T> f = frame(team(), batch);
      f.regularisation = regularisation.at(begin / size);
      train_batch(f, batch, n_batches);
    };
    for (index begin = from; begin < end; begin += size) {
      const bool whole = begin + size <= end;
      if (alike && whole && begin == from + size && end - from >= 4 * index(size)) {  // the first one has warmed up
        device.record(queue_.get());
        send(begin);
        step.reset(device.recorded(queue_.get()));
        recorded = true;
      }
      if (recorded && whole)
        device.replay(queue_.get(), step.get());
      else
        send(begin);
      if (failure_) return false;
      if (++sent % looked_after && begin + size < data.count) continue;
      if (look().halted)
        status = Status::diverged;
      else if (clock.interrupts())
        status = Status::interrupted;
      if (status != Status::done) return false;
    }
    return true;
  });
  device.wait(queue_.get());
  if (clock.error) failure_ = clock.error;
  return status;
}

#define FASTDL_EPOCH(T)                                                                                           \
  template EpochResult Program<T>::train_epoch(const Data&, const PerBatch&, const PerBatch&, int, std::uint32_t, \
                                               const Poll&);
FASTDL_EPOCH(float)
FASTDL_EPOCH(double)

}  // namespace fastdl
