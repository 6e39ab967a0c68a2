// A restricted Boltzmann machine made ready: memory and kernels.
#pragma once

#include <memory>

#include "core/arena.hpp"
#include "kernels/kernels.hpp"
#include "program/any_rbm.hpp"
#include "program/mirrors.hpp"
#include "program/resident.hpp"

namespace fastdl {

template <class T>
class Rbm final : public AnyRbm {
 public:
  explicit Rbm(const RbmSettings& settings);

  EpochResult train_epoch(const Data& data, int batch, const RbmLearning<void>& learning, const Draws& draws,
                          const Poll& poll) override;
  void hidden(const RbmWeights<void>& weights, const Data& data, void* y) override;
  void visible(const RbmWeights<void>& weights, const Data& data, void* y) override;
  void free_energy(const RbmWeights<void>& weights, const Data& data, void* y) override;
  void gibbs(const RbmWeights<void>& weights, const Data& data, int rounds, bool mean, const Draws& draws,
             void* y) override;

 private:
  struct Pass {  // what all steps of a batch share
    const Team& team;
    const RbmWeights<T>& weights;
    const Draws& draws;
  };
  RbmWeights<T> there(Mirrors<T>& mirrors, const RbmWeights<void>& weights) const;
  RbmLearning<T> there(Mirrors<T>& mirrors, const RbmLearning<void>& learning) const;
  // Rows of answers, made where values lie by make(team, first row, rows, room).
  template <class Make>
  void answer(const Data& data, index features, void* y, const Make& make);
  Team team() const;
  template <class Work>
  void each_batch(index count, int batch, const Work& work);
  int team_size(int rows) const;
  void gather(const Team& team, const Data& data, index begin, int n, T* y);
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
  std::unique_ptr<void, void (*)(void*)> queue_;  // of a device; else null
  Resident resident_;
  // A batch of the data's rows, then the model's: v (2 batch, visible), p = P(h = 1 | v) (2 batch, hidden).
  Block<T> v_, p_, h_, shift_, scratch_;
  Block<T> answers_;        // on their way from a device
  Staged<double> uniform_;  // NumPy's draws
  Block<std::int64_t> rows_, order_;
};

}  // namespace fastdl
