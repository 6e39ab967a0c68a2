// Convolution and pooling over time, on sequences (steps, n, features). What stands past an end is not read, and gets
// zero gradients.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/team.hpp"

namespace fastdl {

enum class StepPadding { valid, same, causal };

// A window that slides over the steps of each sequence, from its own beginning to its own end.
struct StepWindow {
  int n, c;
  int steps, out_steps;                       // of the longest sequence
  const std::int32_t *lengths, *out_lengths;  // (n,)
  int size, stride, dilation;
  StepPadding padding;
};

struct Conv1DShape {
  StepWindow window;
  int f, groups;  // w (size, c/groups, f), b (f,)
};

template <class T>
struct Conv1DKernels {
  std::size_t (*conv1d_scratch)(const Conv1DShape&, int threads);
  void (*conv1d_forward)(const Team&, const Conv1DShape&, const T* x, const T* w, const T* b, T* y, T* scratch);
  void (*conv1d_backward_data)(const Team&, const Conv1DShape&, const T* dy, const T* w, T* dx, T* scratch);
  void (*conv1d_backward_weights)(const Team&, const Conv1DShape&, const T* x, const T* dy, T* dw, T* db, T* scratch);
  // where (out_steps, n, c): the step of each maximum, an integer in the bits of a T. Means are of the steps that there
  // are.
  void (*max_pool1d_forward)(const Team&, const StepWindow&, const T* x, T* y, T* where);
  void (*max_pool1d_backward)(const Team&, const StepWindow&, const T* dy, const T* where, T* dx);
  void (*avg_pool1d_forward)(const Team&, const StepWindow&, const T* x, T* y);
  void (*avg_pool1d_backward)(const Team&, const StepWindow&, const T* dy, T* dx);
};

}  // namespace fastdl
