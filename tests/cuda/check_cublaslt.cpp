// Compiled, not run: whether cublaslt.hpp says what NVIDIA's header says.
#include <cublasLt.h>

#include <type_traits>

#include "kernels/cuda/cublaslt.hpp"

namespace ours = fastdl::FASTDL_ISA::cublaslt;

#define SAME(a, b) static_assert(int(ours::a) == int(b), #b)
SAME(success, CUBLAS_STATUS_SUCCESS);
SAME(compute_32f, CUBLAS_COMPUTE_32F);
SAME(compute_32f_fast_16bf, CUBLAS_COMPUTE_32F_FAST_16BF);
SAME(compute_32f_fast_tf32, CUBLAS_COMPUTE_32F_FAST_TF32);
SAME(compute_64f, CUBLAS_COMPUTE_64F);
SAME(type_32f, CUDA_R_32F);
SAME(type_64f, CUDA_R_64F);
SAME(transpose_a, CUBLASLT_MATMUL_DESC_TRANSA);
SAME(transpose_b, CUBLASLT_MATMUL_DESC_TRANSB);
SAME(epilogue, CUBLASLT_MATMUL_DESC_EPILOGUE);
SAME(bias_pointer, CUBLASLT_MATMUL_DESC_BIAS_POINTER);
SAME(as_it_is, CUBLAS_OP_N);
SAME(transposed, CUBLAS_OP_T);
SAME(epilogue_default, CUBLASLT_EPILOGUE_DEFAULT);
SAME(epilogue_bias, CUBLASLT_EPILOGUE_BIAS);
SAME(most_workspace, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
SAME(reduction_schemes, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
SAME(reduction_in_workspace, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
SAME(alignment_a, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
SAME(alignment_b, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
SAME(alignment_c, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
SAME(alignment_d, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);

static_assert(sizeof(ours::Algorithm) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(ours::Choice) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(ours::Choice, workspace) == offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(ours::Choice, state) == offsetof(cublasLtMatmulHeuristicResult_t, state));

// Parameters one by one: as large as the library's, addresses where it has addresses.
template <class A, class B>
constexpr bool alike = sizeof(A) == sizeof(B) && std::is_pointer_v<A> == std::is_pointer_v<B>;
template <class R, class... A, class S, class... B>
constexpr bool same_call(R (*)(A...), S (*)(B...)) {
  if constexpr (sizeof...(A) == sizeof...(B)) return alike<R, S> && (alike<A, B> && ...);
  return false;
}
#define SAME_CALL(a, b) static_assert(same_call(decltype(ours::Library::a){}, decltype(&b){}), #b)
SAME_CALL(create, cublasLtCreate);
SAME_CALL(operation_create, cublasLtMatmulDescCreate);
SAME_CALL(operation_destroy, cublasLtMatmulDescDestroy);
SAME_CALL(operation_set, cublasLtMatmulDescSetAttribute);
SAME_CALL(layout_create, cublasLtMatrixLayoutCreate);
SAME_CALL(layout_destroy, cublasLtMatrixLayoutDestroy);
SAME_CALL(preference_create, cublasLtMatmulPreferenceCreate);
SAME_CALL(preference_destroy, cublasLtMatmulPreferenceDestroy);
SAME_CALL(preference_set, cublasLtMatmulPreferenceSetAttribute);
SAME_CALL(choose, cublasLtMatmulAlgoGetHeuristic);
SAME_CALL(multiply, cublasLtMatmul);
