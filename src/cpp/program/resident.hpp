// The user's arrays where a program's values lie: themselves, or copies on a device, of all samples or of some at a
// time.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/arena.hpp"
#include "kernels/kernels.hpp"
#include "program/any_program.hpp"

namespace fastdl {

Precision precision_of(const std::string& name);

class Resident {
 public:
  Resident() = default;
  // Elements of a number in the program's arrays, rows of the loss of one sample, outputs of each, and whether x lies
  // there already.
  Resident(const Backend& backend, std::size_t element, index rows, index outputs, bool x_is_there = false)
      : backend_(&backend), element_(element), rows_(rows), outputs_(outputs), x_is_there_(x_is_there) {}

  // How many samples are to be there at a time: all, if there is room, or as many whole batches as there is.
  index at_once(const Data& data, index batch) {
    if (!backend_->device || x_is_there_ || data.x.indptr || is_there(data)) return data.count;
    const index room = index(backend_->device->free_bytes() / 10 * 9) + held();
    index of_one = 16;  // its number and its place in the order
    each_array(data, [&](const auto*, index bytes, const Bytes&) { of_one += bytes; });
    if (times(named(data), of_one) <= room) return data.count;
    // Half of it, for what is on its way is gathered in the host's memory, too.
    return std::max<index>(1, std::min(room, largest_part) / 2 / of_one / batch) * batch;
  }

  // Lasts until the next call. Arrays of the version that is there already are not copied again; the order is.
  const Data& place(const Data& data, void* queue) {
    if (!backend_->device) return data;
    if (!is_there(data)) place_samples(data, named(data), queue);
    there_.order = static_cast<const std::int64_t*>(copy(order_, data.order, data.count * 8, queue));
    there_.count = data.count, there_.stateful = data.stateful;
    return there_;
  }
  // Samples begin, begin + 1 ... of the order alone, one after the other; with their numbers. They are gathered before
  // the host waits for what the device was sent so far: for the part before this one.
  const Data& place_part(const Data& data, index begin, index count, void* queue) {
    there_ = data, n_ = 0;
    there_.version = 0, there_.order = nullptr, there_.count = count;
    index of_one = 8;
    each_array(there_, [&](const auto*, index bytes, const Bytes&) { of_one += bytes; });
    unsigned char* gathered = pinned_room(count * of_one);
    auto* const numbers = reinterpret_cast<std::int64_t*>(gathered);
    for (index i = 0; i < count; i++) numbers[i] = data.order ? data.order[begin + i] : begin + i;
    there_.numbers = static_cast<const std::int64_t*>(send(order_, gathered, count * 8, queue));
    gathered += count * 8;
    each_array(there_, [&](const auto*& array, index bytes, Bytes& to) {
      if (!array) return;
      const auto* from = reinterpret_cast<const unsigned char*>(array);
      for (index i = 0; i < count; i++) std::memcpy(gathered + i * bytes, from + numbers[i] * bytes, bytes);
      put(array, send(to, gathered, count * bytes, queue));
      gathered += count * bytes;
    });
    backend_->device->wait(queue);  // the next part is gathered in the same place
    return there_;
  }

 private:
  using Bytes = Block<unsigned char>;
  static constexpr index largest_part = index(1) << 30;

  bool is_there(const Data& data) const { return data.version && data.version == there_.version && named(data) <= n_; }
  // One more than the largest number of a sample that is asked for.
  static index named(const Data& data) {
    index n = data.order ? 0 : data.count;
    for (index i = 0; data.order && i < data.count; i++) n = std::max(n, data.order[i] + 1);
    return n;
  }

  // f(array, bytes of a sample, where it is kept), of dense data.
  template <class D, class F>
  void each_array(D& data, F f) {
    constexpr index sizes[] = {1, 4, 4, 8};
    f(data.x.data, data.x.features * sizes[int(data.x.type)], x_);
    f(data.codes, data.codes ? rows_ * 4 : 0, codes_);
    f(data.targets, data.targets ? rows_ * outputs_ * index(element_) : 0, targets_);
    f(data.boxes, data.boxes ? data.box_room * 5 * index(element_) : 0, boxes_);
    f(data.weights, data.weights ? (data.weights_of_steps ? rows_ : 1) * index(element_) : 0, weights_);
    f(data.lengths, data.lengths ? 4 : 0, lengths_);
    f(data.answer_lengths, data.answer_lengths ? 4 : 0, answer_lengths_);
  }
  template <class P>
  static void put(P*& array, const void* there) {
    array = static_cast<P*>(there);
  }
  index held() const {
    index bytes = 0;
    for (const Bytes* b : {&x_, &codes_, &targets_, &boxes_, &weights_, &lengths_, &answer_lengths_, &order_})
      bytes += b->size();
    return bytes;
  }

  void place_samples(const Data& data, index n, void* queue) {
    there_ = data;
    there_.version = 0;  // until all is there
    Samples& x = there_.x;
    if (const std::int64_t* indptr = x.indptr) {
      const index entries = indptr[n], element = x.type == DType::f64 ? 8 : x.type == DType::u8 ? 1 : 4;
      x.indptr = static_cast<const std::int64_t*>(copy(indptr_, indptr, (n + 1) * 8, queue));
      x.indices = static_cast<const std::int32_t*>(copy(indices_, x.indices, entries * 4, queue));
      x.data = copy(x_, x.data, entries * element, queue);
    }
    each_array(there_, [&](const auto*& array, index bytes, Bytes& to) {
      const bool done = &to == &x_ && (x.indptr || x_is_there_);
      if (array && !done) put(array, copy(to, array, n * bytes, queue));
    });
    there_.version = data.version, n_ = n;
  }

  void* room(Bytes& to, index bytes) const {
    if (to.size() < bytes) to = Bytes(), to = Bytes(bytes, backend_->memory);
    return to.data();
  }
  const void* copy(Bytes& to, const void* from, index bytes, void* queue) {
    if (!from) return nullptr;
    backend_->memory.copy_in(room(to, bytes), from, bytes, queue);
    return to.data();
  }
  const void* send(Bytes& to, const void* pinned, index bytes, void* queue) {
    backend_->device->send(room(to, bytes), pinned, bytes, queue);
    return to.data();
  }
  unsigned char* pinned_room(index bytes) {
    if (pinned_bytes_ < bytes) {
      pinned_.reset(), pinned_bytes_ = 0;
      pinned_ = {static_cast<unsigned char*>(backend_->device->pin(bytes)), backend_->device->unpin};
      pinned_bytes_ = bytes;
    }
    return pinned_.get();
  }

  const Backend* backend_ = nullptr;
  std::size_t element_ = 0;
  index rows_ = 0, outputs_ = 0, n_ = 0;
  bool x_is_there_ = false;
  Data there_{};
  std::unique_ptr<unsigned char, void (*)(void*)> pinned_{nullptr, [](void*) {}};  // where parts are gathered
  index pinned_bytes_ = 0;
  Bytes x_, indptr_, indices_, codes_, targets_, boxes_, weights_, lengths_, answer_lengths_, order_;
};

}  // namespace fastdl
