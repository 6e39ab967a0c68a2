// The whole device interface: one table of function pointers per device and element type.
//
// Two layouts. Rows (n, features), row-major. Images, samples innermost: (blocks, c, h, w, lanes) with
// lanes = Kernels::lanes samples side by side and blocks = ceil(n / lanes); the lanes past n hold finite values and
// their gradients are zero (each backward keeps it so). Sequences are rows, step after step: (steps, n, features), with
// as many steps as the longest of the batch; the rows of ended sequences hold finite values and zero gradients.
//
// Every thread of the team calls every kernel with the same arguments. A kernel computes this thread's share, in an
// order of additions that does not depend on the team, and ends with team.sync(). Kernels do not check, allocate or
// throw. Gradients overwrite. A null pointer means "not there" (bias) or "not wanted" (dx).
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/team.hpp"

namespace fastdl {

struct Conv2DShape {
  int n;          // samples
  int h, w, c;    // input
  int oh, ow, f;  // output
  int kh, kw;     // kernel
  int sh, sw;     // stride
  int dh, dw;     // dilation
  int top, left;  // zero padding before the first row and column (the rest follows from the sizes)
  int groups;
};

struct Pool2DShape {
  int n;
  int h, w, c;
  int oh, ow;
  int kh, kw;
  int sh, sw;
  int top, left;
  bool count_include_pad;  // average only: divide by kh*kw everywhere
  bool lone;               // one sample, whose images are rows (h*w, c); forward only
};

enum class Interpolation { nearest, bilinear };

struct Upsample2DShape {
  int n;
  int h, w, c;  // input
  int fh, fw;   // factors
  Interpolation kind;
};

// Rows: channels = features and pixels = 1. Images: pixels = h*w.
struct NormShape {
  int n;
  int channels;
  int pixels;
  bool image;
};

enum class Source { u8, i32, f32, f64 };  // element type of the user's array

// The user's samples, C-contiguous (n, features) or (n, h, w, c), or CSR rows (indptr not null).
struct Samples {
  const void* data;
  Source type;
  std::int64_t features;  // elements of one sample
  const std::int64_t* indptr;
  const std::int32_t* indices;
};

struct SequenceShape {
  int n, steps, features;
  int room;                     // steps of the user's array
  const std::int32_t* lengths;  // (n,), at most steps
};

enum class Cell { rnn_tanh, rnn_relu, lstm, gru, gru_reset_after };

// Gates stand side by side: LSTM i f g o, GRU r z n.
struct RecurrentShape {
  Cell cell;
  int n, steps, features, units;
  const std::int32_t* lengths;  // (n,), at most steps
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
  T* gates;                         // (steps, n, gates*units), kept for backward; null for an RNN
  T* extra;                         // (steps, n, units), kept: an LSTM's c, a GRU's r*h or h w_n + b_n; null for an RNN
  T* scratch;
};
template <class T>
struct RecurrentGradients {
  const T *dh, *dc;                            // (steps, n, units); dc or null
  T* dx;                                       // or null
  T *dw_ih, *dw_hh, *db, *db_hh, *dpeepholes;  // dw_ih null: none of them
  T *dh0, *dc0;                                // or null
};

enum class StepPool { last, avg, max };

enum class ActivationKind { identity, sigmoid, tanh, relu, leaky_relu, elu, selu, softplus, gelu, swish, exp, softmax };

enum class NoiseKind { masking, gaussian, salt_and_pepper };

enum class LossKind {
  softmax_cross_entropy,
  binary_cross_entropy,
  squared_error,
  absolute_error,
  huber,
  hinge,
  poisson
};

template <class T>
struct LossArgs {
  LossKind kind;
  T param;  // huber: delta; hinge: margin
  T cap;    // largest value reported for one output (infinity: none); the gradient is not capped
  int n, outputs;
  const T* pred;              // (n, outputs), before the link
  const T* target;            // (n, outputs), or null where the loss takes codes
  const std::int32_t* codes;  // (n,), or null
  const T* weight;            // (n,), or null for all ones
  T norm;                     // the gradient is divided by it (the sum of the weights)
  double* value;              // (n,), weight times loss of each sample, not divided
  T* dpred;                   // (n, outputs), or null
};

enum class UpdateKind { sgd, momentum, nesterov, adagrad, adadelta, rmsprop, adam, adamw, nadam };

// One run of parameters that share their settings. Order: g <- scale*g, clip by value, + l2*w + l1*sign(w); the rule;
// then the decoupled decay w <- w - rate*decay*w (of the old w).
template <class T>
struct UpdateArgs {
  UpdateKind kind;
  T rate;               // learning rate of this step, multipliers applied
  double momentum;      // momentum, nesterov; rho of adadelta and rmsprop
  double beta1, beta2;  // double, for 1 - beta would lose digits in float
  T eps;
  T correction1, correction2;  // 1 - beta1^t, 1 - beta2^t
  T nadam_now, nadam_next;     // nadam's coefficients of g and of m
  T scale, clip;               // clip by value: infinity for none
  T l1, l2, decay;
  std::int64_t count;
  T *w, *g, *m, *v;  // m, v: the optimizer's first and second state block, null where the rule has none
};

// Skip-gram with negative sampling over some sentences, tokens[starts[i] .. starts[i+1]).
template <class T>
struct SkipGram {
  const std::int32_t* tokens;
  const std::int64_t* starts;  // (sentences + 1,)
  std::int64_t sentences;
  const std::int32_t* noise;  // (noise_size,): each word as often as it is drawn for a wrong one
  std::int64_t noise_size;
  int window, negative;  // words on either side at most; wrong words for each right one, at most 63
  int size;
  T *vectors, *contexts;  // (words, size)
  double rate, fall;      // learning rate of the first token, and by how much it falls at each
  std::uint64_t seed;
  std::uint32_t epoch;
  std::int64_t first;  // where tokens[0] stands in the epoch: draws depend on it
  double loss;         // out: summed over pairs
  std::int64_t pairs;  // out
};

struct RandomKey {
  std::uint64_t seed;
  std::uint32_t layer, epoch;
  const std::int64_t* sample;  // (n,), the index of each sample in the user's array
  int n;                       // a sequence's steps, rows that many apart, share their draws
};

template <class T>
struct Kernels {
  int lanes;

  // --- in and out ---------------------------------------------------------------------------------------------
  // Samples order[0..n) into rows (n, features) or images (blocks, c, h, w, lanes); lanes past n get zero.
  void (*gather_rows)(const Team&, const Samples&, const std::int64_t* order, int n, T* y);
  void (*gather_image)(const Team&, const Samples&, const std::int64_t* order, int n, int pixels, int c, T* y);
  // Images to the user's (n, h, w, c) and back; also Flatten, whose rows are the user's order.
  void (*image_to_rows)(const Team&, int n, int pixels, int c, const T* x, T* y);
  void (*rows_to_image)(const Team&, int n, int pixels, int c, const T* y, T* x);

  // --- dense: y (n, out) = x (n, in) w (in, out) + b (out,) ----------------------------------------------------
  std::size_t (*dense_scratch)(int n, int in, int out, int threads);  // elements of T for any of the three
  void (*dense_forward)(const Team&, int n, int in, int out, const T* x, const T* w, const T* b, T* y, T* scratch);
  void (*dense_backward_data)(const Team&, int n, int in, int out, const T* dy, const T* w, T* dx, T* scratch);
  void (*dense_backward_weights)(const Team&, int n, int in, int out, const T* x, const T* dy, T* dw, T* db,
                                 T* scratch);
  // The same with the weights of another layer, w (out, in); dx by dense_forward, whose w is this one turned round.
  void (*tied_dense_forward)(const Team&, int n, int in, int out, const T* x, const T* w, const T* b, T* y, T* scratch);
  void (*tied_dense_backward_weights)(const Team&, int n, int in, int out, const T* x, const T* dy, T* dw, T* db,
                                      T* scratch);

  // --- conv2d: x images, w (kh, kw, c/groups, f), b (f,), y images ---------------------------------------------
  std::size_t (*conv2d_scratch)(const Conv2DShape&, int threads);
  void (*conv2d_forward)(const Team&, const Conv2DShape&, const T* x, const T* w, const T* b, T* y, T* scratch);
  // b (c,) or null is added to dx: a transposed convolution's forward is this, its backward the other two.
  void (*conv2d_backward_data)(const Team&, const Conv2DShape&, const T* dy, const T* w, const T* b, T* dx, T* scratch);
  void (*conv2d_backward_weights)(const Team&, const Conv2DShape&, const T* x, const T* dy, T* dw, T* db, T* scratch);

  // The same forward of one sample, n = 1, whose images are rows (h*w, c).
  std::size_t (*conv2d_lone_scratch)(const Conv2DShape&, int threads);
  void (*conv2d_lone_forward)(const Team&, const Conv2DShape&, const T* x, const T* w, const T* b, T* y, T* scratch);

  // --- pool2d: images; where: the taken position h*w_in + w of each output, as a T (exact: below 2^24) -----------
  void (*max_pool2d_forward)(const Team&, const Pool2DShape&, const T* x, T* y, T* where);
  void (*max_pool2d_backward)(const Team&, const Pool2DShape&, const T* dy, const T* where, T* dx);
  void (*avg_pool2d_forward)(const Team&, const Pool2DShape&, const T* x, T* y);
  void (*avg_pool2d_backward)(const Team&, const Pool2DShape&, const T* dy, T* dx);
  void (*upsample2d_forward)(const Team&, const Upsample2DShape&, const T* x, T* y);
  void (*upsample2d_backward)(const Team&, const Upsample2DShape&, const T* dy, T* dx);
  // Images to rows (n, c).
  void (*global_avg_pool_forward)(const Team&, int n, int pixels, int c, const T* x, T* y);
  void (*global_avg_pool_backward)(const Team&, int n, int pixels, int c, const T* dy, T* dx);
  void (*global_max_pool_forward)(const Team&, int n, int pixels, int c, const T* x, T* y, T* where);
  void (*global_max_pool_backward)(const Team&, int n, int pixels, int c, const T* dy, const T* where, T* dx);

  // --- pointwise: any layout, count elements; x may be y and dy may be dx ---------------------------------------
  void (*activation_forward)(const Team&, ActivationKind, T alpha, std::int64_t count, const T* x, T* y);
  void (*activation_backward)(const Team&, ActivationKind, T alpha, std::int64_t count, const T* x, const T* y,
                              const T* dy, T* dx);                           // x only for gelu and swish
  void (*softmax_forward)(const Team&, const NormShape&, const T* x, T* y);  // over channels
  void (*softmax_backward)(const Team&, const NormShape&, const T* y, const T* dy, T* dx);
  void (*prelu_forward)(const Team&, const NormShape&, const T* x, const T* alpha, T* y);  // alpha (channels,)
  void (*prelu_backward)(const Team&, const NormShape&, const T* x, const T* alpha, const T* dy, T* dx, T* dalpha);
  // x null: ones, for rows
  void (*dropout_forward)(const Team&, const NormShape&, const RandomKey&, T rate, const T* x, T* y);
  void (*dropout_backward)(const Team&, const NormShape&, const RandomKey&, T rate, const T* dy, T* dx);
  void (*corrupt_forward)(const Team&, const NormShape&, const RandomKey&, NoiseKind, T rate, const T* x, T* y);
  void (*corrupt_backward)(const Team&, const NormShape&, const RandomKey&, NoiseKind, T rate, const T* dy, T* dx);
  void (*maxout_forward)(const Team&, int n, int units, int pieces, const T* x, T* y);  // x (n, units*pieces)
  void (*maxout_backward)(const Team&, int n, int units, int pieces, const T* x, const T* y, const T* dy, T* dx);
  void (*add)(const Team&, std::int64_t count, const T* a, const T* b, T* y);  // y may be a or b

  // --- penalties of a layer's outputs a (n, units) ----------------------------------------------------------------
  // weight (n,): of the samples; scale: the penalty's strength over the sum that divides the loss; da may be dy.
  // KL(target || mean over the batch): value and slope (units,)
  void (*kl_sparsity_forward)(const Team&, int n, int units, T target, const T* weight, const T* a, T* slope, T* value);
  void (*kl_sparsity_backward)(const Team&, int n, int units, T scale, const T* weight, const T* slope, const T* dy,
                               T* da);
  void (*activity_l1_forward)(const Team&, int n, int units, const T* weight, const T* a, T* value);  // value (n,)
  void (*activity_l1_backward)(const Team&, int n, int units, T scale, const T* weight, const T* a, const T* dy, T* da);
  // Squared norm of the Jacobian of h = activation(x w + b), w (in, units): value (n,), squares (units,) of w's columns
  void (*contractive_forward)(const Team&, int n, int in, int units, ActivationKind, const T* weight, const T* w,
                              const T* h, T* squares, T* value);
  void (*contractive_backward_data)(const Team&, int n, int units, ActivationKind, T scale, const T* weight,
                                    const T* squares, const T* h, const T* dy, T* dh);
  // dw += its part; sums (units,) is room to work in.
  void (*contractive_backward_weights)(const Team&, int n, int in, int units, ActivationKind, T scale, const T* weight,
                                       const T* h, const T* w, T* sums, T* dw);

  // --- norms: gamma, beta, mean, var (channels,) ----------------------------------------------------------------
  // Training: batch statistics; mean and rstd are kept for backward, the running ones move by momentum (variance
  // unbiased). Inference: with the running ones.
  void (*batch_norm_forward)(const Team&, const NormShape&, T momentum, T eps, const T* x, const T* gamma,
                             const T* beta, T* running_mean, T* running_var, T* mean, T* rstd, T* y);
  void (*batch_norm_inference)(const Team&, const NormShape&, T eps, const T* x, const T* gamma, const T* beta,
                               const T* running_mean, const T* running_var, T* y);
  void (*batch_norm_backward)(const Team&, const NormShape&, const T* x, const T* gamma, const T* mean, const T* rstd,
                              const T* dy, T* dx, T* dgamma, T* dbeta);
  // The same with statistics that do not depend on x (inference): dx = dy gamma / sqrt(var + eps).
  void (*batch_norm_inference_backward)(const Team&, const NormShape&, T eps, const T* x, const T* gamma,
                                        const T* running_mean, const T* running_var, const T* dy, T* dx, T* dgamma,
                                        T* dbeta);
  // Over the channels of each sample and pixel; mean and rstd (n, pixels) rows or (blocks, pixels, lanes).
  void (*layer_norm_forward)(const Team&, const NormShape&, T eps, const T* x, const T* gamma, const T* beta, T* mean,
                             T* rstd, T* y);
  void (*layer_norm_backward)(const Team&, const NormShape&, const T* x, const T* gamma, const T* mean, const T* rstd,
                              const T* dy, T* dx, T* dgamma, T* dbeta);

  // --- sequences: (steps, n, features), see above --------------------------------------------------------------------
  // Steps at or past a sample's length get zero on every way. Rows: the user's (n, room, features), room >= steps.
  void (*gather_sequence)(const Team&, const Samples&, const std::int64_t* order, const SequenceShape&, T* y);
  void (*sequence_to_rows)(const Team&, const SequenceShape&, const T* x, T* y);
  void (*rows_to_sequence)(const Team&, const SequenceShape&, const T* y, T* x);
  void (*reverse_steps)(const Team&, const SequenceShape&, const T* x, T* y);  // each sequence, from its last step
  // y (n, features); last leaves the rows of empty sequences alone; where (n, features): the step of each maximum
  void (*step_pool_forward)(const Team&, StepPool, const SequenceShape&, const T* x, T* y, T* where);
  void (*step_pool_backward)(const Team&, StepPool, const SequenceShape&, const T* dy, const T* where, T* dx);
  void (*concat_forward)(const Team&, int rows, int a_features, int b_features, const T* a, const T* b, T* y);
  void (*concat_backward)(const Team&, int rows, int a_features, int b_features, const T* dy, T* da, T* db);
  void (*embedding_forward)(const Team&, int rows, int symbols, int units, const T* ids, const T* table, T* y);
  void (*embedding_backward)(const Team&, int rows, int symbols, int units, const T* ids, const T* dy, T* dtable);
  std::size_t (*recurrent_scratch)(const RecurrentShape&, int threads);
  void (*recurrent_forward)(const Team&, const RecurrentShape&, const RecurrentArrays<T>&);
  void (*recurrent_backward)(const Team&, const RecurrentShape&, const RecurrentArrays<T>&,
                             const RecurrentGradients<T>&);

  // --- losses, updates, reductions ---------------------------------------------------------------------------------
  void (*loss)(const Team&, const LossArgs<T>&);
  void (*update)(const Team&, const UpdateArgs<T>&);
  // Columns w[:, j] of w (rows, cols) with a norm above limit are scaled down to it (max-norm).
  void (*max_norm)(const Team&, std::int64_t rows, std::int64_t cols, T limit, T* w);
  // parts[i] = the sum of squares (or absolute values) of x[i*8192 .. (i+1)*8192): fixed cuts, added by the caller.
  void (*sum_squares)(const Team&, std::int64_t count, const T* x, double* parts);
  void (*sum_absolutes)(const Team&, std::int64_t count, const T* x, double* parts);
  void (*channel_sums)(const Team&, const NormShape&, const T* x, T* sums);  // (channels,), over samples and pixels

  // --- Boltzmann machines: rows; w (visible, hidden) ---------------------------------------------------------------
  // p = sigmoid(x) and h = 1 where a draw is below p: from uniform (n, features), or counter-based where it is null.
  // p may be x, or null; h may be x.
  void (*bernoulli_units)(const Team&, int n, int features, const RandomKey&, const double* uniform, const T* x, T* p,
                          T* h);
  void (*gaussian_units)(const Team&, int n, int features, const RandomKey&, const T* x, T* v);  // v = x + noise
  void (*dense_reconstruct)(const Team&, int n, int in, int out, const T* y, const T* w, const T* b, T* x,
                            T* scratch);  // x (n, in) = y (n, out) w^T + b (in,)
  void (*dense_accumulate)(const Team&, int n, int in, int out, T rate, const T* x, const T* y, T* w,
                           T* scratch);  // w += rate x^T y
  // Terms x + shift of the first rows, the data's, and -ratio x of the model's, which follow; rate times their sum is
  // added to sum (features,). shift (features,) may be null; terms may be x, or null.
  void (*phase_difference)(const Team&, int data, int model, int features, double rate, T ratio, const T* shift,
                           const T* x, T* terms, T* sum);
  void (*blend)(const Team&, std::int64_t count, T a, T b, const T* x, T* y);  // y = a y + b x

  // --- word vectors: by one thread, for gradient descent goes from word to word ------------------------------------
  void (*skip_gram)(SkipGram<T>&);

  // --- im2col on the user's (n, h, w, c), for functional ---------------------------------------------------------
  void (*im2col)(const Team&, const Conv2DShape&, const T* x, T* cols);  // cols (n*oh*ow, kh*kw*c)
  void (*col2im)(const Team&, const Conv2DShape&, const T* cols, T* x);  // adds, gather order
};

constexpr std::int64_t sum_chunk = 8192;

struct Backend {
  const char* name;     // "cpu:avx2"
  bool (*available)();  // on this machine
  const Kernels<float>* f32;
  const Kernels<double>* f64;
};

template <class T>
const Kernels<T>& kernels_of(const Backend& backend);
template <>
inline const Kernels<float>& kernels_of<float>(const Backend& backend) {
  return *backend.f32;
}
template <>
inline const Kernels<double>& kernels_of<double>(const Backend& backend) {
  return *backend.f64;
}

}  // namespace fastdl
