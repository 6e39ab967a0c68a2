// The caller's arrays where values lie, for the time of a call: themselves, or copies on a device.
#pragma once

#include <utility>
#include <vector>

#include "core/arena.hpp"
#include "kernels/kernels.hpp"

namespace fastdl {

template <class T>
class Mirrors {
 public:
  Mirrors(const Backend& backend, void* queue) : backend_(backend), queue_(queue) {}

  T* of(T* theirs, index count) {
    if (!backend_.device || !theirs) return theirs;
    Block<T> here(count, backend_.memory);
    backend_.memory.copy_in(here.data(), theirs, here.bytes(), queue_);
    copies_.emplace_back(theirs, std::move(here));
    return copies_.back().second.data();
  }
  // What has changed.
  void give_back() const {
    for (const auto& [theirs, here] : copies_) backend_.memory.copy_out(theirs, here.data(), here.bytes(), queue_);
  }

 private:
  const Backend& backend_;
  void* queue_;
  std::vector<std::pair<T*, Block<T>>> copies_;
};

}  // namespace fastdl
