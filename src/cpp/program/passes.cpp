// The passes: forward, loss, backward; over all batches to predict, or one.
#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/platform.hpp"
#include "core/threads.hpp"
#include "kernels/loss_kind.hpp"
#include "kernels/memory.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/training.hpp"
#include "layers/chain.hpp"
#include "program/program.hpp"

namespace fastdl {
namespace {

// Operations of a pass below which one thread is faster than a team; of a few samples, whose threads meet often.
constexpr double team_threshold = 1e6, few_threshold = 4e6;
constexpr double paced_below = 2e8;  // of a prediction: a millisecond
// Samples of a prediction from which on weights are put into the form that is kept: at once, or where it is not the
// first with these weights.
constexpr index kept_at_once = 256, kept_above = 8;

// Whether X (n_x values) holds rows or lone samples as the program has them, and y (n_y) is no part of it: then no copy
// is made of either.
template <class T>
bool lies_as_here(const Data& data, const T* y, index n_x, index n_y) {
  constexpr DType dtype = std::is_same_v<T, float> ? DType::f32 : DType::f64;
  const T* x = static_cast<const T*>(data.x.data);
  return data.x.type == dtype && !data.x.indptr && !data.order && (x + n_x <= y || y + n_y <= x);
}

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
  if (!backend_.device) return answers;
  if (answers_.size() < count) answers_ = Block<T>(), answers_ = Block<T>(count, backend_.memory);
  return answers_.data();
}

template <class T>
void Program<T>::give(T* answers, index count) {
  if (backend_.device) backend_.memory.copy_out(answers, answers_.data(), count * sizeof(T), queue_.get());
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
  if (backend_.device) {
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

template <class T>
void Program<T>::predict(const Data& data, ActivationKind link, int layer, void* y) {
  if (layer < 0) layer += n_layers();
  const Tensor& out = layers_[layer]->out;
  const index size = out.shape.size();
  const bool few = are_few(data.count);
  const index of_x = input_.shape.size();
  const bool in_place = !backend_.device && out.place != 0 && !input_.shape.is_sequence() && !out.shape.is_sequence() &&
                        lies_as_here(data, static_cast<const T*>(y), data.count * of_x, data.count * size);
  const int batch = data.stateful ? settings_.batch : at_once_;
  last_.n = 0;
  int threads = team_size(int(std::min<index>(data.count, batch)));
  const double work = work_ * double(data.count);
  if (few && work < few_threshold) threads = 1;
  Pace& pace = paces_[few];
  const bool paced = threads > 1 && work < paced_below;
  if (paced) threads = pace.threads(threads);
  enter();
  Splitter& splitter = splitters_[threads > 1];
  Split split{.lanes = kernels_.lanes, .batch = batch, .most_alone = alone_ ? kernels_.lanes : 0};
  if (lone_ && !alone_) split = splitter.split(kernels_.lanes, batch, data.count);
  const bool meets_lone = split.meets(true, data.count), meets_together = split.meets(false, data.count);
  const bool timed = split.tried > 0 && layer == n_layers() - 1;
  const bool keeps = kept_size_ && data.count > kept_above && (has_predicted_ || data.count >= kept_at_once);
  if ((meets_lone || keeps) && kept_.size() < kept_size_) kept_ = Block<T>(kept_size_, backend_.memory);
  const auto ask = [&](const Team& team, const Data& there, index from, index end) {
    int current[2] = {std::min(kept_through_[0], layer + 1), std::min(kept_through_[1], layer + 1)}, n;
    for (index begin = from; begin < end && !failure_; begin += n) {
      const Split::Part part = split.next(begin, end);
      const bool lone = part.alone;
      const double start = timed && team.rank == 0 ? thread_seconds() : 0;
      n = part.n;
      T* const to = static_cast<T*>(y) + begin * size;
      Batch batch{.data = &data,
                  .there = &there,
                  .begin = begin,
                  .n = n,
                  .shift = shift_of(there, from),
                  .stateful = data.stateful,
                  .lone = lone};
      batch_.set_steps(batch);
      Frame<T> f = frame(team, batch);
      f.values = values_.data(), f.value_starts = value_starts_.data();
      f.saved_starts = saved_starts_in_predict_.data();
      f.kept = lone || keeps ? kept_.data() : nullptr;
      if (in_place && (lone || input_.shape.is_row())) f.samples = static_cast<const T*>(there.x.data) + begin * of_x;
      if (in_place && (lone || out.shape.is_row())) f.results = to, f.result = out.place;
      batch_.gather(f, batch);
      forward_chain(f, layers_, 0, current[lone]);
      f.renews_kept = true;
      forward_chain(f, layers_, current[lone], layer + 1);
      if (f.kept) current[lone] = layer + 1;
      T *z = f.value(out), *answers = room_for(to, n * size);
      const bool by_rows = link == ActivationKind::softmax && out.shape.is_image();
      if (link == ActivationKind::softmax && !by_rows)
        kernels_.pointwise.softmax_forward(team, norm_shape(f, out.shape), z, z);
      else if (link != ActivationKind::identity && !by_rows)
        kernels_.pointwise.activation_forward(team, link, T(1), f.elements(out.shape), z, z);
      if (z != answers) batch_.read(f, out.shape, z, answers);
      // In the user's layout each pixel is a row: its sum has one order, alone and in a batch.
      const NormShape pixels{f.n * out.shape.pixels(), out.shape.c(), 1, false};
      if (by_rows) kernels_.pointwise.softmax_forward(team, pixels, answers, answers);
      give(to, n * size);
      if (timed && team.rank == 0 && begin > 0) splitter.took(part, kernels_.lanes, thread_seconds() - start);
    }
  };
  each_part(data, batch, [&](const Data& there, index from, index end) {
    run(threads, [&](const Team& team) { ask(team, there, from, end); });
    return !failure_;
  });
  if (meets_lone && !failure_) kept_through_[1] = std::max(kept_through_[1], layer + 1);
  if (keeps && meets_together && !failure_) kept_through_[0] = std::max(kept_through_[0], layer + 1);
  has_predicted_ |= data.count > kept_above;
  if (paced) pace.turns(double(data.count));
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
void Program<T>::ready_for_loss(const Data& data) {
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
  batch_.check_targets(data, layers_[0]->who());
  make_room(to_learn_);
  batch_.make_room();
  if (loss_.pairs) batch_.make_room_for_pairs();
  batch_.make_room_to_augment(settings_.threads);
}

// The sum of the weighted losses of these outputs, and where wanted their gradient, times a weight.
template <class T>
void Program<T>::run_loss(const Frame<T>& f, const Data& data, const Tensor& out, double weight, bool gradient,
                          double* total) {
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
                   .norm = f.norm,
                   .share = weight,
                   .value = batch_.losses(),
                   .total = total,
                   .dpred = slopes ? batch_.slopes_for(slopes) : nullptr,
                   .pairs = batch_.pairs()};
  if (!loss_.takes_codes) args.codes = nullptr;
  const auto run = [&] {
    if (loss_.own)
      run_own_loss(f.team, args);
    else
      kernels_.training.loss(f.team, args);
  };
  run();
  if (two) {  // of mixed samples, the loss of each of their classes
    T* whole = args.dpred;
    args.codes = batch_.other_parts().codes, args.weight = batch_.other_parts().weights;
    args.dpred = slopes ? batch_.other_slopes() : nullptr, args.total = f.sums;
    run();
    kernels_.memory.add_scaled(f.team, 1, f.sums, nullptr, nullptr, total);
    if (slopes) kernels_.pointwise.add(f.team, args.n * index(args.outputs), whole, args.dpred, whole);
  }
  if (slopes) batch_.write_slopes(f, slopes);
}

// The sums of the losses of side heads in training, and the gradients of their outputs.
template <class T>
void Program<T>::run_side_losses(const Frame<T>& f, const Data& data) {
  for (std::size_t i = 0; i < sides_.size(); i++)
    run_loss(f, data, *sides_[i]->side_output(), sides_[i]->spec.number("weight"), true, of_sides_.data() + i);
}

// The loss of a user is asked by the thread that began the pass, while the others wait; not a number where it failed.
template <class T>
void Program<T>::run_own_loss(const Team& team, const LossArgs<T>& args) {
  team.sync();
  if (team.rank == 0) {
    double sum = 0;
    try {
      sum = backend_.device ? ask_from_afar(args) : ask_own_loss(args, *args.norm);
    } catch (...) {
      failure_ = std::current_exception();
      sum = std::numeric_limits<double>::quiet_NaN();
    }
    backend_.memory.copy_in(args.total, &sum, sizeof sum, team.queue);
  }
  team.sync();
}

template <class T>
double Program<T>::ask_own_loss(const LossArgs<T>& args, double norm) const {
  return loss_.own({.rows = args.n,
                    .outputs = args.outputs,
                    .pred = args.pred,
                    .target = args.target,
                    .codes = args.codes,
                    .weight = args.weight,
                    .norm = double(T(norm / args.share)),
                    .dpred = args.dpred});
}

// The same with copies of what lies on a device.
template <class T>
double Program<T>::ask_from_afar(LossArgs<T> args) const {
  const index rows = args.n, numbers = rows * args.outputs;
  std::vector<T> pred(numbers), target(args.target ? numbers : 0), weight(rows), slopes(args.dpred ? numbers : 0);
  std::vector<std::int32_t> codes(args.codes ? rows : 0);
  const auto fetch = [&](auto& to, const auto*& from) {
    using E = std::remove_reference_t<decltype(to[0])>;
    if (from) backend_.memory.copy_out(to.data(), from, to.size() * sizeof(E), queue_.get()), from = to.data();
  };
  fetch(pred, args.pred), fetch(target, args.target), fetch(codes, args.codes), fetch(weight, args.weight);
  double norm = 0;
  backend_.memory.copy_out(&norm, args.norm, sizeof norm, queue_.get());
  if (norm == 0) return 0;
  T* const dpred = args.dpred;
  args.dpred = dpred ? slopes.data() : nullptr;
  const double sum = ask_own_loss(args, norm);
  if (dpred) backend_.memory.copy_in(dpred, slopes.data(), numbers * sizeof(T), queue_.get());
  return sum;
}

template <class T>
void Program<T>::rethrow() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

template <class T>
void Program<T>::add_penalties(const Frame<T>& f, double* total) const {
  for (const Layer<T>* layer : penalising_) layer->add_penalty(f, total);
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

#define FASTDL_PASSES(T)                                                                                  \
  template int Program<T>::team_size(int) const;                                                          \
  template Frame<T> Program<T>::frame(const Team&, const Batch&);                                         \
  template void Program<T>::rethrow();                                                                    \
  template void Program<T>::forward(const Data&, bool, std::uint32_t, void*);                             \
  template void Program<T>::backward(const void*, void*);                                                 \
  template void Program<T>::predict(const Data&, ActivationKind, int, void*);                             \
  template void Program<T>::loss_and_grads(const Data&, bool, double&, double&);                          \
  template Tally Program<T>::look() const;                                                                \
  template void Program<T>::reset(const Tally&);                                                          \
  template T* Program<T>::room_for(T*, index);                                                            \
  template void Program<T>::give(T*, index);                                                              \
  template void Program<T>::ready_for_loss(const Data&);                                                  \
  template void Program<T>::add_penalties(const Frame<T>&, double*) const;                                \
  template void Program<T>::run_loss(const Frame<T>&, const Data&, const Tensor&, double, bool, double*); \
  template void Program<T>::run_side_losses(const Frame<T>&, const Data&);
FASTDL_PASSES(float)
FASTDL_PASSES(double)

}  // namespace fastdl
