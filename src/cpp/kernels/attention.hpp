// Attention, and the decoder that uses it: recurrent layers that write an answer symbol by symbol, and look at a source
// as they do.
#pragma once

#include <cstddef>

#include "kernels/sequence.hpp"
#include "kernels/shapes.hpp"

namespace fastdl {

// How well a query q fits a key k: w tanh(q + k), or q k. What is learnt about them is in q and k already.
enum class Score { none, additive, dot };

// For each query (queries, n, size) of a sequence: weights (queries, n, steps) over its steps, which add up to one and
// are zero past its length; y (queries, n, features) is the mean of the values with those weights.
struct AttentionShape {
  Score score;
  int n, queries, steps, size, features;
  const std::int32_t* lengths;  // (n,), at most steps
};

template <class T>
struct AttentionArrays {
  const T *q, *k, *v;  // (queries, n, size), (steps, n, size), (steps, n, features)
  const T* w;          // (size,), of the additive score
  T *weights, *y;
};

template <class T>
struct AttentionGradients {
  const T* dy;
  T *dq, *dk, *dv;
  T *dw, *dw_of_each;  // (size,), or null, and its parts (n, size)
  T* dweights;         // (n, steps): to work in
};

constexpr int most_cells = 8;  // recurrent layers of a decoder

struct DecoderCellShape {
  Cell cell;
  int units;
};

// An answer of length L has L rows, of which the last gives the end. Row t is fed with symbol t - 1 of the answer, and
// the first with `start`. Queries of the additive score are the states of the last cell before the step, and what is
// found goes into the first cell and the output; those of the product are the states after it, and the output sees
// tanh of both (Bahdanau, Cho and Bengio 2015; Luong, Pham and Manning 2015).
struct DecoderShape {
  int n, steps;
  const std::int32_t* lengths;  // (n,), of the answers
  int source_steps;
  const std::int32_t* source_lengths;  // (n,)
  int n_cells;
  DecoderCellShape cells[most_cells];
  Score score;
  int size, features;  // of a key and of a value
  int symbols, start;  // rows of the table, and the one that begins an answer
  int outputs;
  int top() const { return cells[n_cells - 1].units; }
};

template <class T>
struct DecoderCell {
  // w_ih (inputs, gates*units): of the first cell only the rows of what was found, else of the cell below. b is in the
  // table of the first cell. mask, masked: as in RecurrentArrays.
  const T *w_ih, *w_hh, *b, *b_hh;
  const T *h0, *c0;  // (n, units)
  const T* mask;
  T *masked, *h, *gates, *extra;
  const T* drop;  // (n, units), factors of the states on their way up, the same at every step, or null
  T* dropped;     // those states, kept
  T* scratch;
};

template <class T>
struct DecoderArrays {
  DecoderCell<T> cells[most_cells];
  const T* table;               // (symbols, gates*units of the first cell)
  const std::int32_t* answers;  // (steps, n)
  const T* teacher;             // (n, steps): 0 where the row is fed with the network's own symbol; null: nowhere
  std::int32_t* inputs;         // (steps, n), kept: what the rows were fed with
  const T *keys, *values;       // (source_steps, n, size), (source_steps, n, features)
  const T *w_query, *w_score;   // additive: (top, size), (size,)
  const T* w_combine;           // of the product: (top + features, top)
  const T *w_out, *b_out;       // (top, outputs), additive (top + features, outputs)
  T *query, *weights, *found;   // (steps, n, size), (steps, n, source_steps), (steps, n, features)
  T* combined;                  // (steps, n, top)
  T* y;                         // (steps, n, outputs), before the softmax
  T* scratch;
};

template <class T>
struct DecoderCellGradients {
  T *dw_ih, *dw_hh, *db, *db_hh;  // dw_hh null: none of them
  T *dh0, *dc0;                   // (n, units)
  T* dh;                          // (steps, n, units), to work in
};

template <class T>
struct DecoderGradients {
  DecoderCellGradients<T> cells[most_cells];
  const T* dy;
  T* dtable;
  T *dkeys, *dvalues;      // added up over the steps; the same array where keys are the values
  T *dw_query, *dw_score;  // null: none of attention's
  T* dw_combine;
  T *dw_out, *db_out;                                 // null: none
  T *dquery, *dfound, *dcombined, *dw_score_of_each;  // to work in: as query, found, combined; (n, size)
};

// A step of a search for rows of their own, each of which has a source in a batch of sources.
template <class T>
struct DecoderRows {
  int n;
  const std::int32_t *symbols, *sources, *before;  // (n,): what was written last, the source, its row in states_before
  const std::int32_t* source_lengths;              // of the batch
  int n_sources;
  const T *keys, *values;  // of the batch
  const T* states_before;  // the cells' h, and an LSTM's c, one after the other: each (rows, units)
  int rows_before;
  T* states;  // likewise, of n rows
  T* y;       // (n, outputs): logarithms of probabilities
};

template <class T>
struct AttentionKernels {
  void (*attention_forward)(const Team&, const AttentionShape&, const AttentionArrays<T>&);
  void (*attention_backward)(const Team&, const AttentionShape&, const AttentionArrays<T>&,
                             const AttentionGradients<T>&);
  // y (n, features): each sequence's last step, of features from `first_of` on its first one.
  void (*ends_forward)(const Team&, const SequenceShape&, int first_of, const T* x, T* y);
  void (*ends_backward)(const Team&, const SequenceShape&, int first_of, const T* dy, T* dx);  // adds to dx
  std::size_t (*decoder_scratch)(const DecoderShape&, int threads);  // without that of the cells
  void (*decoder_forward)(const Team&, const DecoderShape&, const DecoderArrays<T>&);
  void (*decoder_backward)(const Team&, const DecoderShape&, const DecoderArrays<T>&, const DecoderGradients<T>&);
  // Weights made ready for the steps of a search, and a step, by one thread alone: its team is of one, or of a device.
  std::size_t (*decoder_packed)(const DecoderShape&);
  void (*decoder_pack)(const Team&, const DecoderShape&, const DecoderArrays<T>&, T* packed);
  std::size_t (*decoder_step_scratch)(const DecoderShape&, int rows);
  void (*decoder_step)(const Team&, const DecoderShape&, const DecoderArrays<T>&, const T* packed,
                       const DecoderRows<T>&, T* scratch);
};

}  // namespace fastdl
