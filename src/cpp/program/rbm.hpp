// A restricted Boltzmann machine made ready: memory and kernels. Weights, and whatever else lasts from one epoch to the
// next, stay in the caller's arrays, which users read and write.
//   energy of v (visible,) and h (hidden,), both 0 or 1:  E = -b v - c h - v W h
//   with Gaussian visible units of variance 1:            E = (v - b)^2 / 2 - c h - v W h
#pragma once

#include <string>

#include "core/arena.hpp"
#include "kernels/kernels.hpp"
#include "program/poll.hpp"
#include "program/program.hpp"

namespace fastdl {

struct RbmSettings {
  std::string backend;
  int visible = 0, hidden = 0;
  bool gaussian = false;
  int batch = 64;  // the most rows of data, and of chains, at a time
  int threads = 1;
};

template <class T>
struct RbmWeights {
  T *w = nullptr, *b = nullptr, *c = nullptr;  // (visible, hidden), (visible,), (hidden,)
};

// NumPy's bitgen_t (numpy/random/bitgen.h).
struct BitGenerator {
  void* state;
  std::uint64_t (*next_uint64)(void*);
  std::uint32_t (*next_uint32)(void*);
  double (*next_double)(void*);
  std::uint64_t (*next_raw)(void*);
};

// Where random numbers come from: NumPy's generator, one after the other, or the counter-based one.
struct Draws {
  const BitGenerator* numpy = nullptr;
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
};

template <class T>
struct RbmLearning {
  double rate = 0.1, momentum = 0, weight_decay = 0;
  int steps = 1;                    // of Gibbs sampling, between data and model
  double target = 0, cost = 0;      // of the hidden units' mean activity
  RbmWeights<T> weights, velocity;  // velocity: null without momentum
  T* chain = nullptr;               // (chains, hidden) states that persist; null: contrastive divergence
  int chains = 0;
  T* activity = nullptr;  // (hidden,) running means; null: no target
};

template <class T>
class Rbm {
 public:
  using value_type = T;

  explicit Rbm(const RbmSettings& settings);
  const RbmSettings& settings() const { return settings_; }
  const Backend& backend() const { return backend_; }

  // Data: its x, order and count.
  EpochResult train_epoch(const Data<T>& data, int batch, const RbmLearning<T>& learning, const Draws& draws,
                          const Poll& poll);

  void hidden(const RbmWeights<T>& weights, const Data<T>& data, T* y);       // P(h = 1 | v), (count, hidden)
  void visible(const RbmWeights<T>& weights, const Data<T>& data, T* y);      // E(v | h), (count, visible)
  void free_energy(const RbmWeights<T>& weights, const Data<T>& data, T* y);  // (count,)
  // Rounds of h ~ P(h | v), v ~ P(v | h) from the data's v; mean: the last v as expectations.
  void gibbs(const RbmWeights<T>& weights, const Data<T>& data, int rounds, bool mean, const Draws& draws, T* y);

 private:
  struct Pass {  // what all steps of a batch share
    const Team& team;
    const RbmWeights<T>& weights;
    const Draws& draws;
  };
  template <class Work>
  void each_batch(index count, int batch, const Work& work);
  int team_size(int rows) const;
  void gather(const Team& team, const Data<T>& data, index begin, int n, T* y);
  void activate_hidden(const Pass& pass, int n, T* p);
  void expect_visible(const Pass& pass, int n, const T* h, T* v);
  RandomKey key(const Pass& pass, std::uint32_t stream) const;
  const double* draw(const Pass& pass, int n, int features);
  void draw_hidden(const Pass& pass, std::uint32_t stream, int n, T* p, T* h);
  void draw_visible(const Pass& pass, std::uint32_t stream, int n, const T* h, T* v);
  int sample_model(const Pass& pass, int data, const RbmLearning<T>& learning);
  void learn(const Pass& pass, int data, int model, const RbmLearning<T>& learning);
  void pull_to_target(const Team& team, int data, const RbmLearning<T>& learning);

  const Backend& backend_;
  const Kernels<T>& kernels_;
  RbmSettings settings_;
  // A batch of the data's rows, then the model's: v (2 batch, visible), p = P(h = 1 | v) (2 batch, hidden).
  Block<T> v_, p_, h_, shift_, scratch_;
  Block<double> uniform_;  // NumPy's draws
  Block<std::int64_t> rows_, order_;
};

}  // namespace fastdl
