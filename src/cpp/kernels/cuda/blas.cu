// cuBLASLt: a handle a device, and for each shape the way that the library chose for it.
#include "kernels/cuda/blas.hpp"

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include <cublaslt_load.hpp>
#include "kernels/cuda/backends.hpp"
#include "kernels/cuda/queue.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

using namespace cublaslt;

// The library counts columns first: its d (n, m) is our c, its a our b.
struct Product {
  bool doubles, transpose_a, transpose_b, bias;
  Precision precision;
  int m, n, k, lda, ldb, ldc;
  unsigned align_a, align_b, align_c;  // bytes
  auto operator<=>(const Product&) const = default;
};

struct Way {
  const Library& library;
  Operation operation = nullptr;
  Layout a = nullptr, b = nullptr, c = nullptr;
  Choice choice{};
  bool there = false;
  explicit Way(const Library& library) : library(library) {}
  Way(const Way&) = delete;
  ~Way() {
    if (operation) library.operation_destroy(operation);
    for (Layout layout : {a, b, c})
      if (layout) library.layout_destroy(layout);
  }
};

constexpr std::size_t most_ways = 1024;

struct Blas {
  const Library& library;
  Handle handle;
  std::mutex mutex;
  std::map<Product, std::unique_ptr<Way>> ways;
};

Compute compute_of(const Product& p) {
  if (p.doubles) return compute_64f;
  return p.precision == Precision::tf32   ? compute_32f_fast_tf32
         : p.precision == Precision::bf16 ? compute_32f_fast_16bf
                                          : compute_32f;
}

bool find(const Blas& blas, const Product& p, Way& way) {
  const Library& l = blas.library;
  const Type type = p.doubles ? type_64f : type_32f;
  const std::int32_t first = p.transpose_b ? transposed : as_it_is, second = p.transpose_a ? transposed : as_it_is;
  const std::uint32_t end = p.bias ? epilogue_bias : epilogue_default;
  Preference wish = nullptr;
  bool good = !l.operation_create(&way.operation, compute_of(p), type) && !l.preference_create(&wish) &&
              !l.layout_create(&way.a, type, p.transpose_b ? p.k : p.n, p.transpose_b ? p.n : p.k, p.ldb) &&
              !l.layout_create(&way.b, type, p.transpose_a ? p.m : p.k, p.transpose_a ? p.k : p.m, p.lda) &&
              !l.layout_create(&way.c, type, p.n, p.m, p.ldc);
  const auto set = [&](OperationAttribute what, const auto& value) {
    good = good && !l.operation_set(way.operation, what, &value, sizeof value);
  };
  const auto ask = [&](PreferenceAttribute what, const auto& value) {
    good = good && !l.preference_set(wish, what, &value, sizeof value);
  };
  set(transpose_a, first), set(transpose_b, second), set(epilogue, end);
  ask(most_workspace, std::uint64_t(workspace_bytes)), ask(reduction_schemes, reduction_in_workspace);
  ask(alignment_a, p.align_b), ask(alignment_b, p.align_a), ask(alignment_c, p.align_c), ask(alignment_d, p.align_c);
  int found = 0;
  good = good && !l.choose(blas.handle, way.operation, way.a, way.b, way.c, way.c, wish, 1, &way.choice, &found);
  if (wish) l.preference_destroy(wish);
  return good && found == 1 && way.choice.state == success && way.choice.workspace <= workspace_bytes;
}

Way& way_of(Blas& blas, const Product& p) {
  auto at = blas.ways.find(p);
  if (at != blas.ways.end()) return *at->second;
  if (blas.ways.size() >= most_ways) blas.ways.clear();
  auto way = std::make_unique<Way>(blas.library);
  way->there = find(blas, p, *way);
  return *(blas.ways[p] = std::move(way));
}

unsigned alignment(const void* p) {
  const auto address = reinterpret_cast<std::uintptr_t>(p);
  return unsigned(address % 256 ? address & -address : 256);
}

}  // namespace

void* blas_handle(int number) {
  static const char* const word = std::getenv("FASTDL_CUBLAS");
  static const Library* const library = word && !std::strcmp(word, "0") ? nullptr : load();
  static std::mutex mutex;
  static Blas* blas[most_devices];  // as long as the process: what they hold dies with the device's context
  if (!library) return nullptr;
  const std::lock_guard lock(mutex);
  Handle handle = nullptr;
  if (!blas[number] && library->create(&handle) == success) blas[number] = new Blas{*library, handle, {}, {}};
  return blas[number];
}

template <class T>
bool blas_gemm(const Team& team, bool transpose_a, bool transpose_b, int m, int n, int k, T alpha, const T* a, int lda,
               const T* b, int ldb, T beta, T* c, int ldc, const T* bias) {
  const Queue& queue = queue_of(team);
  const bool pays = std::int64_t(m) * n * k >= least_products && m >= least_side && n >= least_side && k >= least_side;
  if (!queue.blas || !pays || (bias && alignment(bias) < 16)) return false;
  Blas& blas = *static_cast<Blas*>(queue.blas);
  const std::lock_guard lock(blas.mutex);  // a way's operation holds the address of the bias
  Way& way = way_of(blas, {sizeof(T) == 8, transpose_a, transpose_b, bias != nullptr, queue.precision, m, n, k, lda,
                           ldb, ldc, alignment(a), alignment(b), alignment(c)});
  if (!way.there) return false;
  if (bias && blas.library.operation_set(way.operation, bias_pointer, &bias, sizeof bias)) return false;
  return !blas.library.multiply(blas.handle, way.operation, &alpha, b, way.a, a, way.b, &beta, c, way.c, c, way.c,
                                &way.choice.algorithm, queue.workspace, workspace_bytes, queue.stream);
}

FASTDL_BLAS_GEMM(, float)
FASTDL_BLAS_GEMM(, double)

}  // namespace fastdl::FASTDL_ISA
