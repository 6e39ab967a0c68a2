// What is used of cuBLASLt, declared here: it is found at run time, and no build needs its headers. Values and layouts
// are those of versions 12 and 13; who includes this has declared cudaStream_t; tests/cuda/check_cublaslt.cpp compares
// them with cublasLt.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fastdl::FASTDL_ISA::cublaslt {

using Handle = struct HandleOf*;
using Operation = struct OperationOf*;  // cublasLtMatmulDesc_t
using Layout = struct LayoutOf*;        // cublasLtMatrixLayout_t
using Preference = struct PreferenceOf*;
using Status = int;  // 0: success

constexpr Status success = 0;
enum Compute : int { compute_32f = 68, compute_32f_fast_16bf = 75, compute_32f_fast_tf32 = 77, compute_64f = 70 };
enum Type : int { type_32f = 0, type_64f = 1 };
enum OperationAttribute : int { transpose_a = 3, transpose_b = 4, epilogue = 7, bias_pointer = 8 };
enum Transpose : std::int32_t { as_it_is = 0, transposed = 1 };
enum Epilogue : std::uint32_t { epilogue_default = 1, epilogue_bias = 4 };
enum PreferenceAttribute : int {
  most_workspace = 1,
  reduction_schemes = 3,
  alignment_a = 5,
  alignment_b = 6,
  alignment_c = 7,
  alignment_d = 8
};
constexpr std::uint32_t reduction_in_workspace = 2;  // parts of a sum are added in a step of their own

struct Algorithm {
  std::uint64_t data[8];
};
struct Choice {  // cublasLtMatmulHeuristicResult_t
  Algorithm algorithm;
  std::size_t workspace;
  Status state;
  float waves;
  int reserved[4];
};

struct Library {
  Status (*create)(Handle*);
  Status (*operation_create)(Operation*, Compute, Type scale);
  Status (*operation_destroy)(Operation);
  Status (*operation_set)(Operation, OperationAttribute, const void*, std::size_t);
  Status (*layout_create)(Layout*, Type, std::uint64_t rows, std::uint64_t columns, std::int64_t ld);
  Status (*layout_destroy)(Layout);
  Status (*preference_create)(Preference*);
  Status (*preference_destroy)(Preference);
  Status (*preference_set)(Preference, PreferenceAttribute, const void*, std::size_t);
  Status (*choose)(Handle, Operation, Layout a, Layout b, Layout c, Layout d, Preference, int wanted, Choice*,
                   int* found);  // cublasLtMatmulAlgoGetHeuristic
  Status (*multiply)(Handle, Operation, const void* alpha, const void* a, Layout, const void* b, Layout,
                     const void* beta, const void* c, Layout, void* d, Layout, const Algorithm*, void* workspace,
                     std::size_t bytes, cudaStream_t);  // cublasLtMatmul
};

// f(the library's member, its name in the library), for all.
template <class L, class F>
void each_function(L& l, F f) {
  f(l.create, "cublasLtCreate");
  f(l.operation_create, "cublasLtMatmulDescCreate");
  f(l.operation_destroy, "cublasLtMatmulDescDestroy");
  f(l.operation_set, "cublasLtMatmulDescSetAttribute");
  f(l.layout_create, "cublasLtMatrixLayoutCreate");
  f(l.layout_destroy, "cublasLtMatrixLayoutDestroy");
  f(l.preference_create, "cublasLtMatmulPreferenceCreate");
  f(l.preference_destroy, "cublasLtMatmulPreferenceDestroy");
  f(l.preference_set, "cublasLtMatmulPreferenceSetAttribute");
  f(l.choose, "cublasLtMatmulAlgoGetHeuristic");
  f(l.multiply, "cublasLtMatmul");
}

}  // namespace fastdl::FASTDL_ISA::cublaslt
