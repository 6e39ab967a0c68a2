// The whole device interface: one table of function pointers per device and element type, in families
// that stand in files of their own: a new row rebuilds those who know its family.
//
// Two layouts. Rows (n, features), row-major. Images, samples innermost: (blocks, c, h, w, lanes) with
// lanes = Kernels::lanes samples side by side and blocks = ceil(n / lanes); the lanes past n hold finite values and
// their gradients are zero (each backward keeps it so). Where Kernels::channels_last they lie as the user's do,
// (n, h, w, c), and lanes is 1. Sequences are rows, step after step: (steps, n, features), with
// as many steps as the longest of the batch; the rows of ended sequences hold finite values and zero gradients.
//
// Every thread of the team calls every kernel with the same arguments. A kernel computes this thread's share, in an
// order of additions that does not depend on the team, and ends with team.sync(). Kernels do not check, allocate or
// throw. Gradients overwrite. A null pointer means "not there" (bias) or "not wanted" (dx). Every array lies where the
// backend's memory is, but for those that shapes point to where a comment says so; sums are written there too. On a
// device a row puts its work into the team's queue and returns. A row that a device lacks is null: Plan::need says so.
#pragma once

#include <cstdint>

#include "core/platform.hpp"

namespace fastdl {

template <class T>
struct MemoryKernels;  // kernels/memory.hpp
template <class T>
struct LayoutKernels;  // kernels/layout.hpp
template <class T>
struct DenseKernels;  // kernels/dense.hpp
template <class T>
struct Conv2DKernels;  // kernels/conv2d.hpp
template <class T>
struct Conv2DWeightsKernels;  // kernels/conv2d.hpp
template <class T>
struct Conv1DKernels;  // kernels/conv1d.hpp
template <class T>
struct Pool2DKernels;  // kernels/pool2d.hpp
template <class T>
struct PointwiseKernels;  // kernels/pointwise.hpp
template <class T>
struct NormKernels;  // kernels/norm.hpp
template <class T>
struct PenaltyKernels;  // kernels/penalty.hpp
template <class T>
struct SequenceKernels;  // kernels/sequence.hpp
template <class T>
struct ColumnKernels;  // kernels/columns.hpp
template <class T>
struct TrainingKernels;  // kernels/training.hpp
template <class T>
struct RbmKernels;  // kernels/rbm.hpp
template <class T>
struct WordKernels;  // kernels/words.hpp
template <class T>
struct AttentionKernels;  // kernels/attention.hpp

template <class T>
struct Kernels {
  int lanes;
  bool channels_last;
  const MemoryKernels<T>& memory;
  const LayoutKernels<T>& layout;
  const DenseKernels<T>& dense;
  const Conv2DKernels<T>& conv2d;
  const Conv2DWeightsKernels<T>& conv2d_weights;
  const Conv1DKernels<T>& conv1d;
  const Pool2DKernels<T>& pool2d;
  const PointwiseKernels<T>& pointwise;
  const NormKernels<T>& norm;
  const PenaltyKernels<T>& penalty;
  const SequenceKernels<T>& sequence;
  const ColumnKernels<T>& columns;
  const TrainingKernels<T>& training;
  const RbmKernels<T>& rbm;
  const WordKernels<T>& words;
  const AttentionKernels<T>& attention;
};

// How float32 is multiplied: as it is; rounded to 10 bits of mantissa, or to bfloat16, with sums in float32.
enum class Precision { float32, tf32, bf16 };

// What a device has besides memory and kernels: queues, whose calls are done one after the other while the host goes
// on, and recordings of calls, which cost little to send again. All throw.
struct Device {
  int (*enter)();             // from now on this thread's calls are the device's; of which they were before
  void (*leave)(int before);  // as they were: for threads that work with other libraries too
  void* (*open)(Precision);   // a new queue
  void (*close)(void* queue);
  void (*wait)(void* queue);                // until all is done that it was sent
  void (*wait_for)(std::uintptr_t stream);  // likewise, a stream of another library's
  void (*record)(void* queue);              // from now on calls are not done, but recorded
  void* (*recorded)(void* queue);           // until now
  void (*replay)(void* queue, void* recording);
  void (*forget)(void* recording);
  std::size_t (*free_bytes)();
  void* (*pin)(std::size_t bytes);  // memory of the host that the device reads by itself
  void (*unpin)(void*);
  void (*send)(void* to, const void* pinned, std::size_t bytes, void* queue);  // has not read it when it returns
};

struct Backend {
  const char* name;      // "cpu:avx2"
  bool (*available)();   // on this machine
  Memory memory;         // where its values lie
  const Device* device;  // null: its kernels run in the threads that call them
  const Kernels<float>* f32;
  const Kernels<double>* f64;
};

template <class T>
const Kernels<T>& kernels_of(const Backend& backend);
template <>
inline const Kernels<float>& kernels_of<float>(const Backend& backend) {
  return *backend.f32;
}
template <>
inline const Kernels<double>& kernels_of<double>(const Backend& backend) {
  return *backend.f64;
}

}  // namespace fastdl
