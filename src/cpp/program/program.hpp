// A network made ready: shapes, memory, kernels, weights and optimizer state. It owns all that changes in a fit.
//   make.cpp    layers, memory, order; what it holds
//   batch.cpp   samples and targets in, outputs out
//   passes.cpp  forward, backward, loss and gradients
//   losses.cpp  the loss of a batch
//   predict.cpp predictions
//   epoch.cpp   steps, one after the other
//   search.cpp  answers of a decoder
#pragma once

#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "core/arena.hpp"
#include "core/threads.hpp"
#include "kernels/kernels.hpp"
#include "layers/decoding.hpp"
#include "layers/layer.hpp"
#include "layers/places.hpp"
#include "program/any_program.hpp"
#include "program/batch.hpp"
#include "program/optimizer.hpp"
#include "program/pace.hpp"
#include "program/resident.hpp"
#include "program/split.hpp"

namespace fastdl {

template <class T>
class Program final : public AnyProgram {
 public:
  Program(const std::vector<LayerSpec>& layers, const Shape& input, const Settings& settings);

  int team_size(int n) const override;
  std::vector<std::pair<const char*, index>> memory() const override;

  index size(Held what) const override { return block(what).size(); }
  void get(Held what, index first, index count, void* to) const override;
  void put(Held what, index first, index count, const void* from) override;
  long optimizer_steps() const override { return optimizer_.steps(); }
  void set_optimizer_steps(long steps) override { optimizer_.set_steps(steps); }

  void set_rule(const Rule& rule, const std::vector<double>& multipliers,
                const std::vector<double>& decay_multipliers) override;
  EpochResult train_epoch(const Data& data, const PerBatch& rates, const PerBatch& regularisation, int batch,
                          std::uint32_t epoch, const Poll& poll) override;
  void loss_and_grads(const Data& data, bool evaluation, double& loss, double& penalty) override;

  void predict(const Data& data, ActivationKind link, int layer, void* y) override;
  void forward(const Data& data, bool training, std::uint32_t epoch, void* y) override;
  void backward(const void* dy, void* dx) override;
  int last_count() const override { return last_.n; }
  void reset_states() override;
  bool decodes() const override { return decoding_; }
  void search(const Data& data, const Search& how, const Answers& found) override;
  void log_likelihoods(const Data& data, double* of_each) override;
  void attention(const Data& data, void* weights) override;
  void poison() override;

 private:
  const Block<T>& block(Held what) const;
  void copy_there(const T* from, T* to, index count) const;  // on the device
  void make_room(const Room& room);
  Frame<T> frame(const Team& team, const Batch& batch);
  int samples_at_once() const;
  void forget_kept() { kept_through_[0] = kept_through_[1] = 0, has_predicted_ = false; }
  bool are_few(index n) const { return n <= kernels_.lanes / 4; }  // images go one by one: most lanes would be idle
  struct Prediction;
  Prediction plan_prediction(const Data& data, ActivationKind link, int layer, T* y);
  int threads_to_predict(index n, int batch) const;
  void predict_samples(const Prediction& p, const Team& team, const Data& data, const Data& there, index from,
                       index end);
  void predict_abreast(const Prediction& p, const Team& team, Batch batch);
  void predict_batch(const Prediction& p, Frame<T> f, const Batch& batch, int kept_through);
  void ready_for_loss(const Data& data);  // before the team is
  void run_loss(const Frame<T>& f, const Data& data, const Tensor& out, double weight, bool gradient, double* total);
  void run_side_losses(const Frame<T>& f, const Data& data);
  void run_own_loss(const Team& team, const LossArgs<T>& args);
  double ask_own_loss(const LossArgs<T>& args, double norm) const;
  double ask_from_afar(LossArgs<T> args) const;
  double weight_of(const Data& data);  // of all samples
  double drawn_weight_of(const Data& data);
  void rethrow();                                              // what a function of the user's threw
  void add_penalties(const Frame<T>& f, double* total) const;  // of the layers
  template <class Work>
  void each_batch(const Data& data, bool training, const Work& work);
  // body(frame, batch) on every thread, for so many samples at a time, once they are gathered.
  template <class Body>
  void each_gathered(const Data& data, int threads, int size, const Body& body);
  template <class Body>  // body(frame, begin) for each batch of answers, after the way forward
  void each_answered(const Data& data, const Body& body);
  void train_batch(Frame<T> f, const Batch& batch, index n_batches);
  Batch batch_of(const Data& data, const Data& there, index begin, int size, std::uint32_t epoch) const;
  std::vector<long> plan_epoch(const Data& data, const PerBatch& rates, const PerBatch& regularisation, int batch);
  Status train_with_teams(const Data& data, const PerBatch& regularisation, int batch, std::uint32_t epoch,
                          const Poll& poll);
  Status train_in_queue(const Data& data, const PerBatch& regularisation, int batch, std::uint32_t epoch,
                        const Poll& poll);

  // --- where values lie
  void enter() const;  // before a thread does anything there
  Team team() const;   // of one thread, or of a device
  // work(team) on every thread of a team; a device has one, and is waited for.
  template <class Work>
  void run(int threads, const Work& work);
  // The user's arrays there: all samples, or `part` of them from one on.
  const Data& place(const Data& data) { return resident_.place(data, queue_.get()); }
  const Data& place(const Data& data, index from, index part) {
    if (part >= data.count) return place(data);
    return resident_.place_part(data, from, std::min(part, data.count - from), queue_.get());
  }
  // work(there, from, end) for samples from .. end of the order, as many at a time as there is room for, while it gives
  // true.
  template <class Work>
  void each_part(const Data& data, index batch, const Work& work);
  static index shift_of(const Data& there, index from) { return there.numbers ? -from : 0; }
  Tally look() const;  // once all is done
  void reset(const Tally& tally);
  bool arrays_are_here() const { return !backend_.device || settings_.queue; }  // those that come in and go out
  // Where answers for the user are written, and how they get there from it.
  T* room_for(T* answers, index count);
  void give(T* answers, index count);

  const Backend& backend_;
  const Kernels<T>& kernels_;
  std::shared_ptr<void> queue_;  // of a device; else null
  std::vector<LayerPtr<T>> layers_;
  std::vector<const Layer<T>*> penalising_, sides_;
  const Decoding<T>* decoding_ = nullptr;  // the last layer, if it is a decoder
  bool lone_ = false;                      // there are images, and all layers take those of a lone sample
  Tensor input_;
  index kept_size_ = 0;         // of weights in the form that predictions meet
  int kept_through_[2] = {};    // so many layers' forms are of the weights as they are: of samples together, and alone
  bool has_predicted_ = false;  // with these weights
  int at_once_ = 0;             // samples in predict: a batch, or more where few would pay for all weights
  bool alone_ = false;          // batches are so small that predictions are of lone samples only
  bool abreast_ = false;        // threads may take lone samples side by side, each its own
  Room room_alone_;             // of one of them
  std::vector<index> value_starts_alone_, saved_starts_alone_;
  std::vector<index> value_starts_, gradient_starts_, saved_starts_, saved_starts_in_predict_;
  Room to_learn_, to_predict_;  // the blocks grow with the first pass that learns
  double work_ = 0;             // operations for one sample, forward
  Optimizer<T> optimizer_;

  Block<T> params_, grads_, state_, values_, gradients_, saved_, carried_, scratch_;
  Block<T> derived_, derived_grads_;
  Block<T> kept_;    // there from the first prediction on that meets it
  Block<T> own_;     // of threads with samples of their own, likewise
  Block<T> totals_;  // gradients summed over batches (loss_and_grads)
  BatchBuffers<T> batch_;
  Resident resident_;
  Block<Tally> tally_;            // one
  Block<double> of_sides_;        // losses of side heads, (2, sides): of the batch, of the epoch
  Block<double> sums_;            // (2,), to work in
  Staged<StepNumbers> table_;     // of each batch of an epoch
  Block<T> answers_;              // on their way from a device
  Pace pace_;                     // of training steps
  Pace paces_[2];                 // of predictions of many samples and of a few
  Splitter splitters_[2];         // of predictions by one thread and by a team
  std::exception_ptr failure_{};  // of a function of the user's: it waits for the end of the team
  Batch last_{};                  // of the last forward, for backward; its data is not kept
};

template <class T>
template <class Work>
void Program<T>::each_part(const Data& data, index batch, const Work& work) {
  const index part = resident_.at_once(data, batch);
  for (index from = 0; from < data.count; from += part)
    if (!work(place(data, from, part), from, std::min(from + part, data.count))) return;
}

template <class T>
template <class Work>
void Program<T>::run(int threads, const Work& work) {
  if (!backend_.device) return run_team(threads, work);
  work(team());
  backend_.device->wait(queue_.get());
}

}  // namespace fastdl
