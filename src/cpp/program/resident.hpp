// The user's arrays where a program's values lie: themselves, or copies on a device.
#pragma once

#include <algorithm>
#include <string>

#include "core/arena.hpp"
#include "kernels/kernels.hpp"
#include "program/any_program.hpp"

namespace fastdl {

Precision precision_of(const std::string& name);

class Resident {
 public:
  Resident() = default;
  // Elements of a number in the program's arrays, rows of the loss of one sample, and outputs of each.
  Resident(const Backend& backend, std::size_t element, index rows, index outputs)
      : backend_(&backend), element_(element), rows_(rows), outputs_(outputs) {}

  // Lasts until the next call. Arrays of the version that is there already are not copied again; the order is.
  const Data& place(const Data& data, void* queue) {
    if (!backend_->device) return data;
    index n = data.order ? 0 : data.count;  // samples that are asked for
    for (index i = 0; data.order && i < data.count; i++) n = std::max(n, data.order[i] + 1);
    if (!data.version || data.version != there_.version || n > n_) place_samples(data, n, queue);
    there_.order = static_cast<const std::int64_t*>(copy(order_, data.order, data.count * 8, queue));
    there_.count = data.count, there_.stateful = data.stateful;
    return there_;
  }

 private:
  using Bytes = Block<unsigned char>;

  void place_samples(const Data& data, index n, void* queue) {
    there_ = data;
    there_.version = 0;  // until all is there
    const Samples& x = data.x;
    constexpr index sizes[] = {1, 4, 4, 8};
    const index size = sizes[int(x.type)];
    if (x.indptr) {
      const index entries = x.indptr[n];
      there_.x.indptr = static_cast<const std::int64_t*>(copy(indptr_, x.indptr, (n + 1) * 8, queue));
      there_.x.indices = static_cast<const std::int32_t*>(copy(indices_, x.indices, entries * 4, queue));
      there_.x.data = copy(x_, x.data, entries * size, queue);
    } else {
      there_.x.data = copy(x_, x.data, n * x.features * size, queue);
    }
    there_.codes = static_cast<const std::int32_t*>(copy(codes_, data.codes, n * rows_ * 4, queue));
    there_.targets = copy(targets_, data.targets, n * rows_ * outputs_ * element_, queue);
    there_.boxes = copy(boxes_, data.boxes, n * data.box_room * 5 * element_, queue);
    there_.weights = copy(weights_, data.weights, n * (data.weights_of_steps ? rows_ : 1) * element_, queue);
    there_.lengths = static_cast<const std::int32_t*>(copy(lengths_, data.lengths, n * 4, queue));
    there_.version = data.version, n_ = n;
  }

  const void* copy(Bytes& to, const void* from, index bytes, void* queue) {
    if (!from) return nullptr;
    if (to.size() < bytes) to = Bytes(), to = Bytes(bytes, backend_->memory);
    backend_->memory.copy_in(to.data(), from, bytes, queue);
    return to.data();
  }

  const Backend* backend_ = nullptr;
  std::size_t element_ = 0;
  index rows_ = 0, outputs_ = 0, n_ = 0;
  Data there_{};
  Bytes x_, indptr_, indices_, codes_, targets_, boxes_, weights_, lengths_, order_;
};

}  // namespace fastdl
