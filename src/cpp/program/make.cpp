// A program is made: layers, memory, order; and what it holds is read and written.
#include "program/program.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "core/backend.hpp"
#include "kernels/memory.hpp"
#include "layers/chain.hpp"
#include "layers/plan.hpp"
#include "program/rows.hpp"

namespace fastdl {
namespace {

// Those of the layers, and of all that they hold, for which `is` is true.
template <class T, class Is>
void find(const std::vector<LayerPtr<T>>& layers, Is is, std::vector<const Layer<T>*>& found) {
  for (const auto& layer : layers) {
    if (is(*layer)) found.push_back(layer.get());
    if (layer->children()) find(*layer->children(), is, found);
  }
}

// Whether a lone sample can go through: every layer that meets images takes those of one.
template <class T>
bool take_lone(const std::vector<LayerPtr<T>>& layers) {
  return std::all_of(layers.begin(), layers.end(), [](const auto& layer) {
    const bool images = layer->in.shape.is_image() || layer->out.shape.is_image();
    return (layer->lone || !images) && (!layer->children() || take_lone(*layer->children()));
  });
}

// Elements that a thread may have for a lone sample of its own. Larger samples have work enough for all threads.
constexpr index most_abreast = index(1) << 21;

}  // namespace

Precision precision_of(const std::string& name) {
  if (name == "tf32") return Precision::tf32;
  if (name == "bf16") return Precision::bf16;
  check(name == "float32", "precision='" + name + "'; expected 'float32', 'tf32' or 'bf16'.");
  return Precision::float32;
}

bool direct_convolution(const std::string& asked) {
  const auto is_direct = [](const std::string& name, const std::string& word) {
    check(word == "auto" || word == "direct", name + "='" + word + "'; expected 'auto' or 'direct'.");
    return word == "direct";
  };
  const char* forced = std::getenv("FASTDL_CONVOLUTION");
  const bool direct = is_direct("convolution", asked);
  return (forced && *forced && is_direct("FASTDL_CONVOLUTION", forced)) || direct;
}

template <class T>
Program<T>::Program(const std::vector<LayerSpec>& layers, const Shape& input, const Settings& settings)
    : AnyProgram(settings),
      backend_(find_backend(settings.backend)),
      kernels_(kernels_of<T>(backend_)),
      queue_(settings.queue),
      optimizer_(Rule{}, {}, {}, {}, backend_.memory) {
  check(!layers.empty(), "a network needs at least one layer, got none.");
  if (const Device* device = backend_.device; device && !queue_)
    queue_ = {device->open(precision_of(settings.precision)), device->close};
  Plan<T> plan(backend_, settings.batch, settings.threads, direct_convolution(settings.convolution));
  input_ = plan.tensor(input, settings.input_gradient);
  plan.busy.clear();
  plan_chain(layers_, layers, input_, plan);
  find(layers_, [](const Layer<T>& layer) { return layer.penalises; }, penalising_);
  find(layers_, [](const Layer<T>& layer) { return layer.side_output() != nullptr; }, sides_);
  side_losses_.resize(sides_.size());
  decoding_ = layers_.back()->decoding();
  backend_name_ = backend_.name, symbols_ = layers_[0]->symbols();
  shapes_.push_back(input_.shape);
  for (const auto& layer : layers_) shapes_.push_back(layer->out.shape);
  parameters_ = plan.parameters, states_ = plan.states, reversed_ = plan.reversed;
  windowed_ = plan.windowed, least_steps_ = plan.least_steps, least_of_ = plan.least_of;
  const auto block = [&](index count) { return Block<T>(count, backend_.memory); };
  params_ = block(plan.n_parameters), grads_ = block(plan.n_parameters), state_ = block(plan.n_states);
  derived_ = block(plan.n_derived), derived_grads_ = block(plan.n_derived), carried_ = block(plan.carries);
  for (const State& s : states_) kernels_.memory.fill(team(), s.count, T(s.fill), state_.data() + s.offset);
  for (const auto& layer : layers_) add_rows(*layer, 0, parameters_, rows_);
  for (const LayerRow& row : rows_) {
    lone_ |= row.in.is_image() || row.out.is_image();
    work_ += 2.0 * row.n_parameters * (row.out.is_image() ? row.out.h() * row.out.w() : row.in.steps()) +
             std::max(row.in.size(), row.out.size());
  }
  lone_ = lone_ && !backend_.device && take_lone(layers_), alone_ = lone_ && are_few(settings.batch);
  kept_size_ = backend_.device ? 0 : plan.keeps;
  value_starts_alone_ = plan.predicted_alone.starts(), saved_starts_alone_ = plan.saved_starts_alone;
  room_alone_ = plan.to_predict_alone();
  abreast_ = lone_ && plan.n_derived == 0 && room_alone_.sum() <= most_abreast;
  value_starts_ = alone_ ? value_starts_alone_ : plan.predicted.starts();
  gradient_starts_ = plan.gradients.starts(), saved_starts_ = plan.saved_starts;
  saved_starts_in_predict_ = alone_ ? saved_starts_alone_ : plan.saved_starts;
  to_learn_ = plan.to_learn(), to_predict_ = alone_ ? room_alone_ : plan.to_predict();
  at_once_ = samples_at_once();
  if (!alone_ && !backend_.device) {
    Plan<T> predicting(backend_, at_once_, settings.threads, plan.direct, true);
    std::vector<LayerPtr<T>> twins;
    const Tensor twin = predicting.tensor(input, settings.input_gradient);
    predicting.busy.clear();
    plan_chain(twins, layers, twin, predicting);
    value_starts_ = predicting.predicted.starts(), saved_starts_in_predict_ = predicting.saved_starts;
    to_predict_ = predicting.to_predict();
  }
  make_room(to_predict_);

  const Augmentation* augmentation = layers_[0]->augmentation();
  batch_ = BatchBuffers<T>(backend_, input_, output(), settings.batch, std::max(at_once_, threads_), plan.clocks,
                           augmentation, augmentation ? layers_[0]->out : input_, decodes());
  const Shape& answers = output();
  resident_ = Resident(backend_, sizeof(T), index(answers.steps()) * answers.pixels(), answers.c(), arrays_are_here());
  tally_ = Block<Tally>(1, backend_.memory), sums_ = Block<double>(2, backend_.memory);
  of_sides_ = Block<double>(2 * index(sides_.size()), backend_.memory);
}

// Predictions of rows and sequences need not stop at a batch: weights are then read for more samples. As many as need
// some 8 MB (of float) where passes learn, or a few times the weights.
template <class T>
int Program<T>::samples_at_once() const {
  constexpr index most = 256;
  const bool any = std::all_of(layers_.begin(), layers_.end(), [](const auto& layer) { return layer->any_batch; });
  if (!any || backend_.device) return settings_.batch;
  const index of_one = std::max<index>(1, (to_predict_.values + to_predict_.saved) / settings_.batch);
  const index room = std::max<index>(index(1) << 21, 8 * params_.size());
  return int(std::clamp<index>(room / of_one, settings_.batch, std::max<index>(most, settings_.batch)));
}

template <class T>
void Program<T>::enter() const {
  if (backend_.device) backend_.device->enter();
}

template <class T>
Team Program<T>::team() const {
  Team team;
  if (queue_) team.queue = queue_.get(), team.halted = tally_.data() ? &tally_.data()->halted : nullptr;
  return team;
}

// Blocks only grow. What stands in them is of the pass before.
template <class T>
void Program<T>::make_room(const Room& room) {
  const auto grow = [&](Block<T>& block, index count) {
    if (block.size() >= count) return;
    block = Block<T>();
    block = Block<T>(count, backend_.memory);
  };
  grow(values_, room.values), grow(gradients_, room.gradients);
  grow(saved_, room.saved), grow(scratch_, room.scratch);
}

template <class T>
const Block<T>& Program<T>::block(Held what) const {
  switch (what) {
    case Held::weights: return params_;
    case Held::gradients: return grads_;
    case Held::states: return state_;
    case Held::moments: return optimizer_.moments();
  }
  throw Error("there is no such block.");
}

template <class T>
void Program<T>::copy_there(const T* from, T* to, index count) const {
  kernels_.memory.copy(team(), count, from, to);
  backend_.device->wait(queue_.get());
}

template <class T>
void Program<T>::get(Held what, index first, index count, void* to) const {
  enter();
  if (settings_.queue) return copy_there(block(what).data() + first, static_cast<T*>(to), count);
  backend_.memory.copy_out(to, block(what).data() + first, count * sizeof(T), queue_.get());
}

template <class T>
void Program<T>::put(Held what, index first, index count, const void* from) {
  enter();
  forget_kept();
  if (settings_.queue) return copy_there(static_cast<const T*>(from), block(what).data() + first, count);
  backend_.memory.copy_in(block(what).data() + first, from, count * sizeof(T), queue_.get());
}

template <class T>
void Program<T>::set_rule(const Rule& rule, const std::vector<double>& multipliers,
                          const std::vector<double>& decay_multipliers) {
  optimizer_ = Optimizer<T>(rule, parameters_, multipliers, decay_multipliers, backend_.memory);
}

template <class T>
std::vector<std::pair<const char*, index>> Program<T>::memory() const {
  const auto bytes = [](index count) { return count * index(sizeof(T)); };
  return {{"parameters", params_.bytes() + state_.bytes()},
          {"gradients", grads_.bytes() + totals_.bytes()},
          {"optimizer", optimizer_.moments().bytes()},
          {"values", bytes(to_learn_.values + to_learn_.gradients)},
          {"saved", bytes(to_learn_.saved) + derived_.bytes() + derived_grads_.bytes() + carried_.bytes()},
          {"scratch", bytes(to_learn_.scratch)},
          {"prediction", bytes(to_predict_.sum() + kept_size_ + (abreast_ ? threads_ * room_alone_.sum() : 0))}};
}

template <class T>
void Program<T>::reset_states() {
  enter();
  kernels_.memory.fill(team(), carried_.size(), T(0), carried_.data());
}

template <class T>
void Program<T>::poison() {
  enter();
  last_.n = 0;
  for (const Block<T>* block : {&values_, &gradients_, &saved_, &scratch_})
    kernels_.memory.fill(team(), block->size(), std::numeric_limits<T>::quiet_NaN(), block->data());
}

template class Program<float>;
template class Program<double>;

std::unique_ptr<AnyProgram> make_program(const std::vector<LayerSpec>& layers, const Shape& input,
                                         const Settings& settings) {
  if (settings.dtype == DType::f32) return std::make_unique<Program<float>>(layers, input, settings);
  return std::make_unique<Program<double>>(layers, input, settings);
}

}  // namespace fastdl
