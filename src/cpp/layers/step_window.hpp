// Windows that slide over the steps of sequences, for convolution and pooling.
#pragma once

#include "kernels/conv1d.hpp"
#include "layers/plan.hpp"

namespace fastdl {

template <class T>
void check_sequence(const Layer<T>& layer) {
  check(layer.in.shape.is_sequence(),
        layer.who() + " takes sequences (steps, features), but its input is " + layer.in.shape.what() +
            (layer.in.value == 0 ? ". Pass input_shape=(steps, features)."
                                 : ". Put it before the layer that gives " + layer.in.shape.what() + "."));
}

// What does not depend on the batch: size, stride, dilation, padding and the longest sequences, and the shape that the
// layer gives, with so many features. Raises, naming the layer, where not a single window fits.
template <class T>
StepWindow step_window_of(Layer<T>& layer, Plan<T>& plan, const std::string& size, const std::string& what,
                          int features, Shape& given) {
  check_sequence(layer);
  const LayerSpec& spec = layer.spec;
  const std::string& padding = spec.text("padding");
  const int steps = layer.in.shape.steps();
  StepWindow w{};
  w.n = plan.batch, w.c = layer.in.shape.c(), w.steps = steps;
  w.size = spec.integer(size), w.dilation = spec.has("dilation") ? spec.integer("dilation") : 1;
  w.stride = std::min(spec.integer("stride"), steps);  // beyond all of it there is a single window
  w.padding = padding == "valid" ? StepPadding::valid : padding == "same" ? StepPadding::same : StepPadding::causal;
  const index reach = times(w.dilation, w.size - 1) + 1;
  const std::string who = "layer '" + spec.name + "' (" + spec.title + ", " + what + " " + std::to_string(w.size) +
                          (w.dilation > 1 ? ", dilation " + std::to_string(w.dilation) : "") + ", padding '" + padding +
                          "')";
  check(reach < index(1) << 27, who + " is too large for any sequence.");
  const bool valid = w.padding == StepPadding::valid;
  check(!valid || reach <= steps, who + " gets sequences of " + std::to_string(steps) +
                                      " steps. Use padding=\"same\" or \"causal\", or fewer poolings; see summary().");
  if (reach > 1 || w.stride > 1) plan.windowed = layer.who();
  given = {{int((steps + (valid ? w.stride - reach : w.stride - 1)) / w.stride), features}};
  given.clock = plan.clock(who, layer.in.shape.clock, valid ? w.stride - reach : w.stride - 1, w.stride);
  w.out_steps = given.steps();
  return w;
}

// The same for a batch.
template <class T>
StepWindow at(StepWindow w, const Frame<T>& f, const Shape& in, const Shape& out) {
  const SequenceShape from = f.sequence(in), to = f.sequence(out);
  w.n = f.n, w.steps = from.steps, w.lengths = from.lengths, w.out_steps = to.steps, w.out_lengths = to.lengths;
  return w;
}

}  // namespace fastdl
