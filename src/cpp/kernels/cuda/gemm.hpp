// Products of matrices, for the host code of a row. Row-major; the kernels are compiled in gemm.cu.
#pragma once

#include "core/team.hpp"

namespace fastdl::FASTDL_ISA {

// c (m, n) = alpha a b + beta c + bias, with a (m, k) and b (k, n), or (k, m) and (n, k) where they are transposed; ld:
// elements from one row to the next, as they lie. With beta 0 c is not read. bias (n,) or null. Uses the workspace.
template <class T>
void gemm(const Team& team, bool transpose_a, bool transpose_b, int m, int n, int k, T alpha, const T* a, int lda,
          const T* b, int ldb, T beta, T* c, int ldc, const T* bias);

// c (m, n) = a^T b with a (k, m) and b (k, n), and sums (n,) of the rows of b. Uses the workspace.
template <class T>
void gemm_and_sums(const Team& team, int m, int n, int k, const T* a, const T* b, T* c, T* sums);

// sums (columns,) of x (rows, columns). Uses the workspace.
template <class T>
void sum_rows(const Team& team, int rows, int columns, const T* x, T* sums);

#define FASTDL_GEMM(word, T)                                                                                      \
  word template void gemm<T>(const Team&, bool, bool, int, int, int, T, const T*, int, const T*, int, T, T*, int, \
                             const T*);                                                                           \
  word template void gemm_and_sums<T>(const Team&, int, int, int, const T*, const T*, T*, T*);                    \
  word template void sum_rows<T>(const Team&, int, int, const T*, T*);

FASTDL_GEMM(extern, float)
FASTDL_GEMM(extern, double)

}  // namespace fastdl::FASTDL_ISA
