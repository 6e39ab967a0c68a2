// The rows of a device: each .cu of this folder fills some, table.cu puts them together.
#pragma once

#include "kernels/kernels.hpp"

#define FASTDL_DECLARE_ROWS(Rows, name) \
  extern const Rows<float> name##_f32;  \
  extern const Rows<double> name##_f64;
// At the end of a .cu, whose name_rows<T>() is the one list of the functions. What it does not name is null: absent.
#define FASTDL_ROWS(Rows, name)                        \
  const Rows<float> name##_f32 = name##_rows<float>(); \
  const Rows<double> name##_f64 = name##_rows<double>();

namespace fastdl::FASTDL_ISA {

FASTDL_DECLARE_ROWS(MemoryKernels, memory)
FASTDL_DECLARE_ROWS(LayoutKernels, layout)
FASTDL_DECLARE_ROWS(DenseKernels, dense)
FASTDL_DECLARE_ROWS(Conv2DKernels, conv2d)
FASTDL_DECLARE_ROWS(Conv2DWeightsKernels, conv2d_weights)
FASTDL_DECLARE_ROWS(Conv1DKernels, conv1d)
FASTDL_DECLARE_ROWS(Pool2DKernels, pool2d)
FASTDL_DECLARE_ROWS(PointwiseKernels, pointwise)
FASTDL_DECLARE_ROWS(NormKernels, norm)
FASTDL_DECLARE_ROWS(PenaltyKernels, penalty)
FASTDL_DECLARE_ROWS(SequenceKernels, sequence)
FASTDL_DECLARE_ROWS(ColumnKernels, columns)
FASTDL_DECLARE_ROWS(TrainingKernels, training)
FASTDL_DECLARE_ROWS(RbmKernels, rbm)
FASTDL_DECLARE_ROWS(WordKernels, words)
FASTDL_DECLARE_ROWS(AttentionKernels, attention)

}  // namespace fastdl::FASTDL_ISA
