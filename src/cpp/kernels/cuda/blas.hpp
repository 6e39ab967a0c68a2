// Products by cuBLASLt, where the library is there.
#pragma once

#include "core/team.hpp"

namespace fastdl::FASTDL_ISA {

// As gemm() of kernels/cuda/gemm.hpp. False: nothing was done, for the library is not there, has no way to do this, or
// would be slower.
template <class T>
bool blas_gemm(const Team& team, bool transpose_a, bool transpose_b, int m, int n, int k, T alpha, const T* a, int lda,
               const T* b, int ldb, T beta, T* c, int ldc, const T* bias);

#define FASTDL_BLAS_GEMM(word, T)                                                                                      \
  word template bool blas_gemm<T>(const Team&, bool, bool, int, int, int, T, const T*, int, const T*, int, T, T*, int, \
                                  const T*);

FASTDL_BLAS_GEMM(extern, float)
FASTDL_BLAS_GEMM(extern, double)

}  // namespace fastdl::FASTDL_ISA
