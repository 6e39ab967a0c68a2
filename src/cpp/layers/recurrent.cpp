// rnn, lstm, gru: states h (n, units) that see their own past; the output is every h or the last one. Reversed layers
// read each sequence from its end: their input is turned around, and so are the outputs of all steps. In training,
// recurrent_dropout hides the same units of the state from the products at every step (Gal and Ghahramani 2016).
#include "kernels/pointwise.hpp"
#include "kernels/sequence.hpp"
#include "layers/copy.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Recurrent : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Cell cell;
  int features, units, gates;
  bool all_steps, reverse;
  Buffer kept = -1;
  Param w_ih, w_hh, b, peepholes = -1;  // b (gates,), or (2, gates) for the two products of a GRU with reset_after
  Tensor x, h;                          // in the order of the steps done: (steps, n, features), (steps, n, units)
  Buffer z = -1, extra = -1, h0, c0;    // gates; c, or what a GRU keeps; where the batch started
  Buffer carry_h, carry_c;              // where the batch before ended
  T drop;                               // rate of recurrent_dropout
  std::uint32_t number = 0;             // of this layer, for its draws
  Buffer mask = -1, masked = -1;        // factors (n, units) of the state; the states that the products saw

  void plan(Plan<T>& plan) override {
    check(in.shape.is_sequence(), this->who() + " takes sequences (steps, features), but its input is " +
                                      in.shape.what() +
                                      (in.value == 0 ? ". Pass input_shape=(steps, features)."
                                                     : ". Pass return_sequences=True to the layer before it."));
    this->learns = plan.learns(spec), this->any_batch = true;
    cell = cell_of(spec);
    features = in.shape.c(), units = spec.integer("units");
    gates = this->as_int(times(units, cell == Cell::lstm ? 4 : is_gru() ? 3 : 1), "the number of gates");
    all_steps = spec.flag("return_sequences"), reverse = spec.flag("reverse");
    if (reverse) plan.reversed = this->who();
    const std::string end = reverse ? "_reverse" : "";
    w_ih = plan.parameter(spec, "weight_ih" + end, "weight", {features, gates}, features, units);
    w_hh = plan.parameter(spec, "weight_hh" + end, "weight", {units, gates}, units, units);
    kept = plan.kept(plan.kernels.sequence.recurrent_kept(cell, features, units));
    std::vector<int> bias{gates};
    if (cell == Cell::gru_reset_after) bias = {2, gates};
    b = plan.parameter(spec, "bias" + end, "bias", bias, units, units);
    if (cell == Cell::lstm && spec.flag("peepholes"))
      peepholes = plan.parameter(spec, "peepholes" + end, "weight", {3, units}, 1, 1);

    bool wants_gradient = in.wants_gradient || this->learns;
    int steps = in.shape.steps();
    x = reverse ? plan.tensor(in.shape, in.wants_gradient) : in;
    h = plan.tensor({{steps, units}, in.shape.clock}, wants_gradient);
    out = !all_steps ? plan.tensor({{units}}, wants_gradient) : reverse ? plan.tensor(h.shape, wants_gradient) : h;
    out.overwritable = !all_steps || reverse;
    index states = plan.batch * index(units);
    if (!is_rnn()) z = plan.saved_to_learn(times(states * steps, gates / units));
    if (!is_rnn()) extra = plan.saved(states * steps);
    h0 = plan.saved(states), c0 = plan.saved(states);
    drop = spec.number("recurrent_dropout");
    if (drop > 0)
      number = plan.random_layers++, mask = plan.saved_to_learn(states), masked = plan.saved_to_learn(states * steps);
    carry_h = plan.carry(states), carry_c = plan.carry(states);
    std::vector<std::int32_t> lengths(plan.batch, steps);
    RecurrentShape s{
        .cell = cell, .n = plan.batch, .steps = steps, .features = features, .units = units, .lengths = lengths.data()};
    const auto& kernels = plan.kernels.sequence;
    if (!plan.predicts) plan.scratch(kernels.recurrent_scratch(s, plan.threads));
    s.passing = true;
    plan.scratch(kernels.recurrent_scratch(s, plan.threads));
  }

  void forward(const Frame<T>& f) const override {
    if (reverse) f.kernels.sequence.reverse_steps(f.team, f.sequence(in.shape), f.value(in), f.value(x));
    if (f.stateful) {
      copy(f, {{units}}, f.carry(carry_h), f.saved(h0));
      copy(f, {{units}}, f.carry(carry_c), f.saved(c0));
    }
    if (drops(f))
      f.kernels.pointwise.dropout_forward(
          f.team, {f.n, units, 1, false},
          {.seed = f.seed, .layer = number, .epoch = f.epoch, .sample = f.sample, .n = f.n}, T(drop * f.regularisation),
          nullptr, f.saved(mask));
    RecurrentArrays<T> a = arrays(f);
    if (f.kept && kept >= 0) {
      T* const form = f.kept + kept;
      if (f.renews_kept) f.kernels.sequence.recurrent_keep(f.team, cell, features, units, a.w_ih, a.w_hh, form);
      a.kept = form;
    }
    f.kernels.sequence.recurrent_forward(f.team, shape(f), a);
    const SequenceShape s = f.sequence(h.shape);
    auto last = [&](StepPool pool, const T* states, T* y) {
      f.kernels.sequence.step_pool_forward(f.team, pool, s, states, y, nullptr);
    };
    if (f.stateful) last(StepPool::carry, f.value(h), f.carry(carry_h));
    if (f.stateful && cell == Cell::lstm) last(StepPool::carry, f.saved(extra), f.carry(carry_c));
    if (!all_steps)
      last(StepPool::last, f.value(h), f.value(out));
    else if (reverse)
      f.kernels.sequence.reverse_steps(f.team, s, f.value(h), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    const SequenceShape s = f.sequence(h.shape);
    T* dh = f.gradient(h);
    if (!all_steps)
      f.kernels.sequence.step_pool_backward(f.team, StepPool::last, s, f.gradient(out), nullptr, dh);
    else if (reverse)
      f.kernels.sequence.reverse_steps(f.team, s, f.gradient(out), dh);
    RecurrentGradients<T> d{};
    d.dh = dh, d.dx = f.gradient(x);
    if (this->learns) {
      d.dw_ih = f.grad(w_ih), d.dw_hh = f.grad(w_hh), d.db = f.grad(b), d.dpeepholes = f.grad(peepholes);
      if (cell == Cell::gru_reset_after) d.db_hh = d.db + gates;
    }
    f.kernels.sequence.recurrent_backward(f.team, shape(f), arrays(f), d);
    if (T* dx = f.gradient(in); dx && reverse) f.kernels.sequence.reverse_steps(f.team, f.sequence(in.shape), d.dx, dx);
  }

 private:
  static Cell cell_of(const LayerSpec& spec) {
    if (spec.kind == "lstm") return Cell::lstm;
    if (spec.kind == "gru") return spec.flag("reset_after") ? Cell::gru_reset_after : Cell::gru;
    return spec.text("activation") == "relu" ? Cell::rnn_relu : Cell::rnn_tanh;
  }
  bool is_rnn() const { return cell == Cell::rnn_tanh || cell == Cell::rnn_relu; }
  bool drops(const Frame<T>& f) const { return f.training && drop > 0; }
  bool is_gru() const { return cell == Cell::gru || cell == Cell::gru_reset_after; }

  RecurrentShape shape(const Frame<T>& f) const {
    const SequenceShape s = f.sequence(in.shape);
    return {.cell = cell,
            .n = s.n,
            .steps = s.steps,
            .features = features,
            .units = units,
            .lengths = s.lengths,
            .passing = f.predicts()};
  }
  RecurrentArrays<T> arrays(const Frame<T>& f) const {
    RecurrentArrays<T> a{};
    a.x = f.value(x), a.h = f.value(h);
    a.w_ih = f.param(w_ih), a.w_hh = f.param(w_hh), a.b = f.param(b), a.peepholes = f.param(peepholes);
    if (cell == Cell::gru_reset_after) a.b_hh = a.b + gates;
    if (f.stateful) a.h0 = f.saved(h0), a.c0 = f.saved(c0);
    if (drops(f)) a.mask = f.saved(mask), a.masked = f.saved(masked);
    if (!is_rnn()) a.gates = f.predicts() ? nullptr : f.saved(z), a.extra = f.saved(extra);
    a.scratch = f.scratch;
    return a;
  }
};

template <class T>
struct RNN : Recurrent<T> {
  using Recurrent<T>::Recurrent;
};
template <class T>
struct LSTM : Recurrent<T> {
  using Recurrent<T>::Recurrent;
};
template <class T>
struct GRU : Recurrent<T> {
  using Recurrent<T>::Recurrent;
};

}  // namespace

FASTDL_LAYER(RNN)
FASTDL_LAYER(LSTM)
FASTDL_LAYER(GRU)

}  // namespace fastdl
