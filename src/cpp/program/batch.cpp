#include "program/batch.hpp"

#include <algorithm>

#include "kernels/layout.hpp"
#include "kernels/memory.hpp"
#include "kernels/sequence.hpp"

namespace fastdl {

template <class T>
BatchBuffers<T>::BatchBuffers(const Backend& backend, const Tensor& input, const Shape& output, int batch,
                              const std::vector<Clock>& clocks)
    : kernels_(&kernels_of<T>(backend)),
      memory_(&backend.memory),
      input_(input),
      output_(output),
      batch_(batch),
      clocks_(clocks) {
  order_ = Block<std::int64_t>(batch, *memory_);
  lengths_ = Block<std::int32_t>(index(batch) * index(clocks.size()), *memory_);
  if (!output.is_image()) make_room();
}

template <class T>
void BatchBuffers<T>::make_room() {
  if (weights_.size()) return;
  const index rows = batch_ * index(output_.steps()) * output_.pixels(), numbers = rows * output_.c();
  const Memory& m = *memory_;
  codes_ = Block<std::int32_t>(rows, m), weights_ = Block<T>(rows, m), losses_ = Block<double>(rows, m);
  targets_ = Block<T>(numbers, m);
  if (output_.is_image()) outputs_ = Block<T>(numbers, m), slopes_ = Block<T>(numbers, m);
}

template <class T>
void BatchBuffers<T>::gather(Frame<T>& f, const Batch& batch) const {
  const Data& data = *batch.data;
  const Shape& s = input_.shape;
  if (f.team.rank == 0)
    for (int i = 0; i < f.n; i++) {
      order_[i] = data.order ? data.order[batch.begin + i] : batch.begin + i;
      lengths_[i] = data.lengths ? data.lengths[order_[i]] : s.steps();
      for (index c = 1; c < index(clocks_.size()); c++) lengths_[c * batch_ + i] = clocks_[c].of(lengths_[i]);
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
  SequenceShape steps{.n = f.n, .steps = 1, .features = output_.c(), .room = 1, .lengths = nullptr};
  if (output_.is_sequence()) steps = f.sequence(output_);
  kernels_->layout.gather_targets(
      f.team,
      {data.codes, static_cast<const T*>(data.targets), static_cast<const T*>(data.weights), data.weights_of_steps},
      order(), steps, output_.pixels(), {codes_.data(), targets_.data(), weights_.data()});
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
