// What a decoder is to a search: how it begins, and what its steps take.
#pragma once

#include "kernels/attention.hpp"
#include "layers/layer.hpp"

namespace fastdl {

template <class T>
struct Decoding {
  virtual ~Decoding() = default;
  // Of a batch of sources: keys, the table of the first cell, and where the cells start.
  virtual void prepare(const Frame<T>&) const = 0;
  virtual DecoderShape shape(const Frame<T>&) const = 0;
  virtual DecoderArrays<T> arrays(const Frame<T>&) const = 0;
};

}  // namespace fastdl
