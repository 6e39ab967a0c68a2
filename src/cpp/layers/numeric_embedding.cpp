// numeric_embedding: each of the first columns x_j of rows becomes [V_j' cos(2 pi w_j x_j + b_j) + c_j, x_j]; the other
// features stay ("PBLD": Holzmueller, Grinsztajn and Steinwart 2024).
#include "kernels/columns.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct NumericEmbedding : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  NumericEmbeddingShape shape;
  Param frequency, phase, weight, bias;
  Buffer cosine, sine;

  void plan(Plan<T>& plan) override {
    check_row(*this);
    this->learns = plan.learns(spec);
    const int features = in.shape.c(), units = spec.integer("units");
    const int columns = spec.has("columns") ? spec.integer("columns") : features;
    const int frequencies = spec.integer("frequencies"), mixed = units - 1;
    check(columns <= features, this->who() + ": columns=" + std::to_string(columns) + ", but its input has " +
                                   std::to_string(features) + " features. Lower columns.");
    const index lanes = plan.kernels.lanes, room = (plan.batch + lanes - 1) / lanes * lanes;
    shape = {.n = plan.batch,
             .features = features,
             .columns = columns,
             .frequencies = frequencies,
             .units = units,
             .room = room};
    frequency = plan.parameter(spec, "frequency", "weight", {columns, frequencies}, frequencies, frequencies);
    phase = plan.parameter(spec, "phase", "bias", {columns, frequencies}, frequencies, frequencies);
    weight = plan.parameter(spec, "weight", "weight", {columns, frequencies, mixed}, frequencies, mixed);
    bias = plan.parameter(spec, "bias", "bias", {columns, mixed}, frequencies, mixed);
    const index kept = times(times(columns, frequencies), room);
    cosine = plan.saved(kept), sine = plan.saved(kept);
    const int width = this->as_int(times(columns, units) + features - columns, "the number of features");
    out = plan.tensor({{width}}, in.wants_gradient || this->learns);
    out.overwritable = true;
    plan.scratch(plan.kernels.columns.numeric_embedding_scratch(shape, plan.threads));
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.columns.numeric_embedding_forward(f.team, of(f), arrays(f), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    const auto wanted = [&](Param p) { return this->learns ? f.grad(p) : nullptr; };
    f.kernels.columns.numeric_embedding_backward(f.team, of(f), arrays(f),
                                                 {.dy = f.gradient(out),
                                                  .dx = f.gradient(in),
                                                  .dfrequency = wanted(frequency),
                                                  .dphase = wanted(phase),
                                                  .dweight = wanted(weight),
                                                  .dbias = wanted(bias)});
  }

 private:
  NumericEmbeddingShape of(const Frame<T>& f) const {
    NumericEmbeddingShape s = shape;
    s.n = f.n;
    return s;
  }
  NumericEmbeddingArrays<T> arrays(const Frame<T>& f) const {
    return {.x = f.value(in),
            .frequency = f.param(frequency),
            .phase = f.param(phase),
            .weight = f.param(weight),
            .bias = f.param(bias),
            .cosine = f.saved(cosine),
            .sine = f.saved(sine),
            .scratch = f.scratch};
  }
};

}  // namespace

FASTDL_LAYER(NumericEmbedding)

}  // namespace fastdl
