// A network made ready: shapes, memory, kernels, weights and optimizer state. It owns all that changes in a fit.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/arena.hpp"
#include "core/samples.hpp"
#include "core/threads.hpp"
#include "kernels/kernels.hpp"
#include "layers/layer.hpp"
#include "program/optimizer.hpp"

namespace fastdl {

struct Settings {
  std::string backend;
  int batch = 64;
  int threads = 1;
  std::uint64_t seed = 0;
  bool input_gradient = false;
};

struct Loss {
  LossKind kind = LossKind::squared_error;
  bool takes_codes = false;
  double param = 0;
  double cap = 0;
};
LossKind loss_kind(const std::string& name);
bool loss_takes_codes(LossKind kind);

// What a pass reads: samples order[0..count) of the user's arrays (order null: 0, 1, 2 ...). A network that gives
// sequences has codes (n, steps), targets (n, steps, outputs).
template <class T>
struct Data {
  Samples x{};
  const std::int32_t* codes = nullptr;  // (n,)
  const T* targets = nullptr;           // (n, outputs); null too where the target is the input itself
  const T* weights = nullptr;           // (n,)
  const std::int64_t* order = nullptr;
  index count = 0;
  const std::int32_t* lengths = nullptr;  // (n,), steps of each sequence; null: all
  bool stateful = false;                  // start from the states that the batch before left
};

enum class Status { done, diverged, interrupted };

struct EpochResult {
  double loss, penalty;
  int n_batches;
  Status status;
};

struct LayerRow {
  std::string name, title;
  int depth;
  Shape in, out;
  index n_parameters;
};

template <class T>
class Program {
 public:
  using value_type = T;
  using Poll = std::function<bool()>;

  Program(const std::vector<LayerSpec>& layers, const Shape& input, const Settings& settings);

  const Backend& backend() const { return backend_; }
  const Settings& settings() const { return settings_; }
  int threads() const { return threads_; }
  int team_size(int n) const;                            // threads that a batch of n samples is worth
  int last_count() const { return last_n_; }             // samples of the last forward()
  int symbols() const { return layers_[0]->symbols(); }  // the input holds codes below this; 0: numbers
  void set_threads(int threads) { threads_ = std::min(threads, settings_.threads); }
  const Shape& input() const { return input_.shape; }
  const Shape& output(int layer = -1) const { return at(layer).out.shape; }
  int n_layers() const { return int(layers_.size()); }  // at the top level
  std::vector<LayerRow> rows() const;

  const std::string& reversed() const { return reversed_; }  // a layer that reads from the end, or ""
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const std::vector<State>& states() const { return states_; }
  const Block<T>& weights() const { return params_; }
  const Block<T>& gradients() const { return grads_; }
  const Block<T>& state_block() const { return state_; }

  void set_loss(const Loss& loss) { loss_ = loss; }
  const Loss& loss() const { return loss_; }
  void set_rule(const Rule& rule, const std::vector<double>& multipliers);
  Optimizer<T>& optimizer() { return optimizer_; }
  const Optimizer<T>& optimizer() const { return optimizer_; }

  EpochResult train_epoch(const Data<T>& data, const double* rates, bool one_rate, int batch, std::uint32_t epoch,
                          const Poll& poll);
  // Mean loss over all samples and (unless evaluation) its gradients, penalties included; no update.
  void loss_and_grads(const Data<T>& data, bool evaluation, double& loss, double& penalty);

  // Outputs of a top-level layer in inference mode, (count, ...) in the user's order, after the link.
  void predict(const Data<T>& data, ActivationKind link, int layer, T* y);
  // One batch of at most settings.batch samples.
  void forward(const Data<T>& data, bool training, std::uint32_t epoch, T* y);
  void backward(const T* dy, T* dx);

  std::vector<std::pair<const char*, index>> memory() const;  // bytes of each block
  void reset_states();                                        // of recurrent layers, to zero
  void poison();                                              // NaN into what no pass may rely on

 private:
  struct Batch {  // one batch as every thread sees it
    const Data<T>* data;
    index begin;
    int n;
    bool training;
    std::uint32_t epoch;
    bool stateful;
    bool lone = false;
  };
  const Layer<T>& at(int layer) const { return *layers_[layer < 0 ? layers_.size() + layer : layer]; }
  Frame<T> frame(const Team& team, const Batch& batch);
  void gather(Frame<T>& f, const Batch& batch);
  void set_steps(Frame<T>& f) const;
  void gather_targets(const Frame<T>& f, const Batch& batch);
  void gather_step_targets(const Frame<T>& f, const Data<T>& data);
  index steps_of(const Batch& batch) const;
  void run_forward(const Frame<T>& f, int last = -1);
  void run_backward(const Frame<T>& f);
  std::pair<double, double> train_batch(Frame<T> f, const Batch& batch, double rate);
  double run_loss(const Frame<T>& f, const T* targets, bool gradient);  // the sum of the weighted losses
  const T* targets_of(const Frame<T>& f, const Data<T>& data);
  double sum_of_weights(const Frame<T>& f) const;
  double penalties(const Frame<T>& f) const;  // of the layers; every thread gets their sum
  void add_penalty_gradient(double norm);
  void read(const Frame<T>& f, const Shape& s, const T* x, T* y);

  const Backend& backend_;
  const Kernels<T>& kernels_;
  Settings settings_;
  int threads_;
  std::vector<LayerPtr<T>> layers_;
  std::vector<const Layer<T>*> penalising_;
  bool lone_ = false;  // there are images, and all layers take those of a lone sample
  Tensor input_;
  std::string reversed_;
  std::vector<index> value_starts_, gradient_starts_;
  double work_ = 0;  // operations for one sample, forward
  std::vector<Parameter> parameters_;
  std::vector<State> states_;
  Loss loss_;
  Optimizer<T> optimizer_;

  Block<T> params_, grads_, state_, values_, gradients_, saved_, carried_, scratch_;
  Block<T> totals_;  // gradients summed over batches (loss_and_grads)
  Block<std::int32_t> batch_codes_, batch_lengths_;
  Block<T> batch_targets_, batch_weights_;
  Block<std::int64_t> batch_order_;
  Block<double> batch_losses_;
  Pace pace_;        // of steps
  Trial few_trial_;  // of predictions of a few samples
  int last_n_ = 0;   // samples of the last forward, for backward
  std::uint32_t last_epoch_ = 0;
  bool last_training_ = false, last_stateful_ = false;
};

}  // namespace fastdl
