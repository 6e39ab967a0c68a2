#include "program/batch.hpp"

#include <algorithm>

#include "kernels/layout.hpp"
#include "kernels/memory.hpp"
#include "kernels/sequence.hpp"

namespace fastdl {

template <class T>
BatchBuffers<T>::BatchBuffers(const Backend& backend, const Tensor& input, const Shape& output, int batch)
    : kernels_(&kernels_of<T>(backend)), input_(input), output_(output) {
  const index rows = batch * index(output.steps());  // of the loss
  const Memory& m = backend.memory;
  order_ = Block<std::int64_t>(batch, m), lengths_ = Block<std::int32_t>(batch, m);
  codes_ = Block<std::int32_t>(rows, m), weights_ = Block<T>(rows, m), losses_ = Block<double>(rows, m);
  targets_ = Block<T>(output.is_image() ? 0 : rows * output.c(), m);
}

template <class T>
void BatchBuffers<T>::gather(Frame<T>& f, const Batch& batch) const {
  const Data& data = *batch.data;
  const Shape& s = input_.shape;
  if (f.team.rank == 0)
    for (int i = 0; i < f.n; i++) {
      order_[i] = data.order ? data.order[batch.begin + i] : batch.begin + i;
      lengths_[i] = data.lengths ? data.lengths[order_[i]] : s.steps();
    }
  f.team.sync();
  set_steps(f);
  if (s.is_sequence())
    kernels_->sequence.gather_sequence(f.team, data.x, order(), f.sequence(s), f.value(input_));
  else if (s.is_image() && !f.lone)
    kernels_->layout.gather_image(f.team, data.x, order(), f.n, s.h() * s.w(), s.c(), f.value(input_));
  else
    kernels_->layout.gather_rows(f.team, data.x, order(), f.n, f.value(input_));
}

template <class T>
void BatchBuffers<T>::set_steps(Frame<T>& f) const {
  for (int i = 0; i < f.n && input_.shape.is_sequence(); i++) f.steps = std::max(f.steps, int(f.lengths[i]));
}

template <class T>
void BatchBuffers<T>::gather_targets(const Frame<T>& f, const Batch& batch) const {
  const Data& data = *batch.data;
  const bool sequence = output_.is_sequence();
  const SequenceShape rows{.n = f.n,
                           .steps = sequence ? f.steps : 1,
                           .features = int(sequence ? output_.c() : output_.size()),
                           .room = output_.steps(),
                           .lengths = sequence ? lengths() : nullptr};
  kernels_->layout.gather_targets(
      f.team,
      {data.codes, static_cast<const T*>(data.targets), static_cast<const T*>(data.weights), data.weights_of_steps},
      order(), rows, {codes_.data(), targets_.data(), weights_.data()});
}

template <class T>
const T* BatchBuffers<T>::targets_of(const Frame<T>& f, const Data& data) const {
  if (data.codes) return nullptr;
  if (data.targets) return targets_.data();
  if (input_.shape.is_row()) return f.value(input_);
  read(f, input_.shape, f.value(input_), targets_.data());
  return targets_.data();
}

template <class T>
index BatchBuffers<T>::steps_of(const Batch& batch) const {
  if (!output_.is_sequence()) return batch.n;
  index steps = 0;
  for (int i = 0; i < batch.n; i++) steps += lengths_[i];
  return steps;
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
