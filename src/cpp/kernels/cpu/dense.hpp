// dense: y (n, out) = x (n, in) w (in, out) + b (out,), or relu of it
#pragma once

#include "kernels/cpu/gemm.hpp"
#include "kernels/cpu/packed.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
std::size_t dense_scratch(int, int, int, int threads) {
  return threads * gemm_scratch<T>;
}

template <class T>
void dense_forward(const Team& team, int n, int in, int out, const T* x, const T* w, const T* b, bool relu, T* y,
                   T* scratch) {
  Gemm<T> g{.m = n, .n = out, .depth = in, .a = {x, in, 1}, .b = {w, out, 1}, .c = y, .bias = b};
  g.relu = relu;
  gemm<T>(team, g, scratch);
}

// --- predictions, with weights that are packed until they change -----------------------------------------------------
constexpr int kept_bytes = 1 << 16;  // smaller ones are in the caches as they are

// Elements; 0 where packing is of no use.
template <class T>
std::size_t dense_kept(int in, int out) {
  const std::int64_t space = PackedWeights<T>::space(out, in);
  return space * sizeof(T) < kept_bytes ? 0 : space;
}

template <class T>
void dense_keep(const Team& team, int in, int out, const T* w, T* kept) {
  pack_weights<T>(team, out, in, {w, out, 1}, kept);
  team.sync();
}

template <class T>
void dense_kept_forward(const Team& team, int n, int in, int out, const T* x, const T* kept, const T* b, bool relu,
                        T* y) {
  const PackedWeights<T> packed{out, in, const_cast<T*>(kept)};
  const int panels = packed.panels();
  const bool even = panels % team.size == 0 || panels >= 4 * team.size;
  const bool across = even || ceil_div(panels, team.size) * n <= panels * ceil_div(n, team.size);
  const Range columns = across ? team.share(panels) : Range{0, panels}, mine = across ? Range{0, n} : team.share(n);
  const int blocks = ceil_div<int>(mine.end - mine.begin, slice_rows);
  for (int block = 0; block < blocks; block++) {
    const Range rows = part(mine, block, blocks);
    multiply_rows<T>(packed, columns, rows.end - rows.begin, x + rows.begin * in, in, y + rows.begin * out, out, b,
                     false, relu);
  }
  team.sync();
}

// dx (n, in) = dy w^T
template <class T>
void dense_backward_data(const Team& team, int n, int in, int out, const T* dy, const T* w, T* dx, T* scratch) {
  gemm<T>(team, {.m = n, .n = in, .depth = out, .a = {dy, out, 1}, .b = {w, 1, out}, .c = dx, .bias = nullptr},
          scratch);
}

// db (out,): the rows of dy added in their order
template <class T>
void sum_rows(const Team& team, int n, int out, const T* dy, T* db) {
  const Range share = team.share(ceil_div(out, lanes<T>));
  for (int j = share.begin * lanes<T>; j < least<int>(share.end * lanes<T>, out); j += lanes<T>) {
    const int width = least(lanes<T>, out - j);
    const T* row = dy + j;
    Vec<T> sum{};
    for (int i = 0; i < n; i++, row += out) sum += width == lanes<T> ? load(row) : load_part(row, width);
    store_part(db + j, sum, width);
  }
}

// dw (in, out) = x^T dy
template <class T>
void dense_backward_weights(const Team& team, int n, int in, int out, const T* x, const T* dy, T* dw, T* db,
                            T* scratch) {
  if (db) sum_rows(team, n, out, dy, db);
  gemm<T>(team, {.m = in, .n = out, .depth = n, .a = {x, 1, in}, .b = {dy, out, 1}, .c = dw, .bias = nullptr}, scratch);
}

// tied dense: y (n, out) = x (n, in) w^T + b (out,), with w (out, in) another layer's
template <class T>
void tied_dense_forward(const Team& team, int n, int in, int out, const T* x, const T* w, const T* b, T* y,
                        T* scratch) {
  gemm<T>(team, {.m = n, .n = out, .depth = in, .a = {x, in, 1}, .b = {w, 1, in}, .c = y, .bias = b}, scratch);
}

// dw (out, in) = dy^T x; either may be null
template <class T>
void tied_dense_backward_weights(const Team& team, int n, int in, int out, const T* x, const T* dy, T* dw, T* db,
                                 T* scratch) {
  if (db) sum_rows(team, n, out, dy, db);
  if (dw) dense_backward_weights<T>(team, n, out, in, dy, x, dw, nullptr, scratch);
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
