// The passes: forward, backward, loss and gradients.
#include <algorithm>
#include <utility>
#include <vector>

#include "core/threads.hpp"
#include "kernels/memory.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/training.hpp"
#include "layers/chain.hpp"
#include "program/program.hpp"

namespace fastdl {
namespace {

constexpr double team_threshold = 1e6;  // operations of a pass below which one thread is faster than a team

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
          .sample = batch_.numbers(batch),
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
          .room = batch_.room(),
          .clocks = batch_.clocks(),
          .steps = batch.steps,
          .stateful = batch.stateful,
          .carried = carried_.data(),
          .weight = batch_.weights(),
          .answers = batch_.codes(),
          .answer_lengths = batch_.answer_lengths(),
          .answer_steps = batch.answer_steps,
          .norm = nullptr,
          .sums = sums_.data(),
          .failure = &failure_,
          .gradient_starts = gradient_starts_.data(),
          .saved_starts = saved_starts_.data(),
          .lone = batch.lone};
}

// --- where values lie ----------------------------------------------------------------------------------------------

template <class T>
Tally Program<T>::look() const {
  Tally tally;
  backend_.memory.copy_out(&tally, tally_.data(), sizeof tally, queue_.get());
  return tally;
}

template <class T>
void Program<T>::reset(const Tally& tally) {
  backend_.memory.copy_in(tally_.data(), &tally, sizeof tally, queue_.get());
}

template <class T>
T* Program<T>::room_for(T* answers, index count) {
  if (arrays_are_here()) return answers;
  if (answers_.size() < count) answers_ = Block<T>(), answers_ = Block<T>(count, backend_.memory);
  return answers_.data();
}

template <class T>
void Program<T>::give(T* answers, index count) {
  if (!arrays_are_here()) backend_.memory.copy_out(answers, answers_.data(), count * sizeof(T), queue_.get());
}

// --- forward ------------------------------------------------------------------------------------------------------

template <class T>
void Program<T>::forward(const Data& data, bool training, std::uint32_t epoch, void* y) {
  last_ = {.data = nullptr,
           .there = nullptr,
           .begin = 0,
           .n = int(data.count),
           .training = training,
           .epoch = epoch,
           .stateful = data.stateful};
  Batch batch = last_;
  batch.data = &data;
  batch_.set_steps(batch);
  last_.steps = batch.steps, last_.answer_steps = batch.answer_steps;
  enter();
  make_room(to_learn_);
  if (training) batch_.make_room_to_augment(settings_.threads);
  batch.there = &place(data);
  const index count = batch.n * output().size();
  T* const answers = room_for(static_cast<T*>(y), count);
  run(team_size(batch.n), [&](const Team& team) {
    Frame<T> f = frame(team, batch);
    batch_.gather(f, batch);
    forward_chain(f, layers_, 0, n_layers());
    batch_.read(f, output(), f.value(layers_.back()->out), answers);
  });
  give(static_cast<T*>(y), count);
  rethrow();
}

template <class T>
void Program<T>::backward(const void* dy, void* dx) {
  const Tensor& out = layers_.back()->out;
  check(out.wants_gradient, "backward() has nothing to do: no layer learns and input_gradient is False.");
  enter();
  const index n_out = last_.n * out.shape.size(), n_in = dx ? last_.n * input_.shape.size() : 0;
  const T* slopes = static_cast<const T*>(dy);
  if (!arrays_are_here()) {
    T* const room = room_for(nullptr, std::max(n_out, n_in));
    backend_.memory.copy_in(room, dy, n_out * sizeof(T), queue_.get());
    slopes = room;
  }
  run(team_size(last_.n), [&](const Team& team) {
    Frame<T> f = frame(team, last_);
    batch_.write(f, out.shape, slopes, f.gradient(out));
    backward_chain(f, layers_, 0, n_layers());
    if (dx) batch_.read(f, input_.shape, f.gradient(input_), room_for(static_cast<T*>(dx), n_in));
  });
  if (dx) give(static_cast<T*>(dx), n_in);
  rethrow();
}

// --- loss and gradients ----------------------------------------------------------------------------------------------

template <class T>
void Program<T>::rethrow() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

template <class T>
double Program<T>::weight_of(const Data& data) {
  const int rows_of_one = data.boxes ? 1 : output().steps() * output().pixels();
  double sum = 0;
  each_part(data, settings_.batch, [&](const Data& there, index, index) {
    const std::int32_t* lengths = decodes() ? there.answer_lengths : output().is_sequence() ? there.lengths : nullptr;
    kernels_.training.sum_of_weights(team(), there.count, static_cast<const T*>(there.weights), data.weights_of_steps,
                                     lengths, rows_of_one, &tally_.data()->norm);
    sum += look().norm;
    return true;
  });
  return sum;
}

// work(batch, whether it is the last) for each batch of the data, in its order.
template <class T>
template <class Work>
void Program<T>::each_batch(const Data& data, bool training, const Work& work) {
  const index part = resident_.at_once(data, settings_.batch);
  const Data* placed = nullptr;
  for (index begin = 0; begin < data.count; begin += settings_.batch) {
    const index from = begin / part * part;
    if (begin == from) placed = &place(data, from, part);
    Batch batch{.data = &data,
                .there = placed,
                .begin = begin,
                .n = int(std::min<index>(settings_.batch, data.count - begin)),
                .shift = shift_of(*placed, from),
                .training = training,
                .stateful = data.stateful};
    batch_.set_steps(batch);
    work(batch, begin + batch.n == data.count);
  }
}

// As weight_of, where draws decide it: it takes a look at all batches.
template <class T>
double Program<T>::drawn_weight_of(const Data& data) {
  double sum = 0;
  each_batch(data, true, [&](const Batch& batch, bool) {
    run(team_size(batch.n), [&](const Team& team) {
      const Frame<T> f = frame(team, batch);
      batch_.gather(f, batch);
      batch_.gather_targets(f, batch);
      batch_.sum_weights(f, *batch.there, &tally_.data()->norm);
    });
    sum += look().norm;
  });
  return sum;
}

template <class T>
void Program<T>::loss_and_grads(const Data& data, bool evaluation, double& loss, double& penalty) {
  last_.n = 0;
  enter();
  const bool several = !evaluation && data.count > settings_.batch;
  if (several && !totals_.size()) totals_ = Block<T>(grads_.size(), backend_.memory);
  ready_for_loss(data);
  Tally start{};
  start.norm = !evaluation && batch_.draws_weights(data) ? drawn_weight_of(data) : weight_of(data);
  if (start.norm == 0) start.norm = 1;  // a loss and gradients of zero
  const double norm = start.norm;
  loss = penalty = 0;
  std::vector<double> sides(sides_.size()), of_batch(sides_.size());
  each_batch(data, !evaluation, [&](const Batch& batch, bool last) {
    const bool first = batch.begin == 0;
    reset(start);
    run(team_size(batch.n), [&](const Team& team) {
      Tally* const tally = tally_.data();
      Frame<T> f = frame(team, batch);
      batch_.gather(f, batch);
      batch_.gather_targets(f, batch);
      f.norm = &tally->norm;
      forward_chain(f, layers_, 0, n_layers());
      run_loss(f, *batch.there, layers_.back()->out, 1, !evaluation, &tally->loss);
      add_penalties(f, &tally->activity_penalty);
      if (!evaluation) {
        run_side_losses(f, *batch.there);
        backward_chain(f, layers_, 0, n_layers());
      }
      if (several && first) kernels_.memory.fill(team, totals_.size(), T(0), totals_.data());
      if (several) kernels_.pointwise.add(team, totals_.size(), totals_.data(), grads_.data(), totals_.data());
      if (!last) return;
      if (several) kernels_.memory.copy(team, totals_.size(), totals_.data(), grads_.data());
      optimizer_.add_penalty(f, &tally->penalty);
      if (!evaluation) optimizer_.add_penalty_gradient(f);
    });
    rethrow();
    const Tally tally = look();
    loss += tally.loss / norm, penalty += tally.activity_penalty;
    if (last) penalty += tally.penalty / norm;
    if (evaluation) return;
    backend_.memory.copy_out(of_batch.data(), of_sides_.data(), of_batch.size() * sizeof(double), queue_.get());
    for (std::size_t i = 0; i < sides.size(); i++) sides[i] += of_batch[i] / norm;
  });
  side_losses_ = sides;
}

#define FASTDL_PASSES(T)                                                         \
  template int Program<T>::team_size(int) const;                                 \
  template Frame<T> Program<T>::frame(const Team&, const Batch&);                \
  template void Program<T>::rethrow();                                           \
  template void Program<T>::forward(const Data&, bool, std::uint32_t, void*);    \
  template void Program<T>::backward(const void*, void*);                        \
  template void Program<T>::loss_and_grads(const Data&, bool, double&, double&); \
  template Tally Program<T>::look() const;                                       \
  template void Program<T>::reset(const Tally&);                                 \
  template T* Program<T>::room_for(T*, index);                                   \
  template void Program<T>::give(T*, index);
FASTDL_PASSES(float)
FASTDL_PASSES(double)

}  // namespace fastdl
