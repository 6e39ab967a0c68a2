// Products with weights that are packed once: for all steps of a sequence, or for all predictions until they change.
#pragma once

#include "kernels/cpu/gemm.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// B (depth, n) in panels, each (depth, columns, lanes); or as it lies, where few rows stream it.
template <class T>
struct PackedWeights {
  int n = 0, depth = 0;
  T* data = nullptr;
  Matrix<T> as_it_lies{};

  static std::int64_t space(int n, int depth) { return ceil_div<std::int64_t>(n, lanes<T>) * lanes<T> * depth; }
  int vectors() const { return ceil_div(n, lanes<T>); }
  int panels() const { return ceil_div(vectors(), max_columns); }
  Range columns(int panel) const { return part({0, vectors()}, panel, panels()); }
  T* at(int panel) const { return data + columns(panel).begin * lanes<T> * depth; }
};

// For products of so many rows, or of any number; more than a few meet the weights again in every step. Each thread
// packs its panels; the caller syncs.
template <class T>
PackedWeights<T> pack_weights(const Team& team, int n, int depth, const Matrix<T>& b, T* space,
                              int rows = streamed_rows + 1) {
  const PackedWeights<T> packed{n, depth, space};
  const Gemm<T> g{.m = rows, .n = n, .depth = depth, .a = {}, .b = b, .c = nullptr, .bias = nullptr};
  if (rows <= streamed_rows && is_streamed(g)) return {n, depth, nullptr, b};
  const Range mine = team.share(packed.panels());
  for (int p = mine.begin; p < mine.end; p++) {
    const Panel panel = panel_of(g, packed.columns(p));
    const T* corner = b.data + panel.first * b.col;
    if (b.col == 1)
      pack_rows(panel, depth, corner, b.row, packed.at(p));
    else
      pack_columns(panel, depth, corner, b.col, packed.at(p));
  }
  return packed;
}

// C (rows, n) = A (rows, depth) B + bias, or going on from C, or relu of that; strides a_row, c_row; these panels of B.
template <class T>
void multiply_rows(const PackedWeights<T>& w, Range panels, int rows, const T* a, std::int64_t a_row, T* c,
                   std::int64_t c_row, const T* bias, bool resume, bool relu = false) {
  if (rows <= 0 || panels.begin == panels.end) return;
  const Gemm<T> g{.m = rows,
                  .n = w.n,
                  .depth = w.depth,
                  .a = {a, a_row, 1},
                  .b = w.as_it_lies,
                  .c = c,
                  .bias = bias,
                  .resume = resume,
                  .c_stride = c_row};
  if (!w.data) return stream(g, {w.columns(panels.begin).begin, w.columns(panels.end - 1).end});
  for (int p = panels.begin; p < panels.end; p++) {
    const Panel panel = panel_of(g, w.columns(p));
    Tile<T> t{};
    t.a_row = a_row, t.a_col = 1, t.c_row = c_row, t.c_last = panel.last, t.width = panel.width;
    const int tiles = ceil_div(rows, tile_rows(panel.columns));
    for (int k = 0; k < w.depth; k += slice_depth) {
      t.depth = least(slice_depth, w.depth - k), t.resume = resume || k > 0;
      t.read_packed(w.at(p) + std::int64_t(k) * panel.columns * lanes<T>, panel.columns);
      const bool ends = k + t.depth == w.depth;
      t.bias = bias && ends ? bias + panel.first : nullptr, t.relu = relu && ends;
      for (int tile = 0; tile < tiles; tile++) {
        const Range part_rows = part({0, rows}, tile, tiles);
        t.a = a + part_rows.begin * a_row + k;
        t.c = c + part_rows.begin * c_row + panel.first;
        run_tile(t, int(part_rows.end - part_rows.begin), panel.columns);
      }
    }
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
