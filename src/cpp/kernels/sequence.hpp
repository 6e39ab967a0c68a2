// Sequences (steps, n, features), and the recurrent layers.
#pragma once

#include <cstddef>
#include "core/samples.hpp"
#include "kernels/shapes.hpp"

namespace fastdl {

enum class Cell { rnn_tanh, rnn_relu, lstm, gru, gru_reset_after };

// Gates stand side by side: LSTM i f g o, GRU r z n.
struct RecurrentShape {
  Cell cell;
  int n, steps, features, units;
  const std::int32_t* lengths;  // (n,), at most steps
  bool passing = false;         // nobody goes back: the gates need not outlast their step, and lie in the scratch
};

template <class T>
struct RecurrentArrays {
  const T* x;                       // (steps, n, features)
  const T *w_ih, *w_hh, *b, *b_hh;  // (features, gates*units), (units, gates*units), (gates*units,); b_hh or null
  const T* peepholes;               // LSTM: (3, units) for i, f, o, or null
  const T *h0, *c0;                 // (n, units), or null for zeros
  const T* mask;                    // (n, units), factors of the state on its way to w_hh at every step, or null
  T* masked;                        // (steps, n, units): those states, kept; null without mask
  T* h;                             // (steps, n, units)
  T* gates;                         // (steps, n, gates*units), kept for backward; null for an RNN, or where they pass
  T* extra;                         // (steps, n, units), kept: an LSTM's c, a GRU's r*h or h w_n + b_n; null for an RNN
  const T* kept;                    // the weights as recurrent_keep has put them, or null; forward only
  T* scratch;
};

template <class T>
struct RecurrentGradients {
  const T *dh, *dc;                            // (steps, n, units); dc or null
  T* dx;                                       // or null
  T *dw_ih, *dw_hh, *db, *db_hh, *dpeepholes;  // dw_ih null: none of them
  T *dh0, *dc0;                                // or null
};

enum class StepPool { last, carry, avg, max };

template <class T>
struct SequenceKernels {
  // Steps at or past a sample's length get zero on every way. Rows: the user's (n, room, features), room >= steps.
  void (*gather_sequence)(const Team&, const Samples&, const std::int64_t* order, const SequenceShape&, T* y);
  void (*sequence_to_rows)(const Team&, const SequenceShape&, const T* x, T* y);
  void (*rows_to_sequence)(const Team&, const SequenceShape&, const T* y, T* x);
  void (*reverse_steps)(const Team&, const SequenceShape&, const T* x, T* y);  // each sequence, from its last step
  // y (n, features), of empty sequences zeros; carry is last, and leaves the rows of empty sequences alone; where
  // (n, features): the step of each maximum, an integer in the bits of a T
  void (*step_pool_forward)(const Team&, StepPool, const SequenceShape&, const T* x, T* y, T* where);
  void (*step_pool_backward)(const Team&, StepPool, const SequenceShape&, const T* dy, const T* where, T* dx);
  void (*embedding_forward)(const Team&, int rows, int symbols, int units, const T* ids, const T* table, T* y);
  void (*embedding_backward)(const Team&, int rows, int symbols, int units, const T* ids, const T* dy, T* dtable);
  std::size_t (*recurrent_scratch)(const RecurrentShape&, int threads);
  void (*recurrent_forward)(const Team&, const RecurrentShape&, const RecurrentArrays<T>&);
  // As in DenseKernels, of both weights.
  std::size_t (*recurrent_kept)(Cell, int features, int units);
  void (*recurrent_keep)(const Team&, Cell, int features, int units, const T* w_ih, const T* w_hh, T* kept);
  void (*recurrent_backward)(const Team&, const RecurrentShape&, const RecurrentArrays<T>&,
                             const RecurrentGradients<T>&);
};

}  // namespace fastdl
