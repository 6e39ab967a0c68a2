#include "program/batch.hpp"

#include <algorithm>

#include "kernels/layout.hpp"
#include "kernels/memory.hpp"
#include "kernels/sequence.hpp"
#include "layers/augmentation.hpp"

namespace fastdl {
namespace {

index sample_of(const Batch& batch, index i) {
  return batch.data->order ? batch.data->order[batch.begin + i] : batch.begin + i;
}

}  // namespace

template <class T>
BatchBuffers<T>::BatchBuffers(const Backend& backend, const Tensor& input, const Shape& output, int batch, int at_once,
                              const std::vector<Clock>& clocks, const Augmentation* augmentation,
                              const Tensor& augmented, bool decodes)
    : kernels_(&kernels_of<T>(backend)),
      memory_(&backend.memory),
      augmentation_(augmentation),
      input_(input),
      augmented_(augmented),
      output_(output),
      batch_(batch),
      at_once_(at_once),
      clocks_(clocks),
      decodes_(decodes) {
  order_ = Block<std::int64_t>(at_once, *memory_), numbers_ = Block<std::int64_t>(at_once, *memory_);
  lengths_ = Block<std::int32_t>(index(at_once) * index(clocks.size()), *memory_);
  if (decodes) answer_lengths_ = Block<std::int32_t>(batch, *memory_);
  if (!output.is_image()) make_room();
}

template <class T>
void BatchBuffers<T>::make_room() {
  if (weights_.size()) return;
  const index rows = batch_ * index(output_.steps()) * output_.pixels(), numbers = rows * output_.c();
  const Memory& m = *memory_;
  codes_ = Block<std::int32_t>(rows, m), weights_ = Block<T>(rows, m), losses_ = Block<double>(rows, m);
  if (!decodes_) targets_ = Block<T>(numbers, m);  // else there are codes
  if (!output_.is_image()) return;
  outputs_ = Block<T>(numbers, m), slopes_ = Block<T>(numbers, m), image_weights_ = Block<T>(batch_, m);
}

template <class T>
void BatchBuffers<T>::make_room_for_pairs() {
  if (!pairs_.size()) pairs_ = Block<T>(3 * index(batch_) * batch_, *memory_);
}

template <class T>
void BatchBuffers<T>::make_room_to_augment(int threads) {
  if (!augmentation_ || draws_.size()) return;
  const Memory& m = *memory_;
  const index image = augmented_.shape.size();
  draws_ = Staged<AugmentDraw>(2 * batch_, m), others_ = Staged<std::int64_t>(batch_, m);
  images_ = Block<T>(batch_ * image, m);
  if (!augmentation_->mixes()) return;
  const index rows = batch_ * index(output_.pixels()), numbers = rows * output_.c();
  room_ = Block<T>(threads * image, m), other_codes_ = Block<std::int32_t>(rows, m);
  own_weights_ = Block<T>(rows, m), other_weights_ = Block<T>(rows, m);
  other_targets_ = Block<T>(numbers, m), other_slopes_ = Block<T>(numbers, m);
}

template <class T>
bool BatchBuffers<T>::may_mix() const {
  return augmentation_ && augmentation_->mixes();
}

template <class T>
bool BatchBuffers<T>::mixes(const Frame<T>& f) const {
  return f.training && may_mix();
}

template <class T>
bool BatchBuffers<T>::may_move(const Data& data) const {
  const bool lie_in_images = (data.codes || data.targets) && data.sampling != Sampling::none;
  return augmentation_ && augmentation_->moves() && lie_in_images;
}

// A network that gives rows has as many outputs as its input has values: an image that is to be made again.
template <class T>
MovedShape BatchBuffers<T>::moved_shape(Sampling sampling) const {
  const bool is_image = output_.is_image();
  const Shape &image = augmented_.shape, &y = is_image ? output_ : image;
  const AugmentShape of{
      .h = y.h(), .w = y.w(), .c = y.c(), .oh = y.h(), .ow = y.w(), .fill = augmentation_->shape().fill};
  return {.of = of,
          .tall = double(image.h()) / y.h(),
          .wide = double(image.w()) / y.w(),
          .blends = sampling == Sampling::bilinear,
          .masks = is_image};
}

template <class T>
void BatchBuffers<T>::check_targets(const Data& data, const std::string& who) const {
  if (!may_move(data)) return;
  check(!augmentation_->crops(), who + ": crop lets the network see parts of X, but y has a value for every pixel.");
  const Shape& image = augmented_.shape;
  const auto size = [](const Shape& s) { return std::to_string(s.h()) + "x" + std::to_string(s.w()); };
  if (!output_.is_image())
    return check(output_.size() == image.size(), who + " moves images of " + image.text() + ", but y has " +
                                                     std::to_string(output_.size()) + " values for each.");
  const auto are_multiples = [](int a, int b) { return a % b == 0 || b % a == 0; };
  check(are_multiples(image.h(), output_.h()) && are_multiples(image.w(), output_.w()),
        who + " moves the pixels of X and those of y along with them, but images of X have " + size(image) +
            " and those of y " + size(output_) + ", where neither is a multiple of the other: where a pixel of y " +
            "lies in X is not known. Pad or cut X and y to sizes of which one is a multiple of the other, or leave "
            "flip, shift, rotate, scale and shear out.");
}

template <class T>
void BatchBuffers<T>::set_steps(Batch& batch) const {
  const Data& data = *batch.data;
  batch.steps = 1, batch.answer_steps = 0;
  const bool sequences = input_.shape.is_sequence();
  if (sequences && !data.lengths) batch.steps = input_.shape.steps();
  for (int i = 0; i < batch.n && (data.lengths || data.answer_lengths); i++) {
    const index sample = sample_of(batch, i);
    if (sequences && data.lengths) batch.steps = std::max(batch.steps, data.lengths[sample]);
    if (data.answer_lengths) batch.answer_steps = std::max(batch.answer_steps, data.answer_lengths[sample]);
  }
}

template <class T>
void BatchBuffers<T>::gather(const Frame<T>& f, const Batch& batch) {
  const Data& data = *batch.there;
  const LayoutKernels<T>& layout = kernels_->layout;
  const Shape& s = input_.shape;
  const auto gather_order = [&](const std::int64_t* from, std::int64_t* to) {
    const index begin = batch.shift + (batch.number ? 0 : batch.begin);
    layout.gather_order(f.team, from, begin, batch.number, batch.size, f.n, to);
  };
  std::int64_t* const order = order_.data() + batch.place;
  gather_order(data.order, order);
  if (data.numbers) gather_order(data.numbers, numbers_.data());
  const auto gather_lengths = [&](const std::int32_t* lengths, const Clock& clock, std::int32_t* to) {
    layout.gather_lengths(f.team, lengths, s.steps(), order, f.n, clock.add, clock.div, to);
  };
  for (std::size_t c = 0; c < clocks_.size() && s.is_sequence(); c++)
    gather_lengths(data.lengths, clocks_[c], lengths_.data() + c * at_once_);
  if (data.answer_lengths) gather_lengths(data.answer_lengths, {}, answer_lengths_.data());
  if (f.training && augmentation_)
    augment(f, batch);
  else if (s.is_sequence())
    kernels_->sequence.gather_sequence(f.team, data.x, order, f.sequence(s), f.value(input_));
  else if (s.is_image() && !f.lone)
    layout.gather_image(f.team, data.x, order, f.n, s.h() * s.w(), s.c(), f.value(input_));
  else if (!f.samples)
    layout.gather_rows(f.team, data.x, order, f.n, f.value(input_));
}

// The draws depend on a sample and not on its batch, and the one that is mixed in is any of the epoch's.
template <class T>
void BatchBuffers<T>::augment(const Frame<T>& f, const Batch& batch) {
  const Augmentation& a = *augmentation_;
  const Data& data = *batch.data;
  const Range part = f.team.share(f.n);
  AugmentDraw* const draws = draws_.here();
  for (index i = part.begin; i < part.end; i++) {
    draws[i] = a.draw(f.seed, f.epoch, sample_of(batch, i));
    if (batch.there->numbers) draws[i].sample = batch.begin + i + batch.shift;
    if (!a.mixes()) continue;
    const index place = Augmentation::partner(draws[i], data.count);
    const index other = others_.here()[i] = data.order ? data.order[place] : place;
    draws[f.n + i] = a.draw(f.seed, f.epoch, other);
  }
  f.team.sync();
  draws_.send(a.mixes() ? 2 * f.n : f.n, f.team.queue);
  if (a.mixes()) others_.send(f.n, f.team.queue);
  const RandomKey key{.seed = f.seed, .layer = a.number(), .epoch = f.epoch, .sample = nullptr, .n = f.n};
  kernels_->layout.augment(f.team, batch.there->x, a.shape(), key, draws_.there(), f.n, room_.data(), images_.data());
  write(f, augmented_.shape, images_.data(), f.value(augmented_));
}

template <class T>
void BatchBuffers<T>::gather_targets(const Frame<T>& f, const Batch& batch) const {
  const Data& data = *batch.there;
  if (data.boxes) return gather_points(f, data);
  SequenceShape steps{.n = f.n, .steps = 1, .features = output_.c(), .room = 1, .lengths = nullptr};
  if (decodes_)
    steps = {.n = f.n,
             .steps = f.answer_steps,
             .features = output_.c(),
             .room = output_.steps(),
             .lengths = answer_lengths()};
  else if (output_.is_sequence())
    steps = f.sequence(output_);
  const Targets<T> from{data.codes, static_cast<const T*>(data.targets), static_cast<const T*>(data.weights),
                        data.weights_of_steps};
  const int pixels = output_.pixels();
  const bool moves = f.training && may_move(data);
  const auto gather = [&](const std::int64_t* samples, const AugmentDraw* draws, const BatchTargets<T>& to) {
    if (moves)
      kernels_->layout.gather_moved_targets(f.team, from, moved_shape(data.sampling), draws, f.n, to);
    else
      kernels_->layout.gather_targets(f.team, from, samples, steps, pixels, to);
  };
  if (!mixes(f)) return gather(order(), draws_.there(), {codes_.data(), targets_.data(), weights_.data()});
  gather(order(), draws_.there(), own_parts());
  gather(others_.there(), draws_.there() + f.n, other_parts());
  BatchTargets<T> own = own_parts();
  if (!data.targets) own.targets = nullptr;
  kernels_->layout.mix_targets(f.team, f.n, pixels, output_.c(), draws_.there(), own, other_parts(), weights_.data());
}

template <class T>
void BatchBuffers<T>::gather_points(const Frame<T>& f, const Data& data) const {
  const bool moved = f.training && augmentation_;
  const Shape& image = augmented_.shape;
  const PointsShape s{.n = f.n,
                      .h = image.h(),
                      .w = image.w(),
                      .top = augmentation_ ? augmentation_->top() : 0,
                      .left = augmentation_ ? augmentation_->left() : 0,
                      .oh = output_.h(),
                      .ow = output_.w(),
                      .outputs = output_.c()};
  const Boxes<T> from{static_cast<const T*>(data.boxes), static_cast<const T*>(data.weights), data.box_room};
  kernels_->layout.gather_points(f.team, from, order(), s, moved ? draws_.there() : nullptr,
                                 {nullptr, targets_.data(), weights_.data()}, image_weights_.data());
}

template <class T>
void BatchBuffers<T>::sum_weights(const Frame<T>& f, const Data& data, double* norm) const {
  if (data.boxes)
    kernels_->memory.sum(f.team, f.n, image_weights_.data(), norm);
  else
    kernels_->memory.sum(f.team, rows(f), weights(), norm);
}

template <class T>
const T* BatchBuffers<T>::targets_of(const Frame<T>& f, const Data& data) const {
  if (data.codes) return nullptr;
  if (data.targets || data.boxes) return targets_.data();
  if (augmented_.shape.is_row()) return f.value(augmented_);
  read(f, augmented_.shape, f.value(augmented_), targets_.data());
  return targets_.data();
}

template <class T>
const T* BatchBuffers<T>::outputs_of(const Frame<T>& f, const T* values) const {
  if (!output_.is_image()) return values;
  read(f, output_, values, outputs_.data());
  return outputs_.data();
}

template <class T>
void BatchBuffers<T>::write_slopes(const Frame<T>& f, T* gradient) const {
  if (output_.is_image()) write(f, output_, slopes_.data(), gradient);
}

template <class T>
index BatchBuffers<T>::steps_of(const Batch& batch) const {
  const Data& data = *batch.data;
  if (!output_.is_sequence()) return batch.n;
  const std::int32_t* lengths = decodes_ ? data.answer_lengths : data.lengths;
  if (!lengths) return index(batch.n) * output_.steps();
  index steps = 0;
  for (int i = 0; i < batch.n; i++) steps += lengths[sample_of(batch, i)];
  return steps;
}

// Of targets that move, before they do: all that weigh may come to lie outside.
template <class T>
bool BatchBuffers<T>::has_weight(const Batch& batch) const {
  const Data& data = *batch.data;
  if (!data.weights) return steps_of(batch) > 0;
  const T* weights = static_cast<const T*>(data.weights);
  const std::int32_t* lengths = decodes_ ? data.answer_lengths : output_.is_sequence() ? data.lengths : nullptr;
  const index steps = output_.steps(), pixels = data.boxes ? 1 : output_.pixels();
  for (int i = 0; i < batch.n; i++) {
    const index sample = sample_of(batch, i), rows = (lengths ? lengths[sample] : steps) * pixels;
    const index first = data.weights_of_steps ? sample * steps * pixels : sample;
    for (index row = 0; row < rows; row++)
      if (weights[data.weights_of_steps ? first + row : first] != 0) return true;
  }
  return false;
}

template <class T>
void BatchBuffers<T>::read(const Frame<T>& f, const Shape& s, const T* x, T* y) const {
  if (s.is_image() && !f.lone)
    kernels_->layout.image_to_rows(f.team, f.n, s.h() * s.w(), s.c(), x, y);
  else if (s.is_sequence())
    kernels_->sequence.sequence_to_rows(f.team, f.sequence(s), x, y);
  else
    kernels_->memory.copy(f.team, f.n * s.size(), x, y);
}

template <class T>
void BatchBuffers<T>::write(const Frame<T>& f, const Shape& s, const T* y, T* x) const {
  if (s.is_image())
    kernels_->layout.rows_to_image(f.team, f.n, s.h() * s.w(), s.c(), y, x);
  else if (s.is_sequence())
    kernels_->sequence.rows_to_sequence(f.team, f.sequence(s), y, x);
  else
    kernels_->memory.copy(f.team, f.n * s.size(), y, x);
}

template class BatchBuffers<float>;
template class BatchBuffers<double>;

}  // namespace fastdl
