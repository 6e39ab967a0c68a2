// One block of memory for one purpose: aligned, zeroed, never resized in a step.
#pragma once

#include <sys/mman.h>

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
    const std::size_t size = count * sizeof(T), unit = size < huge_page ? 64 : huge_page;
    const std::size_t bytes = (size + unit - 1) / unit * unit;
    data_.reset(static_cast<T*>(std::aligned_alloc(unit, bytes)));
    if (!data_) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (unit == huge_page) madvise(data_.get(), bytes, MADV_HUGEPAGE);  // the rows of wide weights lie a page apart
#endif
    std::memset(data_.get(), 0, bytes);
  }
  T* data() const { return data_.get(); }
  index size() const { return count_; }
  index bytes() const { return count_ * index(sizeof(T)); }
  T& operator[](index i) const { return data_.get()[i]; }
  T* begin() const { return data(); }
  T* end() const { return data() + count_; }

 private:
  static constexpr std::size_t huge_page = 2 << 20;
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T[], Free> data_;
  index count_;
};

}  // namespace fastdl
