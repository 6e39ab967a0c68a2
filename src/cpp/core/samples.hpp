// The user's samples, as they lie in memory.
#pragma once

#include <cstdint>

namespace fastdl {

enum class DType { u8, i32, f32, f64 };  // element types of arrays

// The user's samples, C-contiguous (n, features) or (n, h, w, c), or CSR rows (indptr not null).
struct Samples {
  const void* data;
  DType type;
  std::int64_t features;  // elements of one sample
  const std::int64_t* indptr;
  const std::int32_t* indices;
};

}  // namespace fastdl
