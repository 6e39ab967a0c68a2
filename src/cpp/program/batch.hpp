// The batch that is at work: which samples, what the loss compares with, and the ways into the program's layouts and
// out of them.
#pragma once

#include <string>
#include <vector>

#include "core/arena.hpp"
#include "kernels/augment.hpp"
#include "kernels/layout.hpp"
#include "layers/layer.hpp"
#include "program/any_program.hpp"

namespace fastdl {

// One batch as every thread sees it: samples begin .. begin + n of the user's data, and begin + shift ... of what is
// there. In an epoch `number` counts batches of `size` instead: a recorded step is then any of them.
struct Batch {
  const Data* data;   // the user's
  const Data* there;  // the same, or a part, where values lie
  index begin;
  int n;
  index shift = 0;
  const std::int64_t* number = nullptr;
  int size = 0;
  int steps = 1, answer_steps = 0;  // of the longest sequence, and answer
  bool training = false;
  std::uint32_t epoch = 0;
  bool stateful = false;
  bool lone = false;
  int place = 0;  // of its first sample in what BatchBuffers has for each
};

template <class T>
class BatchBuffers {
 public:
  BatchBuffers() = default;
  // For batches so large, and predictions of so many samples at once. What the first layer does to samples in training,
  // or null, and where that goes: the tensor that targets may be. decodes: targets have steps of their own.
  BatchBuffers(const Backend& backend, const Tensor& input, const Shape& output, int batch, int at_once,
               const std::vector<Clock>& clocks, const Augmentation* augmentation, const Tensor& augmented,
               bool decodes);

  const std::int64_t* order() const { return order_.data(); }  // (n,), index of each sample in the arrays
  // (n,), of each in the user's
  const std::int64_t* numbers(const Batch& batch) const {
    return batch.there && batch.there->numbers ? numbers_.data() : order_.data() + batch.place;
  }
  const std::int32_t* lengths() const { return lengths_.data(); }  // (clocks, batch), steps of each sequence
  const std::int32_t* answer_lengths() const { return answer_lengths_.data(); }
  int room() const { return at_once_; }
  const Clock* clocks() const { return clocks_.data(); }
  const T* weights() const { return weights_.data(); }  // of each row of the loss
  // What the loss of the batch is divided by: the sum of the weights of its rows, or of images with boxes.
  void sum_weights(const Frame<T>& f, const Data& data, double* norm) const;
  const std::int32_t* codes() const { return codes_.data(); }
  double* losses() const { return losses_.data(); }
  T* pairs() const { return pairs_.data(); }  // (3, n, n), where there is room for them

  // Asks the user's arrays for the steps of the longest sequence and answer: all passes end there.
  void set_steps(Batch& batch) const;
  // The samples in program layout, in the input tensor; order and lengths. In training augmented, behind that layer.
  void gather(const Frame<T>& f, const Batch& batch);
  // Room for the loss of images, which networks that only predict do without.
  void make_room();
  void make_room_for_pairs();
  void make_room_to_augment(int threads);
  void gather_targets(const Frame<T>& f, const Batch& batch) const;
  bool draws_on_host() const { return augmentation_; }
  bool may_mix() const;                   // samples, in training
  bool may_move(const Data& data) const;  // targets of pixels, in training
  bool may_mask(const Data& data) const { return may_move(data) && output_.is_image(); }
  // Whether what rows weigh in training is known only when they are gathered.
  bool draws_weights(const Data& data) const { return may_mix() || may_mask(data); }
  // Raises where nobody can say where targets of pixels lie in the images that move.
  void check_targets(const Data& data, const std::string& who) const;
  // Whether each sample has two classes, with weights and a loss of their own. Of numbers there is one mean.
  bool has_two_codes(const Frame<T>& f, const Data& data) const { return mixes(f) && data.codes; }
  // Rows of the loss: a sample each, one of its steps or one of its pixels.
  int rows(const Frame<T>& f) const { return decodes_ ? f.n * f.answer_steps : f.rows(output_) * output_.pixels(); }
  // (rows, outputs): those gathered, or the input, which is what an autoencoder is to give.
  const T* targets_of(const Frame<T>& f, const Data& data) const;
  // (rows, outputs) of the last tensor's values, and where their gradient goes; images are turned.
  const T* outputs_of(const Frame<T>& f, const T* values) const;
  T* slopes_for(T* gradient) const { return output_.is_image() ? slopes_.data() : gradient; }
  BatchTargets<T> own_parts() const { return {codes_.data(), targets_.data(), own_weights_.data()}; }
  BatchTargets<T> other_parts() const { return {other_codes_.data(), other_targets_.data(), other_weights_.data()}; }
  T* other_slopes() const { return other_slopes_.data(); }
  void write_slopes(const Frame<T>& f, T* gradient) const;
  // What the batch counts in the mean over the epoch: its samples, or the steps that the loss takes.
  index steps_of(const Batch& batch) const;
  bool has_weight(const Batch& batch) const;  // or nothing is learnt from it
  // Rows of the loss all weigh 1, and there are as many in every sample.
  bool has_known_weight(const Data& data) const {
    return !data.weights && !data.boxes && !output_.is_sequence() && !draws_weights(data);
  }

  // A tensor to the user's order, (n, features), (n, steps, features) or (n, h, w, c), and from it.
  void read(const Frame<T>& f, const Shape& s, const T* x, T* y) const;
  void write(const Frame<T>& f, const Shape& s, const T* y, T* x) const;

 private:
  void augment(const Frame<T>& f, const Batch& batch);
  bool mixes(const Frame<T>& f) const;
  MovedShape moved_shape(Sampling sampling) const;
  void gather_points(const Frame<T>& f, const Data& data) const;

  const Kernels<T>* kernels_ = nullptr;
  const Memory* memory_ = nullptr;
  const Augmentation* augmentation_ = nullptr;
  Tensor input_, augmented_;
  Shape output_;
  int batch_ = 0, at_once_ = 0;
  std::vector<Clock> clocks_;
  bool decodes_ = false;
  Block<std::int64_t> order_, numbers_;
  Block<std::int32_t> codes_, lengths_, answer_lengths_;
  Block<T> targets_, weights_;
  Block<T> image_weights_;     // of images with boxes
  Block<T> outputs_, slopes_;  // of images
  Block<double> losses_;
  Block<T> pairs_;
  Staged<AugmentDraw> draws_;    // of the batch, and of those that are mixed in
  Block<T> images_, room_;       // in the user's order; of one image for each thread
  Staged<std::int64_t> others_;  // those that are mixed in
  Block<std::int32_t> other_codes_;
  Block<T> own_weights_, other_weights_, other_targets_, other_slopes_;
};

}  // namespace fastdl
