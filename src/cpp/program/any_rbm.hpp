// A restricted Boltzmann machine made ready: memory and kernels. Weights, and whatever else lasts from one epoch to the
// next, stay in the caller's arrays, which users read and write.
//   energy of v (visible,) and h (hidden,), both 0 or 1:  E = -b v - c h - v W h
//   with Gaussian visible units of variance 1:            E = (v - b)^2 / 2 - c h - v W h
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "program/any_program.hpp"

namespace fastdl {

struct RbmSettings {
  DType dtype = DType::f32;  // or f64
  std::string backend;
  int visible = 0, hidden = 0;
  bool gaussian = false;
  int batch = 64;  // the most rows of data, and of chains, at a time
  int threads = 1;
  std::string precision = "float32";  // or "tf32", "bf16", on a device
};

template <class T>  // void: of the machine's type
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

// The seam's type, as AnyProgram is.
class AnyRbm {
 public:
  virtual ~AnyRbm() = default;
  const RbmSettings& settings() const { return settings_; }

  // Data: its x, order and count.
  virtual EpochResult train_epoch(const Data& data, int batch, const RbmLearning<void>& learning, const Draws& draws,
                                  const Poll& poll) = 0;

  virtual void hidden(const RbmWeights<void>& weights, const Data& data, void* y) = 0;  // P(h = 1 | v), (count, hidden)
  virtual void visible(const RbmWeights<void>& weights, const Data& data, void* y) = 0;  // E(v | h), (count, visible)
  virtual void free_energy(const RbmWeights<void>& weights, const Data& data, void* y) = 0;  // (count,)
  // Rounds of h ~ P(h | v), v ~ P(v | h) from the data's v; mean: the last v as expectations.
  virtual void gibbs(const RbmWeights<void>& weights, const Data& data, int rounds, bool mean, const Draws& draws,
                     void* y) = 0;

 protected:
  explicit AnyRbm(const RbmSettings& settings) : settings_(settings) {}
  RbmSettings settings_;
};

std::unique_ptr<AnyRbm> make_rbm(const RbmSettings& settings);

}  // namespace fastdl
