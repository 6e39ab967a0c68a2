// dense: y (n, out) = x (n, in) w (in, out) + b (out,)
#pragma once

#include <cstddef>

#include "kernels/cuda/gemm.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

inline std::size_t dense_scratch(int, int, int, int) { return 0; }

template <class T>
void dense_forward(const Team& team, int n, int in, int out, const T* x, const T* w, const T* b, T* y, T*) {
  gemm<T>(team, false, false, n, out, in, 1, x, in, w, out, 0, y, out, b);
}

// dx (n, in) = dy w^T
template <class T>
void dense_backward_data(const Team& team, int n, int in, int out, const T* dy, const T* w, T* dx, T*) {
  gemm<T>(team, false, true, n, in, out, 1, dy, out, w, out, 0, dx, in, nullptr);
}

// dw (in, out) = x^T dy, db (out,): the rows of dy added up, or null
template <class T>
void dense_backward_weights(const Team& team, int n, int in, int out, const T* x, const T* dy, T* dw, T* db, T*) {
  if (db) {
    gemm_and_sums(team, in, out, n, x, dy, dw, db);
  } else {
    gemm<T>(team, true, false, in, out, n, 1, x, in, dy, out, 0, dw, out, nullptr);
  }
}

// tied dense: y (n, out) = x (n, in) w^T + b (out,), with w (out, in) another layer's
template <class T>
void tied_dense_forward(const Team& team, int n, int in, int out, const T* x, const T* w, const T* b, T* y, T*) {
  gemm<T>(team, false, true, n, out, in, 1, x, in, w, in, 0, y, out, b);
}

// dw (out, in) = dy^T x; either may be null
template <class T>
void tied_dense_backward_weights(const Team& team, int n, int in, int out, const T* x, const T* dy, T* dw, T* db, T*) {
  if (db) sum_rows(team, n, out, dy, db);
  if (dw) gemm<T>(team, true, false, out, in, n, 1, dy, out, x, in, 0, dw, in, nullptr);
}

// Boltzmann machines: x (n, in) = y (n, out) w^T + b (in,)
template <class T>
void dense_reconstruct(const Team& team, int n, int in, int out, const T* y, const T* w, const T* b, T* x, T*) {
  gemm<T>(team, false, true, n, in, out, 1, y, out, w, out, 0, x, in, b);
}

// w (in, out) += rate x^T y
template <class T>
void dense_accumulate(const Team& team, int n, int in, int out, T rate, const T* x, const T* y, T* w, T*) {
  gemm<T>(team, true, false, in, out, n, rate, x, in, y, out, 1, w, out, nullptr);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
