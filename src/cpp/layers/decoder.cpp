// decoder: from the states of an encoder (steps, features) to the symbols of an answer, (steps of the answer, outputs)
// before the softmax. Inside: an embedding of the symbol before, recurrent layers whose first states are tanh of a
// dense layer of the encoder's last state, attention, and a dense output. See kernels/attention.hpp for the step.
#include <algorithm>

#include "kernels/dense.hpp"
#include "kernels/memory.hpp"
#include "kernels/pointwise.hpp"
#include "layers/decoding.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

// A layer inside, as the summary shows it.
template <class T>
struct Part : Layer<T> {
  using Layer<T>::Layer;
  void plan(Plan<T>&) override {}
  void forward(const Frame<T>&) const override {}
  void backward(const Frame<T>&) const override {}
};

template <class T>
struct DecoderCellParts {
  DecoderCellShape shape;
  Param start[2], start_bias[2];  // of h, and of an LSTM's c
  Param w_ih, w_hh, b;
  bool learns, start_learns;
  Buffer first[2], dfirst[2], mask = -1, masked = -1, h, gates, extra, drop = -1, dropped = -1, dh;
  std::uint32_t mask_number = 0, drop_number = 0;
  index scratch = 0;
};

template <class T>
struct Decoder : Layer<T>, Decoding<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  int room, features, symbols, embedding_units, n_cells, size = 0, outputs;
  bool bidirectional, own_keys;  // keys are made of the values
  Score score;
  T teacher_forcing, dropout, recurrent_dropout;
  DecoderCellParts<T> cells[most_cells];
  Param table_weight, w_query = -1, w_key = -1, b_key = -1, w_score = -1, w_combine = -1, w_out, b_out;
  bool embedding_learns, attention_learns, output_learns;
  Buffer table, dtable, summary, dsummary, keys = -1, dkeys = -1, dvalues = -1, more, query = -1, weights = -1;
  Buffer found = -1, combined = -1, dquery = -1, dfound = -1, dcombined = -1, dscore = -1, inputs, teacher = -1;
  std::uint32_t teacher_number = 0;
  std::vector<LayerPtr<T>> parts;

  // --- plan
  void plan(Plan<T>& plan) override {
    plan.need(plan.kernels.attention.decoder_forward, this->who());
    check(in.shape.is_sequence(),
          this->who() + " takes the states of an encoder (steps, features), but its input is " + in.shape.what() + ".");
    const std::vector<LayerSpec>& inside = spec.layers("layers");
    n_cells = int(inside.size() - 3) / 2;
    check(n_cells >= 1 && n_cells <= most_cells, this->who() + " has " + std::to_string(n_cells) +
                                                     " recurrent layers; expected 1 to " + std::to_string(most_cells) +
                                                     ".");
    room = spec.integer("steps"), features = in.shape.c(), bidirectional = spec.flag("bidirectional");
    teacher_forcing = spec.number("teacher_forcing"), dropout = spec.number("dropout");
    recurrent_dropout = spec.number("recurrent_dropout");
    const LayerSpec &embedding = inside[0], &attention = inside[n_cells * 2 + 1], &output = inside[n_cells * 2 + 2];
    score = score_of(attention), symbols = embedding.integer("n_symbols"), outputs = output.integer("units");
    own_keys = score == Score::additive || attention.text("score") == "general";
    check(symbols == outputs, this->who() + " has vectors for other symbols than it gives.");
    const index batch = plan.batch, rows = times(batch, room), source = times(batch, in.shape.steps());
    summary = plan.saved(times(batch, features)), dsummary = plan.saved_to_learn(times(batch, features));
    more = plan.saved_to_learn(times(source, features));  // gradients of what is read twice
    embedding_units = embedding.integer("units");
    embedding_learns = plan.learns(embedding);
    table_weight = plan.parameter(embedding, "weight", "weight", {symbols, embedding_units}, 1, embedding_units);
    part(embedding, {{room, 1}}, {{room, embedding_units}});
    for (int l = 0; l < n_cells; l++) plan_cell(plan, l, inside[2 * l + 1], inside[2 * l + 2], rows);
    table = plan.saved(times(symbols, gates(0))), dtable = plan.saved_to_learn(times(symbols, gates(0)));
    plan_attention(plan, attention, source, rows);
    plan_output(plan, output, rows);
    if (score != Score::none && !in.wants_gradient) dvalues = plan.saved_to_learn(times(source, features));
    this->learns = true;
    plan_scratch(plan);
  }

  void plan_cell(Plan<T>& plan, int l, const LayerSpec& start, const LayerSpec& cell, index rows) {
    DecoderCellParts<T>& c = cells[l];
    const int units = cell.integer("units"), below = l > 0 ? cells[l - 1].shape.units : embedding_units;
    c.shape = {.cell = cell.kind == "lstm"        ? Cell::lstm
                       : cell.flag("reset_after") ? Cell::gru_reset_after
                                                  : Cell::gru,
               .units = units};
    c.learns = plan.learns(cell), c.start_learns = plan.learns(start);
    const char* ends[] = {"", "_cell"};
    for (int k = 0; k < states(l); k++) {
      c.start[k] = plan.parameter(start, std::string("weight") + ends[k], "weight", {features, units}, features, units);
      c.start_bias[k] = plan.parameter(start, std::string("bias") + ends[k], "bias", {units}, features, units);
      c.first[k] = plan.saved(times(plan.batch, units)), c.dfirst[k] = plan.saved_to_learn(times(plan.batch, units));
    }
    const int columns = this->as_int(times(units, c.shape.cell == Cell::lstm ? 4 : 3), "the number of gates");
    const int from = both(below, l == 0 && score == Score::additive ? features : 0);
    c.w_ih = plan.parameter(cell, "weight_ih", "weight", {from, columns}, from, units);
    c.w_hh = plan.parameter(cell, "weight_hh", "weight", {units, columns}, units, units);
    std::vector<int> bias{columns};
    if (c.shape.cell == Cell::gru_reset_after) bias = {2, columns};
    c.b = plan.parameter(cell, "bias", "bias", bias, units, units);
    c.h = plan.saved(times(rows, units)), c.gates = plan.saved(times(rows, columns));
    c.extra = plan.saved(times(rows, units)), c.dh = plan.saved_to_learn(times(rows, units));
    if (recurrent_dropout > 0) {
      c.mask_number = plan.random_layers++;
      c.mask = plan.saved_to_learn(times(plan.batch, units)), c.masked = plan.saved_to_learn(times(rows, units));
    }
    if (dropout > 0) {
      c.drop_number = plan.random_layers++;
      c.drop = plan.saved_to_learn(times(plan.batch, units)), c.dropped = plan.saved(times(rows, units));
    }
    part(start, {{features}}, {{units * states(l)}});
    part(cell, {{room, from}}, {{room, units}});
  }

  void plan_attention(Plan<T>& plan, const LayerSpec& attention, index source, index rows) {
    attention_learns = plan.learns(attention);
    if (score == Score::none) return;
    const int top = cells[n_cells - 1].shape.units;
    size = score == Score::additive ? attention.integer("units") : top;
    check(own_keys || features == size, this->who() + ": attention 'dot' multiplies the encoder's states of " +
                                            std::to_string(features) + " features with the decoder's of " +
                                            std::to_string(size) + " units. Use 'general', or as many units.");
    if (score == Score::additive) {
      w_query = plan.parameter(attention, "weight_query", "weight", {top, size}, top, size);
      w_key = plan.parameter(attention, "weight_key", "weight", {features, size}, features, size);
      b_key = plan.parameter(attention, "bias", "bias", {size}, features, size);
      w_score = plan.parameter(attention, "weight_score", "weight", {size}, size, 1);
      query = plan.saved(times(rows, size));
    } else {
      if (own_keys) w_key = plan.parameter(attention, "weight_key", "weight", {features, size}, features, size);
      const int from = both(top, features);
      w_combine = plan.parameter(attention, "weight_combine", "weight", {from, top}, from, top);
      combined = plan.saved(times(rows, top)), dcombined = plan.saved_to_learn(times(rows, top));
    }
    if (own_keys) keys = plan.saved(times(source, size)), dkeys = plan.saved_to_learn(times(source, size));
    weights = plan.saved(times(rows, in.shape.steps())), found = plan.saved(times(rows, features));
    dquery = plan.saved_to_learn(times(rows, size)), dfound = plan.saved_to_learn(times(rows, features));
    dscore = plan.saved_to_learn(times(plan.batch, size));
    part(attention, in.shape, {{room, features}});
  }

  void plan_output(Plan<T>& plan, const LayerSpec& output, index rows) {
    const int top = cells[n_cells - 1].shape.units, from = both(top, score == Score::additive ? features : 0);
    output_learns = plan.learns(output);
    w_out = plan.parameter(output, "weight", "weight", {from, outputs}, from, outputs);
    b_out = plan.parameter(output, "bias", "bias", {outputs}, from, outputs);
    inputs = plan.saved(rows);
    if (teacher_forcing < 1) teacher_number = plan.random_layers++, teacher = plan.saved_to_learn(rows);
    out = plan.tensor({{room, outputs}}, true);
    part(output, {{room, from}}, out.shape);
  }

  void plan_scratch(Plan<T>& plan) {
    std::vector<std::int32_t> lengths(plan.batch, room);
    DecoderShape s = shape_of(plan.batch, room, lengths.data(), in.shape.steps(), nullptr);
    const auto& k = plan.kernels;
    index all = k.attention.decoder_scratch(s, plan.threads);
    for (int l = 0; l < n_cells; l++) {
      cells[l].scratch = all;
      all += k.sequence.recurrent_scratch({.cell = s.cells[l].cell,
                                           .n = plan.batch,
                                           .steps = room,
                                           .features = features,
                                           .units = s.cells[l].units,
                                           .lengths = lengths.data()},
                                          plan.threads);
    }
    all = std::max<index>(
        all, k.dense.dense_scratch(plan.batch * std::max(room, in.shape.steps()), features, outputs, plan.threads));
    plan.scratch(all);
  }

  // --- forward
  void prepare(const Frame<T>& f) const override {
    const auto& dense = f.kernels.dense;
    const SequenceShape s = f.sequence(in.shape);
    f.kernels.attention.ends_forward(f.team, s, first_of_end(), f.value(in), f.saved(summary));
    for (int l = 0; l < n_cells; l++)
      for (int k = 0; k < states(l); k++) {
        const DecoderCellParts<T>& c = cells[l];
        T* first = f.saved(c.first[k]);
        dense.dense_forward(f.team, f.n, features, c.shape.units, f.saved(summary), f.param(c.start[k]),
                            f.param(c.start_bias[k]), false, first, f.scratch);
        f.kernels.pointwise.activation_forward(f.team, ActivationKind::tanh, T(1), index(f.n) * c.shape.units, first,
                                               first);
      }
    if (own_keys)
      dense.dense_forward(f.team, f.rows(in.shape), features, size, f.value(in), f.param(w_key), f.param(b_key), false,
                          f.saved(keys), f.scratch);
    dense.dense_forward(f.team, symbols, embedding_units, gates(0), f.param(table_weight), f.param(cells[0].w_ih),
                        f.param(cells[0].b), false, f.saved(table), f.scratch);
  }

  void forward(const Frame<T>& f) const override {
    prepare(f);
    if (f.training) draw(f);
    f.kernels.attention.decoder_forward(f.team, shape(f), arrays(f));
  }

  // What is drawn for a batch: which states are dropped, and which rows see the answer.
  void draw(const Frame<T>& f) const {
    const auto noise = [&](std::uint32_t number, int rows, int columns, double rate, Buffer to) {
      const RandomKey key{.seed = f.seed, .layer = number, .epoch = f.epoch, .sample = f.sample, .n = f.n};
      f.kernels.pointwise.dropout_forward(f.team, {rows, columns, 1, false}, key, T(rate), nullptr, f.saved(to));
    };
    for (int l = 0; l < n_cells; l++) {
      const DecoderCellParts<T>& c = cells[l];
      if (c.mask >= 0) noise(c.mask_number, f.n, c.shape.units, recurrent_dropout * f.regularisation, c.mask);
      if (c.drop >= 0) noise(c.drop_number, f.n, c.shape.units, dropout * f.regularisation, c.drop);
    }
    if (teacher >= 0) noise(teacher_number, f.n, f.answer_steps, 1 - teacher_forcing, teacher);
  }

  // --- backward
  void backward(const Frame<T>& f) const override {
    const auto& dense = f.kernels.dense;
    T *dx = f.gradient(in), *dvalue = dx || score == Score::none ? dx : f.saved(dvalues);
    const index source = f.elements(in.shape);
    f.kernels.attention.decoder_backward(f.team, shape(f), arrays(f), gradients(f, dvalue));
    if (score == Score::none && dx) f.kernels.memory.fill(f.team, source, T(0), dx);
    const T* d = f.saved(dtable);
    if (cells[0].learns)
      dense.dense_backward_weights(f.team, symbols, embedding_units, gates(0), f.param(table_weight), d,
                                   f.grad(cells[0].w_ih), nullptr, f.scratch);
    if (embedding_learns)
      dense.dense_backward_data(f.team, symbols, embedding_units, gates(0), d, f.param(cells[0].w_ih),
                                f.grad(table_weight), f.scratch);
    if (own_keys) {
      const int rows = f.rows(in.shape);
      if (attention_learns)
        dense.dense_backward_weights(f.team, rows, features, size, f.value(in), f.saved(dkeys), f.grad(w_key),
                                     f.grad(b_key), f.scratch);
      if (dx) {
        dense.dense_backward_data(f.team, rows, features, size, f.saved(dkeys), f.param(w_key), f.saved(more),
                                  f.scratch);
        f.kernels.pointwise.add(f.team, source, dx, f.saved(more), dx);
      }
    }
    start_backward(f, dx);
  }

  void start_backward(const Frame<T>& f, T* dx) const {
    const auto& dense = f.kernels.dense;
    f.kernels.memory.fill(f.team, index(f.n) * features, T(0), f.saved(dsummary));
    for (int l = 0; l < n_cells; l++)
      for (int k = 0; k < states(l); k++) {
        const DecoderCellParts<T>& c = cells[l];
        T* dz = f.saved(c.dfirst[k]);
        f.kernels.pointwise.activation_backward(f.team, ActivationKind::tanh, T(1), index(f.n) * c.shape.units, nullptr,
                                                f.saved(c.first[k]), dz, dz);
        if (c.start_learns)
          dense.dense_backward_weights(f.team, f.n, features, c.shape.units, f.saved(summary), dz, f.grad(c.start[k]),
                                       f.grad(c.start_bias[k]), f.scratch);
        dense.dense_backward_data(f.team, f.n, features, c.shape.units, dz, f.param(c.start[k]), f.saved(more),
                                  f.scratch);
        f.kernels.pointwise.add(f.team, index(f.n) * features, f.saved(dsummary), f.saved(more), f.saved(dsummary));
      }
    if (dx) f.kernels.attention.ends_backward(f.team, f.sequence(in.shape), first_of_end(), f.saved(dsummary), dx);
  }

  // --- what kernels take
  DecoderShape shape(const Frame<T>& f) const override {
    const SequenceShape source = f.sequence(in.shape);
    return shape_of(f.n, f.answer_steps, f.answer_lengths, source.steps, source.lengths);
  }

  DecoderArrays<T> arrays(const Frame<T>& f) const override {
    const auto saved = [&](Buffer b) { return b < 0 ? nullptr : f.saved(b); };
    DecoderArrays<T> a{};
    for (int l = 0; l < n_cells; l++) {
      const DecoderCellParts<T>& c = cells[l];
      DecoderCell<T>& to = a.cells[l];
      to.w_ih = f.param(c.w_ih) + (l == 0 ? index(embedding_units) * gates(0) : 0);
      to.w_hh = f.param(c.w_hh), to.b = f.param(c.b);
      if (c.shape.cell == Cell::gru_reset_after) to.b_hh = to.b + gates(l);
      to.h0 = f.saved(c.first[0]), to.c0 = states(l) > 1 ? f.saved(c.first[1]) : nullptr;
      if (f.training) to.mask = saved(c.mask), to.masked = saved(c.masked), to.drop = saved(c.drop);
      to.h = f.saved(c.h), to.gates = f.saved(c.gates), to.extra = f.saved(c.extra), to.dropped = saved(c.dropped);
      to.scratch = f.scratch + c.scratch;
    }
    a.table = f.saved(table), a.answers = f.answers, a.teacher = f.training ? saved(teacher) : nullptr;
    a.inputs = reinterpret_cast<std::int32_t*>(f.saved(inputs));
    a.values = f.value(in), a.keys = own_keys ? f.saved(keys) : a.values;
    a.w_query = f.param(w_query), a.w_score = f.param(w_score), a.w_combine = f.param(w_combine);
    a.w_out = f.param(w_out), a.b_out = f.param(b_out);
    a.query = saved(query), a.weights = saved(weights), a.found = saved(found), a.combined = saved(combined);
    a.y = f.value(out), a.scratch = f.scratch;
    return a;
  }

  const Decoding<T>* decoding() const override { return this; }
  const std::vector<LayerPtr<T>>* children() const override { return &parts; }

 private:
  static Score score_of(const LayerSpec& attention) {
    const std::string& text = attention.text("score");
    return text == "additive" ? Score::additive : text == "none" ? Score::none : Score::dot;
  }
  int states(int l) const { return cells[l].shape.cell == Cell::lstm ? 2 : 1; }
  int gates(int l) const { return cells[l].shape.units * (cells[l].shape.cell == Cell::lstm ? 4 : 3); }
  int both(int a, int b) const { return this->as_int(index(a) + b, "the number of a step's inputs"); }
  int first_of_end() const { return bidirectional ? features / 2 : features; }

  void part(const LayerSpec& inner, Shape from, Shape to) {
    parts.push_back(std::make_unique<Part<T>>(inner));
    parts.back()->in.shape = std::move(from), parts.back()->out.shape = std::move(to);
  }

  DecoderShape shape_of(int n, int steps, const std::int32_t* lengths, int source_steps,
                        const std::int32_t* source_lengths) const {
    DecoderShape s{.n = n,
                   .steps = steps,
                   .lengths = lengths,
                   .source_steps = source_steps,
                   .source_lengths = source_lengths,
                   .n_cells = n_cells,
                   .cells = {},
                   .score = score,
                   .size = size,
                   .features = features,
                   .symbols = symbols,
                   .start = symbols - 1,
                   .outputs = outputs};
    for (int l = 0; l < n_cells; l++) s.cells[l] = cells[l].shape;
    return s;
  }

  DecoderGradients<T> gradients(const Frame<T>& f, T* dvalue) const {
    const auto saved = [&](Buffer b) { return b < 0 ? nullptr : f.saved(b); };
    DecoderGradients<T> d{};
    for (int l = 0; l < n_cells; l++) {
      const DecoderCellParts<T>& c = cells[l];
      DecoderCellGradients<T>& to = d.cells[l];
      if (c.learns) {
        to.dw_ih = f.grad(c.w_ih) + (l == 0 ? index(embedding_units) * gates(0) : 0);
        to.dw_hh = f.grad(c.w_hh), to.db = f.grad(c.b);
        if (c.shape.cell == Cell::gru_reset_after) to.db_hh = to.db + gates(l);
      }
      to.dh0 = f.saved(c.dfirst[0]), to.dc0 = states(l) > 1 ? f.saved(c.dfirst[1]) : nullptr;
      to.dh = f.saved(c.dh);
    }
    d.dy = f.gradient(out), d.dtable = f.saved(dtable);
    d.dvalues = dvalue, d.dkeys = own_keys ? f.saved(dkeys) : dvalue;
    if (attention_learns) {
      d.dw_query = f.grad(w_query), d.dw_score = f.grad(w_score), d.dw_combine = f.grad(w_combine);
    }
    if (output_learns) d.dw_out = f.grad(w_out), d.db_out = f.grad(b_out);
    d.dquery = saved(dquery), d.dfound = saved(dfound), d.dcombined = saved(dcombined);
    d.dw_score_of_each = saved(dscore);
    return d;
  }
};

}  // namespace

FASTDL_LAYER(Decoder)

}  // namespace fastdl
