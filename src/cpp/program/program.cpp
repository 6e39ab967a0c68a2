#include "program/program.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/backend.hpp"
#include "core/threads.hpp"
#include "kernels/layout.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/sequence.hpp"
#include "layers/chain.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

// Operations of a pass below which one thread is faster than a team; of a few samples, whose threads meet often.
constexpr double team_threshold = 1e6, few_threshold = 4e6;

template <class T>
void add_rows(const Layer<T>& layer, int depth, const std::vector<Parameter>& parameters, std::vector<LayerRow>& rows) {
  LayerRow row{layer.spec.name, layer.spec.title, depth, layer.in.shape, layer.out.shape, 0};
  for (const Parameter& p : parameters)
    if (p.name.substr(0, p.name.rfind('.')) == layer.spec.name) row.n_parameters += p.count;
  rows.push_back(row);
  if (const auto* children = layer.children())
    for (const auto& child : *children) add_rows(*child, depth + 1, parameters, rows);
}

template <class T>
void find_penalties(const std::vector<LayerPtr<T>>& layers, std::vector<const Layer<T>*>& found) {
  for (const auto& layer : layers) {
    if (layer->penalises) found.push_back(layer.get());
    if (layer->children()) find_penalties(*layer->children(), found);
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

}  // namespace

template <class T>
Program<T>::Program(const std::vector<LayerSpec>& layers, const Shape& input, const Settings& settings)
    : backend_(find_backend(settings.backend)),
      kernels_(kernels_of<T>(backend_)),
      settings_(settings),
      threads_(settings.threads),
      optimizer_(Rule{}, {}, {}) {
  check(!layers.empty(), "a network needs at least one layer, got none.");
  Plan<T> plan(kernels_, settings.batch, settings.threads);
  input_ = plan.tensor(input, settings.input_gradient);
  plan.busy.clear();
  plan_chain(layers_, layers, input_, plan);
  find_penalties(layers_, penalising_);
  check(penalising_.empty() || !output().is_sequence(),
        "penalties of activations need one output for each sample, "
        "but the last layer gives " +
            output().what() + ".");
  parameters_ = plan.parameters, states_ = plan.states, reversed_ = plan.reversed;
  params_ = Block<T>(plan.n_parameters), grads_ = Block<T>(plan.n_parameters), state_ = Block<T>(plan.n_states);
  value_starts_ = plan.predicted.starts(), gradient_starts_ = plan.gradients.starts();
  values_ = Block<T>(plan.values), gradients_ = Block<T>(plan.gradients.room(gradient_starts_));
  saved_ = Block<T>(plan.saves);
  carried_ = Block<T>(plan.carries), scratch_ = Block<T>(plan.scratches);
  for (const State& s : states_) std::fill_n(state_.data() + s.offset, s.count, T(s.fill));
  for (const LayerRow& row : rows()) {
    lone_ |= row.in.is_image() || row.out.is_image();
    work_ += 2.0 * row.n_parameters * (row.out.is_image() ? row.out.h() * row.out.w() : row.in.steps()) +
             std::max(row.in.size(), row.out.size());
  }
  lone_ = lone_ && take_lone(layers_);

  index rows = settings.batch * index(output().steps());  // of the loss
  batch_codes_ = Block<std::int32_t>(rows);
  batch_weights_ = Block<T>(rows);
  batch_order_ = Block<std::int64_t>(settings.batch);
  batch_lengths_ = Block<std::int32_t>(settings.batch);
  batch_losses_ = Block<double>(rows);
  batch_targets_ = Block<T>(output().is_image() ? 0 : rows * output().c());
  loss_.cap = std::numeric_limits<double>::infinity();
}

template <class T>
std::vector<LayerRow> Program<T>::rows() const {
  std::vector<LayerRow> rows;
  for (const auto& layer : layers_) add_rows(*layer, 0, parameters_, rows);
  return rows;
}

template <class T>
void Program<T>::set_rule(const Rule& rule, const std::vector<double>& multipliers) {
  optimizer_ = Optimizer<T>(rule, parameters_, multipliers);
}

template <class T>
int Program<T>::team_size(int n) const {
  return work_ * n < team_threshold ? 1 : usable_threads(threads_);
}

template <class T>
Frame<T> Program<T>::frame(const Team& team, const Batch& batch) {
  return {team,
          kernels_,
          batch.n,
          batch.training,
          settings_.seed,
          batch.epoch,
          batch_order_.data(),
          params_.data(),
          grads_.data(),
          state_.data(),
          values_.data(),
          gradients_.data(),
          saved_.data(),
          scratch_.data(),
          batch_lengths_.data(),
          1,
          batch.stateful,
          carried_.data(),
          batch_weights_.data(),
          0,
          gradient_starts_.data(),
          nullptr,
          batch.lone};
}

// The steps of the longest sequence of the batch: all passes end there.
template <class T>
void Program<T>::set_steps(Frame<T>& f) const {
  for (int i = 0; i < f.n && input_.shape.is_sequence(); i++) f.steps = std::max(f.steps, int(f.lengths[i]));
}

// The batch's samples in program layout, in the input tensor.
template <class T>
void Program<T>::gather(Frame<T>& f, const Batch& batch) {
  const Data<T>& data = *batch.data;
  const Shape& s = input_.shape;
  if (f.team.rank == 0)
    for (int i = 0; i < f.n; i++) {
      batch_order_[i] = data.order ? data.order[batch.begin + i] : batch.begin + i;
      batch_lengths_[i] = data.lengths ? data.lengths[batch_order_[i]] : s.steps();
    }
  f.team.sync();
  set_steps(f);
  if (s.is_sequence())
    kernels_.sequence.gather_sequence(f.team, data.x, batch_order_.data(), f.sequence(s), f.value(input_));
  else if (s.is_image() && !f.lone)
    kernels_.layout.gather_image(f.team, batch.data->x, batch_order_.data(), f.n, s.h() * s.w(), s.c(),
                                 f.value(input_));
  else
    kernels_.layout.gather_rows(f.team, batch.data->x, batch_order_.data(), f.n, f.value(input_));
}

template <class T>
void Program<T>::run_forward(const Frame<T>& f, int last) {
  forward_chain(f, layers_, 0, last < 0 ? n_layers() + last + 1 : last + 1);
}

template <class T>
void Program<T>::run_backward(const Frame<T>& f) {
  backward_chain(f, layers_, 0, n_layers());
}

// A tensor in the user's order: (n, features), (n, steps, features) or (n, h, w, c).
template <class T>
void Program<T>::read(const Frame<T>& f, const Shape& s, const T* x, T* y) {
  if (s.is_image() && !f.lone) {
    kernels_.layout.image_to_rows(f.team, f.n, s.h() * s.w(), s.c(), x, y);
  } else if (s.is_sequence()) {
    kernels_.sequence.sequence_to_rows(f.team, f.sequence(s), x, y);
  } else {
    Range part = f.team.share(f.n * s.size());
    std::memcpy(y + part.begin, x + part.begin, (part.end - part.begin) * sizeof(T));
    f.team.sync();
  }
}

template <class T>
void Program<T>::predict(const Data<T>& data, ActivationKind link, int layer, T* y) {
  const Tensor& out = at(layer).out;
  index size = out.shape.size();
  const auto is_few = [&](index n) { return n <= kernels_.lanes / 4; };
  const bool few = is_few(data.count);
  last_n_ = 0;
  int threads = team_size(int(std::min<index>(data.count, settings_.batch)));
  const bool tries = few && work_ * data.count >= few_threshold;
  if (few && !(tries && few_trial_.team())) threads = 1;
  run_team(threads, [&](const Team& team) {
    int n;
    for (index begin = 0; begin < data.count; begin += n) {
      n = int(std::min<index>(settings_.batch, data.count - begin));
      const bool lone = lone_ && is_few(n);  // else most lanes would be idle
      if (lone) n = 1;
      Batch batch{&data, begin, n, false, 0, data.stateful, lone};
      Frame<T> f = frame(team, batch);
      f.value_starts = value_starts_.data();
      gather(f, batch);
      run_forward(f, layer);
      T* z = f.value(out);
      if (link == ActivationKind::softmax)
        kernels_.pointwise.softmax_forward(team, norm_shape(f, out.shape), z, z);
      else if (link != ActivationKind::identity)
        kernels_.pointwise.activation_forward(team, link, T(1), f.elements(out.shape), z, z);
      read(f, out.shape, z, y + begin * size);
    }
  });
  if (tries) few_trial_.done();
}

template <class T>
void Program<T>::forward(const Data<T>& data, bool training, std::uint32_t epoch, T* y) {
  last_n_ = int(data.count), last_training_ = training, last_epoch_ = epoch, last_stateful_ = data.stateful;
  Batch batch{&data, 0, last_n_, training, epoch, data.stateful};
  run_team(team_size(last_n_), [&](const Team& team) {
    Frame<T> f = frame(team, batch);
    gather(f, batch);
    run_forward(f);
    read(f, output(), f.value(layers_.back()->out), y);
  });
}

template <class T>
void Program<T>::backward(const T* dy, T* dx) {
  const Tensor& out = layers_.back()->out;
  check(out.wants_gradient, "backward() has nothing to do: no layer learns and input_gradient is False.");
  Batch batch{nullptr, 0, last_n_, last_training_, last_epoch_, last_stateful_};
  run_team(team_size(last_n_), [&](const Team& team) {
    Frame<T> f = frame(team, batch);
    set_steps(f);
    const Shape& s = out.shape;
    if (s.is_image()) {
      kernels_.layout.rows_to_image(team, f.n, s.h() * s.w(), s.c(), dy, f.gradient(out));
    } else if (s.is_sequence()) {
      kernels_.sequence.rows_to_sequence(team, f.sequence(s), dy, f.gradient(out));
    } else {
      Range part = team.share(f.n * s.size());
      std::memcpy(f.gradient(out) + part.begin, dy + part.begin, (part.end - part.begin) * sizeof(T));
      team.sync();
    }
    run_backward(f);
    if (dx) read(f, input_.shape, f.gradient(input_), dx);
  });
}

template <class T>
std::vector<std::pair<const char*, index>> Program<T>::memory() const {
  return {{"parameters", params_.bytes() + state_.bytes()}, {"gradients", grads_.bytes() + totals_.bytes()},
          {"optimizer", optimizer_.moments().bytes()},      {"values", values_.bytes() + gradients_.bytes()},
          {"saved", saved_.bytes() + carried_.bytes()},     {"scratch", scratch_.bytes()}};
}

template <class T>
void Program<T>::reset_states() {
  std::fill(carried_.begin(), carried_.end(), T(0));
}

template <class T>
void Program<T>::poison() {
  last_n_ = 0;
  for (const Block<T>* block : {&values_, &gradients_, &saved_, &scratch_})
    std::fill(block->begin(), block->end(), std::numeric_limits<T>::quiet_NaN());
}

template class Program<float>;
template class Program<double>;

}  // namespace fastdl
