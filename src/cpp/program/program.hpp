// A network made ready: shapes, memory, kernels, weights and optimizer state. It owns all that changes in a fit.
//   make.cpp    layers, memory, order; what it says of itself
//   batch.cpp   samples and targets in, outputs out
//   passes.cpp  forward, loss, backward, epoch
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/arena.hpp"
#include "core/threads.hpp"
#include "kernels/kernels.hpp"
#include "layers/layer.hpp"
#include "program/batch.hpp"
#include "program/optimizer.hpp"

namespace fastdl {

struct Settings {
  std::string backend;
  int batch = 64;
  int threads = 1;
  std::uint64_t seed = 0;
  bool input_gradient = false;
  std::string convolution = "auto";  // or "direct"
};
// Whether convolutions are never to go by Winograd: asked for here, or for all by FASTDL_CONVOLUTION.
bool direct_convolution(const std::string& asked);

struct Loss {
  LossKind kind = LossKind::squared_error;
  bool takes_codes = false;
  double param = 0;
  double cap = 0;
};
LossKind loss_kind(const std::string& name);
bool loss_takes_codes(LossKind kind);

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
  int last_count() const { return last_.n; }             // samples of the last forward()
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
  const Layer<T>& at(int layer) const { return *layers_[layer < 0 ? layers_.size() + layer : layer]; }
  Frame<T> frame(const Team& team, const Batch<T>& batch);
  double run_loss(const Frame<T>& f, const Data<T>& data, bool gradient);
  double penalties(const Frame<T>& f) const;  // of the layers; every thread gets their sum
  std::pair<double, double> train_batch(Frame<T> f, const Batch<T>& batch, double rate);

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
  BatchBuffers<T> batch_;
  Pace pace_;        // of steps
  Trial few_trial_;  // of predictions of a few samples
  Batch<T> last_{};  // of the last forward, for backward; its data is not kept
};

}  // namespace fastdl
