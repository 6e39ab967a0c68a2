// One block of memory for one purpose: aligned, zeroed, never resized in a step.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "core/shape.hpp"

namespace fastdl {

template <class T>
class Block {
 public:
  explicit Block(index count = 0) : count_(count) {
    if (!count) return;
    std::size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
    data_.reset(static_cast<T*>(std::aligned_alloc(64, bytes)));
    if (!data_) throw std::bad_alloc();
    std::memset(data_.get(), 0, bytes);
  }
  T* data() const { return data_.get(); }
  index size() const { return count_; }
  index bytes() const { return count_ * index(sizeof(T)); }
  T& operator[](index i) const { return data_.get()[i]; }
  T* begin() const { return data(); }
  T* end() const { return data() + count_; }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T[], Free> data_;
  index count_;
};

}  // namespace fastdl
