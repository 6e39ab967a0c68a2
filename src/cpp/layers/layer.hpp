// What a layer is: plan books memory and checks shapes, forward and backward call kernels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "core/check.hpp"
#include "core/shape.hpp"
#include "kernels/kernels.hpp"
#include "kernels/shapes.hpp"
#include "layers/parameter.hpp"
#include "layers/spec.hpp"

namespace fastdl {

// A tensor between layers: its values and their gradient in the program's two activation blocks.
struct Tensor {
  Shape shape;
  index value = 0;              // offset, in elements
  int place = 0, gradient = 0;  // numbers: of the values' place in predict, of the gradient's
  bool wants_gradient = false;  // false below the first trainable parameter: backward writes no dx there
  bool overwritable = false;    // the layer that made it does not read it again: the next may work in place
  bool in_place = false;        // that layer works in place: its backward writes over the gradient
};

using Param = index;   // offset into params and grads; -1: none; below: of a derived one (derived_param)
using Buffer = index;  // offset into state and carried; number of what is saved

constexpr Param derived_param(index offset) { return -2 - offset; }
constexpr index derived_offset(Param p) { return -2 - p; }

class Augmentation;  // layers/augmentation.hpp
template <class T>
class Plan;  // layers/plan.hpp: tensor, parameter, state, saved, carry, scratch

// What a step shows to a layer. Each thread of the team has its own, all alike but for team.rank.
template <class T>
struct Frame {
  Team team;
  const Kernels<T>& kernels;
  int n;  // samples in this batch
  bool training;
  std::uint64_t seed;
  std::uint32_t epoch;
  const std::int64_t* sample;  // (n,), index of each sample in the user's array
  T *params, *grads, *states, *values, *gradients, *saves, *scratch;
  T *derived, *derived_grads;   // parameters that a layer makes of others
  const std::int32_t* lengths;  // (clocks, room), steps of each sequence
  int room;                     // samples of the largest batch
  const Clock* clocks;
  int steps;                           // of the longest sequence, as it came
  bool stateful;                       // recurrent layers start from the states that the batch before left
  T* carried;                          // those states
  const T* weight;                     // (n,), of the samples
  const std::int32_t* answers;         // of a decoder: (answer_steps, n), what it is to give
  const std::int32_t* answer_lengths;  // (n,)
  int answer_steps;                    // of the longest one
  double regularisation = 1;           // factor of the dropout's rates and of the decoupled decay
  const double* norm;  // the sum of weights that divides the loss; null where there is no loss: penalties are silent
  double* sums;        // (2,), to work in
  std::exception_ptr* failure;  // of a function of the user's: it waits for the end of the team
  const index *gradient_starts, *saved_starts;
  const index* value_starts = nullptr;  // in predict, where later tensors take the places of earlier ones
  const T* samples = nullptr;           // in predict, the first tensor, read where the user has it
  T* results = nullptr;                 // and the tensor of this number, written where the user wants it
  int result = -1;
  bool lone = false;         // one sample, in inference, whose images are rows (h*w, c)
  T* kept = nullptr;         // weights in the form that predictions meet, each layer's own; or null
  bool renews_kept = false;  // they changed since: each layer puts its own there anew

  // Nobody goes back from this pass.
  bool predicts() const { return value_starts; }
  // Samples of a tensor of this shape with the padded lanes of images.
  index padded(const Shape& shape) const {
    return shape.is_image() && !lone ? (n + kernels.lanes - 1) / kernels.lanes * index(kernels.lanes) : n;
  }
  // Rows of a tensor of this shape: one for each sample, or for each sample and step.
  int rows(const Shape& shape) const { return shape.is_sequence() ? n * steps_of(shape) : n; }
  // Of the longest sequence in a tensor of this shape.
  int steps_of(const Shape& shape) const { return std::max(1, clocks[shape.clock].of(steps)); }
  // Elements that one pass over the whole tensor meets.
  index elements(const Shape& shape) const {
    return shape.is_image() ? padded(shape) * shape.size() : rows(shape) * index(shape.c());
  }
  SequenceShape sequence(const Shape& shape) const {
    return {.n = n,
            .steps = steps_of(shape),
            .features = shape.c(),
            .room = shape.steps(),
            .lengths = lengths + index(shape.clock) * room};
  }
  // Whether images lie as the user's do, each pixel's channels side by side.
  bool channels_last() const { return lone || kernels.channels_last; }
  T* value(const Tensor& t) const {
    if (samples && t.place == 0) return const_cast<T*>(samples);  // nobody overwrites it
    if (t.place == result) return results;
    return values + (value_starts ? value_starts[t.place] : t.value);
  }
  T* gradient(const Tensor& t) const { return t.wants_gradient ? gradients + gradient_starts[t.gradient] : nullptr; }
  T* param(Param p) const { return p >= 0 ? params + p : p == -1 ? nullptr : derived + derived_offset(p); }
  T* grad(Param p) const { return p >= 0 ? grads + p : p == -1 ? nullptr : derived_grads + derived_offset(p); }
  T* state(Buffer b) const { return states + b; }
  T* saved(Buffer b) const { return saves + saved_starts[b]; }
  T* carry(Buffer b) const { return carried + b; }
};

template <class T>
struct Decoding;  // layers/decoding.hpp

template <class T>
struct Layer {
  const LayerSpec spec;
  Tensor in, out;
  bool learns = false;     // its parameters get gradients (set in plan)
  bool penalises = false;  // it has a penalty (set in plan)
  bool lone = false;       // forward also takes the images of a lone sample (set in plan; see Frame::lone)
  bool any_batch = false;  // predictions may be of more samples than a batch has (set in plan)

  explicit Layer(const LayerSpec& s) : spec(s) {}
  virtual ~Layer() = default;
  // Sets in and out; raises where the shapes do not fit.
  virtual void plan(Plan<T>& plan) = 0;
  virtual void forward(const Frame<T>& frame) const = 0;
  // Where the next layer is no more than relu in place, its forward may be part of this one's (forward_chain).
  virtual bool gives_relu() const { return false; }
  virtual void forward_relu(const Frame<T>&) const {}
  virtual bool is_relu_in_place() const { return false; }
  virtual void backward(const Frame<T>& frame) const = 0;  // reads out's gradient, writes in's and the parameters'
  // Adds to the loss, between forward and backward.
  virtual void add_penalty(const Frame<T>&, double*) const {}
  virtual const Tensor* side_output() const { return nullptr; }  // of an AuxHead: it has a loss of its own in training
  virtual const std::vector<std::unique_ptr<Layer>>* children() const { return nullptr; }
  virtual int symbols() const { return 0; }                        // an Embedding: its input holds codes below this
  virtual const Decoding<T>* decoding() const { return nullptr; }  // of a decoder, how it searches
  // An Augment: in training the gather does this to samples, into out.
  virtual const Augmentation* augmentation() const { return nullptr; }

  std::string who() const { return "layer '" + spec.name + "' (" + spec.title + ")"; }
  // A size that was worked out wide, as the int that it is kept as.
  int as_int(index size, const std::string& what) const { return checked_int(size, who() + ": " + what); }
};

template <class T>
NormShape norm_shape(const Frame<T>& f, const Shape& s) {
  if (f.lone && s.is_image()) return {s.h() * s.w(), s.c(), 1, false, true};
  return {f.rows(s), s.c(), s.is_image() ? s.h() * s.w() : 1, s.is_image(), false};
}

template <class T>
void check_row(const Layer<T>& layer) {
  const Shape& s = layer.in.shape;
  check(s.is_row(), layer.who() + " takes rows of features, but its input is " + s.what() + ". Put Flatten() or " +
                        (s.is_sequence() ? "a pooling over time" : "GlobalAvgPool()") + " before it.");
}

ActivationKind activation_kind(const std::string& name);  // activation.cpp
bool reads_input(ActivationKind kind);                    // whether its slope takes x, not y

template <class T>
using LayerPtr = std::unique_ptr<Layer<T>>;

// --- the list of layers ---------------------------------------------------------------------------------------------
template <class T>
LayerPtr<T> make_layer(const LayerSpec& spec);

}  // namespace fastdl
