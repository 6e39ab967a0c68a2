// The seam's type: a network made ready, of whatever element type (Program<T>, program.hpp). Values cross as arrays of
// that type. Those above include this file, and so are compiled again when it changes and only then.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/samples.hpp"
#include "core/shape.hpp"
#include "kernels/shapes.hpp"
#include "layers/parameter.hpp"
#include "layers/spec.hpp"
#include "program/poll.hpp"
#include "program/rule.hpp"

namespace fastdl {

struct Settings {
  DType dtype = DType::f32;  // or f64
  std::string backend;
  int batch = 64;
  int threads = 1;
  std::uint64_t seed = 0;
  bool input_gradient = false;
  std::string convolution = "auto";   // or "direct"
  std::string precision = "float32";  // or "tf32", "bf16", on a device
  // Of the backend's device, which others use in turns: then the arrays of values that predict, forward, backward, get
  // and put are given lie on the device. Null: a queue of its own, and the host's arrays.
  std::shared_ptr<void> queue{};
};
// Whether convolutions are never to go by Winograd: asked for here, or for all by FASTDL_CONVOLUTION.
bool direct_convolution(const std::string& asked);

// What a loss of the user's is asked: for raw outputs (rows, outputs), values of the program's dtype. It writes their
// gradient to dpred (null: not wanted) and gives the sum of the weighted losses. norm: the sum of the weights.
struct OwnLossCall {
  index rows, outputs;
  const void* pred;
  const void* target;         // (rows, outputs); null where there are codes
  const std::int32_t* codes;  // (rows,)
  const void* weight;         // (rows,); 0 for rows that do not count
  double norm;
  void* dpred;
};
using OwnLoss = std::function<double(const OwnLossCall&)>;

enum class LossKind : int;  // kernels/loss_kind.hpp
LossKind loss_kind(const std::string& name);

struct Loss {
  LossKind kind = loss_kind("squared_error");
  bool takes_codes = false;
  bool compares = false;     // outputs with each other: there are two or more
  bool takes_boxes = false;  // where the output is an image
  bool pairs = false;        // compares samples with each other: codes say which are alike
  double param = 0;
  double cap = std::numeric_limits<double>::infinity();
  OwnLoss own{};  // instead of the kind
};
bool loss_takes_codes(LossKind kind);
bool loss_compares(LossKind kind);
bool loss_takes_boxes(LossKind kind);
bool loss_pairs(LossKind kind);

// How targets of the pixels of an image move along with it in training; none: they are no such targets.
enum class Sampling { none, nearest, bilinear };

// What a pass reads: samples order[0..count) of the user's arrays (order null: 0, 1, 2 ...). A network that gives
// sequences has codes (n, steps), targets (n, steps, outputs); one that gives images (n, pixels), (n, pixels, outputs).
struct Data {
  Samples x{};
  const std::int32_t* codes = nullptr;  // (n,)
  const void* targets = nullptr;        // (n, outputs); null too where the target is the input itself
  Sampling sampling = Sampling::none;   // of codes or targets
  const void* boxes = nullptr;          // (n, box_room, 5): class, x1, y1, x2, y2 in pixels; a class below 0 ends
  index box_room = 0;
  const void* weights = nullptr;  // (n,), or of steps (n, steps), of pixels (n, pixels)
  bool weights_of_steps = false;
  const std::int64_t* order = nullptr;
  index count = 0;
  const std::int64_t* numbers = nullptr;  // of the samples, for draws, where x has some of the user's; null: theirs
  const std::int32_t* lengths = nullptr;  // (n,), steps of each sequence; null: all
  const std::int32_t* answer_lengths = nullptr;  // (n,), of a decoder: steps of each answer, codes (n, steps)
  bool stateful = false;                         // start from the states that the batch before left
  std::uint64_t version = 0;  // not 0: calls with the same one have the same samples, in arrays that stay as they are
};

// How a decoder looks for answers, and what it finds: n_best for each source, the best first.
struct Search {
  int beam_size;
  double length_penalty;
  int max_length;  // of symbols
  int n_best;      // at most beam_size
};
struct Answers {
  std::int32_t* codes;      // (n, n_best, max_length), -1 past the end
  double* log_likelihoods;  // (n, n_best), minus infinity where there is no answer
};

// A number for each batch of an epoch, or one for all.
struct PerBatch {
  const double* values;
  bool one;
  double at(index batch) const { return values[one ? 0 : batch]; }
};

enum class Status { done, diverged, interrupted };

struct EpochResult {
  double loss, penalty;
  int n_batches;
  Status status;
  std::vector<double> sides{};  // the losses of side heads, in the layers' order, without their weights
};

struct LayerRow {
  std::string name, title;
  int depth;
  Shape in, out;
  index n_parameters;
};

// What lasts from one pass to the next: blocks of values.
enum class Held { weights, gradients, states, moments };

class AnyProgram {
 public:
  virtual ~AnyProgram() = default;

  // --- what it is
  const Settings& settings() const { return settings_; }
  const std::string& backend() const { return backend_name_; }
  int threads() const { return threads_; }
  void set_threads(int threads) { threads_ = std::min(threads, settings_.threads); }
  virtual int team_size(int n) const = 0;  // threads that a batch of n samples is worth
  const Shape& input() const { return shapes_.front(); }
  // Of a layer at the top level; below 0 from the end.
  const Shape& output(int layer = -1) const { return shapes_[layer < 0 ? shapes_.size() + layer : layer + 1]; }
  int n_layers() const { return int(shapes_.size()) - 1; }   // at the top level
  int symbols() const { return symbols_; }                   // the input holds codes below this; 0: numbers
  const std::string& reversed() const { return reversed_; }  // a layer that reads from the end, or ""
  const std::string& windowed() const { return windowed_; }  // a layer that reads several steps at a time, or ""
  index least_steps() const { return least_steps_; }         // that a sequence must have, for least_of()
  const std::string& least_of() const { return least_of_; }
  const std::vector<LayerRow>& rows() const { return rows_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const std::vector<State>& states() const { return states_; }
  virtual std::vector<std::pair<const char*, index>> memory() const = 0;  // bytes of each block

  // --- what it holds; first and count in elements
  virtual index size(Held what) const = 0;
  virtual void get(Held what, index first, index count, void* to) const = 0;
  virtual void put(Held what, index first, index count, const void* from) = 0;
  virtual long optimizer_steps() const = 0;
  virtual void set_optimizer_steps(long steps) = 0;

  // --- training
  const Loss& loss() const { return loss_; }
  void set_loss(const Loss& loss) { loss_ = loss; }
  // Of each parameter: factors of the rate, and of the decoupled decay (empty: of weights, that of the rate).
  virtual void set_rule(const Rule& rule, const std::vector<double>& multipliers,
                        const std::vector<double>& decay_multipliers) = 0;
  // regularisation: factors of the dropout's rates and of the decoupled decay.
  virtual EpochResult train_epoch(const Data& data, const PerBatch& rates, const PerBatch& regularisation, int batch,
                                  std::uint32_t epoch, const Poll& poll) = 0;
  // Mean loss over all samples and (unless evaluation) its gradients, penalties included; no update. The gradients are
  // of the side losses too, which side_losses() then gives.
  virtual void loss_and_grads(const Data& data, bool evaluation, double& loss, double& penalty) = 0;
  const std::vector<double>& side_losses() const { return side_losses_; }

  // --- use
  // Outputs of a top-level layer in inference mode, (count, ...) in the user's order, after the link.
  virtual void predict(const Data& data, ActivationKind link, int layer, void* y) = 0;
  // One batch of at most settings.batch samples.
  virtual void forward(const Data& data, bool training, std::uint32_t epoch, void* y) = 0;
  virtual void backward(const void* dy, void* dx) = 0;
  virtual int last_count() const = 0;  // samples of the last forward()
  virtual void reset_states() = 0;     // of recurrent layers, to zero
  virtual bool decodes() const = 0;    // the last layer is a decoder, whose targets have steps of their own
  virtual void search(const Data& data, const Search& how, const Answers& found) = 0;
  virtual void log_likelihoods(const Data& data, double* of_each) = 0;  // of the answers
  virtual void attention(const Data& data, void* weights) = 0;          // (n, steps of the answer, steps)
  virtual void poison() = 0;                                            // NaN into what no pass may rely on

 protected:
  explicit AnyProgram(const Settings& settings) : settings_(settings), threads_(settings.threads) {}

  Settings settings_;
  std::string backend_name_;
  int threads_;
  std::vector<Shape> shapes_;  // the input, and the output of each layer at the top level
  int symbols_ = 0;
  std::string reversed_, windowed_, least_of_;
  index least_steps_ = 0;
  std::vector<LayerRow> rows_;
  std::vector<Parameter> parameters_;
  std::vector<State> states_;
  Loss loss_;
  std::vector<double> side_losses_;  // of the last batch, or of loss_and_grads
};

std::unique_ptr<AnyProgram> make_program(const std::vector<LayerSpec>& layers, const Shape& input,
                                         const Settings& settings);

}  // namespace fastdl
