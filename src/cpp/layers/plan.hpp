// Shapes, memory and order, decided once: layers book what they need, the program allocates one block of each kind.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/arena.hpp"
#include "kernels/kernels.hpp"
#include "layers/layer.hpp"
#include "layers/places.hpp"

namespace fastdl {

// The weights of a dense layer, for layers that use them too.
struct DenseWeight {
  Param weight;
  int features, units;
  bool learns;
  Buffer* tied;  // where a TiedDense says where its part of the gradient is
};

template <class T>
class Plan {
 public:
  Plan(const Backend& backend, int batch, int threads, bool direct, bool predicts = false)
      : backend(backend),
        kernels(kernels_of<T>(backend)),
        batch(batch),
        threads(threads),
        direct(direct),
        predicts(predicts) {}

  const Backend& backend;
  const Kernels<T>& kernels;
  const int batch;  // the largest batch
  const int threads;
  const bool direct;    // convolutions never go by Winograd
  const bool predicts;  // no pass of this plan learns

  // Elements of a tensor of this sample shape: rows (batch, features), sequences (steps, batch, features) or images
  // (blocks, c, h, w, lanes).
  index elements(const Shape& shape) const { return times(padded_batch(shape), shape.size()); }
  index padded_batch(const Shape& shape) const {
    return shape.is_image() ? (index(batch) + kernels.lanes - 1) / kernels.lanes * kernels.lanes : batch;
  }

  // The same where each sample comes alone (Frame::lone). Kernels may read a vector past its end.
  index elements_alone(const Shape& shape) const { return aligned(shape.size() + 1); }

  // A new tensor with values of its own.
  Tensor tensor(const Shape& shape, bool wants_gradient) {
    check_size(shape);
    const index count = aligned(elements(shape));
    std::vector<int> values_of, gradients_of = lasting;
    for (const Tensor& t : busy) {
      values_of.push_back(t.place);
      if (t.wants_gradient) gradients_of.push_back(t.gradient);
    }
    Tensor t{
        .shape = shape, .value = values, .place = predicted.add(count, values_of), .wants_gradient = wants_gradient};
    predicted_alone.add(elements_alone(shape), values_of);
    values += count;
    if (wants_gradient) t.gradient = gradients.add(count, gradients_of);
    busy.push_back(t);
    return t;
  }
  // The same values under a gradient of its own: for a second reader, whose gradient is added later.
  Tensor fork(const Tensor& t) {
    Tensor other = t;
    other.overwritable = false;
    if (t.wants_gradient) {
      other.gradient = gradients.add(aligned(elements(t.shape)), lasting);
      hold_gradient(other, 0);
    }
    busy.push_back(other);
    return other;
  }
  // The gradient is needed until those of all tensors from number first on have come and gone.
  void hold_gradient(const Tensor& t, int first) {
    for (int i = first; t.wants_gradient && i < gradients.count(); i++) gradients.keep_apart(t.gradient, i);
  }

  Param parameter(const LayerSpec& spec, const std::string& what, const std::string& role, std::vector<int> dims,
                  int fan_in, int fan_out) {
    if (what == "weight" && instead_of_weight)
      return std::exchange(instead_of_weight, nullptr)(spec, dims, fan_in, fan_out);
    Parameter p{
        .name = spec.name + "." + what, .dims = std::move(dims), .fan_in = fan_in, .fan_out = fan_out, .role = role};
    p.trainable = learns(spec);
    p.rate = spec.has("lr_multiplier") ? spec.number("lr_multiplier") : 1.0;
    p.count = 1;
    for (int d : p.dims) p.count = times(p.count, d);
    check(p.count < too_many, "parameter '" + p.name + "' has more values than any memory holds.");
    p.offset = n_parameters;
    n_parameters += p.count;
    parameters.push_back(p);
    return p.offset;
  }
  // What stands where a parameter would, and is made of others in every pass (Frame::derived).
  Param derived(index count) {
    const Param p = derived_param(n_derived);
    n_derived += aligned(count);
    return p;
  }
  // Whether a layer with this spec learns: its out then wants a gradient.
  bool learns(const LayerSpec& spec) const { return !frozen && (!spec.has("trainable") || spec.flag("trainable")); }

  Buffer state(const LayerSpec& spec, const std::string& what, index count, double fill) {
    states.push_back({spec.name + "." + what, n_states, count, fill});
    n_states += count;
    return states.back().offset;
  }
  // Kept from forward to backward.
  Buffer saved(index count) { return saved(count, count); }
  // What predictions do not use.
  Buffer saved_to_learn(index count) { return saved(predicts ? 0 : count); }
  // The same as saved, something for each element of a tensor of this shape.
  Buffer saved_of(const Shape& shape) { return saved(elements(shape), elements_alone(shape)); }
  // Kept from batch to batch, zero at first: the states of recurrent layers.
  Buffer carry(index count) {
    Buffer b = carries;
    carries += aligned(count);
    return b;
  }
  // Kept from one prediction to the next, as long as no weight changes: of lone samples, or of all others; -1 where
  // that would be too much.
  Buffer kept(index count) {
    if (count == 0 || keeps + count > most_kept) return -1;
    return std::exchange(keeps, keeps + aligned(count));
  }
  // The clock of what a window over time makes of sequences: of `steps` it makes (steps + more) / stride.
  int clock(const std::string& who, int before, index more, index stride) {
    const Clock after = clocks[before].then(more, stride);
    if (after.least() > std::max<index>(1, least_steps)) least_steps = after.least(), least_of = who;
    const auto known = std::find(clocks.begin(), clocks.end(), after);
    if (known == clocks.end()) clocks.push_back(after);
    return int(std::find(clocks.begin(), clocks.end(), after) - clocks.begin());
  }
  // Raises where the backend lacks a row that a layer is made of.
  void need(bool there, const std::string& who) const {
    check(there, who + " does not run on " + backend.name + " yet. Pass device=\"cpu\".");
  }
  // What the layer is made with and kernels read, where values lie.
  template <class N>
  Block<N> placed(const std::vector<N>& values) const {
    Block<N> block(index(values.size()), backend.memory);
    backend.memory.copy_in(block.data(), values.data(), values.size() * sizeof(N), nullptr);
    return block;
  }
  // Shared by all layers: free again when a kernel returns. That of kernels which no lone sample meets apart.
  void scratch(index count) {
    scratch_of_batches(count);
    scratches_alone = std::max(scratches_alone, aligned(count));
  }
  void scratch_of_batches(index count) { scratches = std::max(scratches, aligned(count)); }

  // What passes need: those that learn, predictions, and predictions of a program that sees lone samples only.
  Room to_learn() const { return {values, gradients.room(gradients.starts()), saves, scratches}; }
  Room to_predict() const { return {predicted.room(predicted.starts()), 0, saves, scratches}; }
  Room to_predict_alone() const {
    return {predicted_alone.room(predicted_alone.starts()), 0, saves_alone, scratches_alone};
  }

  std::vector<int> lasting;           // gradients that wait, while backward passes through all later layers
  std::vector<Tensor> busy;           // what the layer that is planned, or one around it, still needs
  Places predicted, predicted_alone;  // of values in predict; where each sample comes alone
  Places gradients;
  std::vector<index> saved_starts, saved_starts_alone;  // of what is kept, by number

  // What the layer around one books, instead of that one's weight: from its spec, dimensions, fan_in and fan_out.
  std::function<Param(const LayerSpec&, const std::vector<int>&, int, int)> instead_of_weight;
  bool first = false;               // the layer that is planned is the network's first: it reads the user's samples
  int depth = 0;                    // of the list it stands in; 1 is the network's own
  bool frozen = false;              // inside a container that does not learn
  std::uint32_t random_layers = 0;  // booked so far: each draws from a stream of its own
  std::string reversed;             // a layer that reads sequences from their end
  std::string windowed;             // a layer that reads several steps at a time
  std::vector<Clock> clocks{{}};    // of sequences
  index least_steps = 0;            // of a sequence, for one step everywhere
  std::string least_of;             // the layer that asks for them
  std::vector<Parameter> parameters;
  std::vector<State> states;
  std::map<std::string, DenseWeight> dense_weights;  // by layer
  index n_parameters = 0, n_states = 0, values = 0, saves = 0, carries = 0, scratches = 0, n_derived = 0;
  index saves_alone = 0, scratches_alone = 0, keeps = 0;

 private:
  static constexpr index most_kept = index(1) << 23;  // of large weights a lone sample spends more time on products
  Buffer saved(index count, index alone) {
    saved_starts.push_back(saves), saved_starts_alone.push_back(saves_alone);
    saves += aligned(count), saves_alone += aligned(alone);
    return index(saved_starts.size()) - 1;
  }
  // Kernels count rows, and the pixels of a map, in ints.
  void check_size(const Shape& shape) const {
    const index counted =
        shape.is_image() ? std::max(padded_batch(shape), times(shape.h(), shape.w())) : times(batch, shape.steps());
    check(elements(shape) < too_many && counted <= index(1) << 30,
          "a batch of " + std::to_string(batch) + " times " + shape.text() +
              " values is too large. Use a smaller batch_size, or smaller layers.");
  }
  static index aligned(index count) { return (count + 63) / 64 * 64; }  // whole cache lines for float and double
};

}  // namespace fastdl
