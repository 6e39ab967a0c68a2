// One block of memory for one purpose: aligned, zeroed, never resized in a step.
#pragma once

#include <memory>

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

}  // namespace fastdl
