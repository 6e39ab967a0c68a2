// In the place of cuBLASLt, where FASTDL_CUBLAS=reference: the same functions, plainly, which see that the calls fit
// what the library asks for. Else the library is not there.
#pragma once

#include <cstdlib>
#include <cstring>

#include <launch.hpp>
#include <mma.hpp>

#include "kernels/cuda/cublaslt.hpp"

namespace fastdl::FASTDL_ISA::cublaslt {

constexpr std::int64_t least_products = 1;
constexpr int least_side = 1;

struct HandleOf {};
struct OperationOf {
  Compute compute;
  Type type;
  std::int32_t transpose_a = 0, transpose_b = 0;
  std::uint32_t epilogue = epilogue_default;
  const void* bias = nullptr;
};
struct LayoutOf {
  Type type;
  std::uint64_t rows, columns;
  std::int64_t ld;
};
struct PreferenceOf {
  std::uint64_t workspace = 0;
  std::uint32_t reductions = 7, alignment[4] = {256, 256, 256, 256};
};

namespace reference {

constexpr Status wrong = 7, unsupported = 15;
constexpr std::uint64_t mark = 0x1234567;

template <class V>
Status set(V& to, const void* from, std::size_t size) {
  return size == sizeof(V) ? std::memcpy(&to, from, size), success : wrong;
}
inline Status operation_set(Operation o, OperationAttribute what, const void* from, std::size_t size) {
  switch (what) {
    case transpose_a: return set(o->transpose_a, from, size);
    case transpose_b: return set(o->transpose_b, from, size);
    case epilogue: return set(o->epilogue, from, size);
    case bias_pointer: return set(o->bias, from, size);
  }
  return wrong;
}
inline Status preference_set(Preference p, PreferenceAttribute what, const void* from, std::size_t size) {
  switch (what) {
    case most_workspace: return set(p->workspace, from, size);
    case reduction_schemes: return set(p->reductions, from, size);
    default:
      return what >= alignment_a && what <= alignment_d ? set(p->alignment[what - alignment_a], from, size) : wrong;
  }
}

struct Sizes {
  std::int64_t m, n, k;
};
// Whether the layouts fit each other, in the library's order: columns first.
inline bool fit(Operation o, Layout a, Layout b, Layout d, Sizes& s) {
  const auto flip = [](bool yes, Layout l) {
    return yes ? std::pair(l->columns, l->rows) : std::pair(l->rows, l->columns);
  };
  const auto [m, k] = flip(o->transpose_a, a);
  const auto [k2, n] = flip(o->transpose_b, b);
  s = {std::int64_t(m), std::int64_t(n), std::int64_t(k)};
  bool good = k == k2 && d->rows == m && d->columns == n && m && n && k;
  for (Layout l : {a, b, d}) good = good && l->ld >= std::int64_t(l->rows) && l->type == o->type;
  return good;
}
// alignment goes with the algorithm, as the library's does; double with a bias has none.
inline Status choose(Handle, Operation o, Layout a, Layout b, Layout, Layout d, Preference p, int, Choice* choice,
                     int* found) {
  Sizes s;
  *found = 0;
  if (!fit(o, a, b, d, s)) return wrong;
  if (o->compute == compute_64f && o->epilogue != epilogue_default) return unsupported;
  *choice = {{{mark, p->alignment[0], p->alignment[1], p->alignment[2], p->alignment[3]}}, 1024, success, 1, {}};
  return *found = 1, success;
}

inline double rounded(double x, Compute how) {
  if (how == compute_32f_fast_tf32) return __uint_as_float(to_tf32(float(x)));
  if (how == compute_32f_fast_16bf) return __uint_as_float(to_bf16x2(float(x), 0) << 16);
  return x;
}
template <class T>
cudaError_t product(OperationOf o, Sizes s, double alpha, const T* a, std::int64_t lda, const T* b, std::int64_t ldb,
                    double beta, const T* c, T* d, std::int64_t ldd) {
  const cuda_emulation::Open open;
  for (std::int64_t j = 0; j < s.n; j++)
    for (std::int64_t i = 0; i < s.m; i++) {
      double sum = 0;
      for (std::int64_t x = 0; x < s.k; x++)
        sum += rounded(a[o.transpose_a ? i * lda + x : x * lda + i], o.compute) *
               rounded(b[o.transpose_b ? x * ldb + j : j * ldb + x], o.compute);
      sum *= alpha;
      if (beta != 0) sum += beta * c[j * ldd + i];
      if (o.epilogue == epilogue_bias) sum += static_cast<const T*>(o.bias)[i];
      d[j * ldd + i] = T(sum);
    }
  return cudaSuccess;
}
inline Status multiply(Handle, Operation o, const void* alpha, const void* a, Layout la, const void* b, Layout lb,
                       const void* beta, const void* c, Layout lc, void* d, Layout ld, const Algorithm* algorithm,
                       void* workspace, std::size_t bytes, cudaStream_t stream) {
  Sizes s;
  if (!fit(o, la, lb, ld, s) || lc->ld != ld->ld || algorithm->data[0] != mark || !workspace || bytes < 1024)
    return wrong;
  const void* const places[] = {a, b, c, d};
  for (int i = 0; i < 4; i++)
    if (reinterpret_cast<std::uintptr_t>(places[i]) % algorithm->data[1 + i]) return wrong;
  const OperationOf how = *o;
  const std::int64_t lda = la->ld, ldb = lb->ld, ldd = ld->ld;
  const auto send = [&](auto one) {
    using T = decltype(one);
    const double by = *static_cast<const T*>(alpha), plus = *static_cast<const T*>(beta);
    cuda_emulation::send(stream, [=] {
      return product(how, s, by, static_cast<const T*>(a), lda, static_cast<const T*>(b), ldb, plus,
                     static_cast<const T*>(c), static_cast<T*>(d), ldd);
    });
  };
  if (o->type == type_64f)
    send(double());
  else
    send(float());
  return success;
}

inline const Library library = {
    .create = [](Handle* h) { return *h = new HandleOf, success; },
    .operation_create = [](Operation* o, Compute c, Type t) { return *o = new OperationOf{c, t}, success; },
    .operation_destroy = [](Operation o) { return delete o, success; },
    .operation_set = operation_set,
    .layout_create = [](Layout* l, Type t, std::uint64_t r, std::uint64_t c,
                        std::int64_t ld) { return *l = new LayoutOf{t, r, c, ld}, success; },
    .layout_destroy = [](Layout l) { return delete l, success; },
    .preference_create = [](Preference* p) { return *p = new PreferenceOf, success; },
    .preference_destroy = [](Preference p) { return delete p, success; },
    .preference_set = preference_set,
    .choose = choose,
    .multiply = multiply,
};

}  // namespace reference

inline const Library* load() {
  const char* const word = std::getenv("FASTDL_CUBLAS");
  return word && !std::strcmp(word, "reference") ? &reference::library : nullptr;
}

}  // namespace fastdl::FASTDL_ISA::cublaslt
