// One block of memory for one purpose: aligned, zeroed, never resized in a step.
#pragma once

#include <memory>
#include <vector>

#include "core/platform.hpp"
#include "core/shape.hpp"

namespace fastdl {

template <class T>
class Block {
 public:
  explicit Block(index count = 0, const Memory& memory = host_memory) : data_(nullptr, memory.release), count_(count) {
    if (count) data_.reset(static_cast<T*>(memory.allocate(count * sizeof(T))));
  }
  T* data() const { return data_.get(); }
  index size() const { return count_; }
  index bytes() const { return count_ * index(sizeof(T)); }
  T& operator[](index i) const { return data_.get()[i]; }

 private:
  std::unique_ptr<T[], void (*)(void*)> data_;
  index count_;
};

// A block that the host writes and kernels read.
template <class T>
class Staged {
 public:
  explicit Staged(index count = 0, const Memory& memory = host_memory)
      : there_(count, memory), here_(memory.copy_in == host_memory.copy_in ? 0 : count), copy_in_(memory.copy_in) {}
  T* here() { return here_.empty() ? there_.data() : here_.data(); }
  const T* there() const { return there_.data(); }
  index size() const { return there_.size(); }
  void send(index count, void* queue) {
    if (!here_.empty()) copy_in_(there_.data(), here_.data(), count * sizeof(T), queue);
  }

 private:
  Block<T> there_;
  std::vector<T> here_;  // empty where the host writes into the block itself
  void (*copy_in_)(void*, const void*, std::size_t, void*);
};

// A block that kernels write and the host reads.
template <class T>
class Fetched {
 public:
  explicit Fetched(index count = 0, const Memory& memory = host_memory)
      : there_(count, memory), here_(memory.copy_out == host_memory.copy_out ? 0 : count), copy_out_(memory.copy_out) {}
  const T* here() const { return here_.empty() ? there_.data() : here_.data(); }
  T* there() const { return there_.data(); }
  void fetch(index count, void* queue) {
    if (!here_.empty()) copy_out_(here_.data(), there_.data(), count * sizeof(T), queue);
  }

 private:
  Block<T> there_;
  std::vector<T> here_;  // empty where the host reads the block itself
  void (*copy_out_)(void*, const void*, std::size_t, void*);
};

}  // namespace fastdl
