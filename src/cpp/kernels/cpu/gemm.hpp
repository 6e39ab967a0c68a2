// gemm: C (m, n) = A (m, depth) B (depth, n) + bias (n,), or relu of it
//
// An element of C is one chain of fused multiply-adds over k = 0 .. depth-1, starting from zero, the bias last. Tiles,
// slices and threads only decide who computes it and when: its bits depend on its row of A and column of B alone.
//
// The team cuts C once; each thread then works alone. It goes through its part in slices (a block of rows, a stretch of
// k), a slice in panels (up to three vectors of columns of B), a panel in tiles. A is read in place, an element at a
// time; B too, but if there are many tiles the first one leaves the others a copy.
#pragma once

#include "kernels/cpu/gemm_tiles.hpp"
#include "kernels/cpu/transpose.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int slice_depth = 512;            // a packed panel, slice_depth x 3 vectors, stays in the second-level cache,
constexpr int slice_rows = 240;             // and so does the slice of A that passes over it
constexpr int packing_rows = 192;           // fewer rows than this do not pay for a copy of B,
constexpr int packing_rows_colliding = 16;  // nor than this where its rows meet in the same sets of the caches
constexpr int copying_panels = 4;           // fewer panels than this do not pay for copying A
constexpr int streamed_columns = 192;       // B is streamed from this width
constexpr int streamed_bytes = 1 << 18;     // and size on

// Element (i, j) is at data[i * row + j * col]; row or col is 1. Of a left operand whose columns come in runs each run
// lies `jump` further than the one before it.
template <class T>
struct Matrix {
  const T* data;
  std::int64_t row, col;
  int run = 0;  // columns of one; 0: all
  std::int64_t jump = 0;

  const T* column(int k) const { return data + k * col + (run ? k / run * jump : 0); }
};

template <class T>
struct Gemm {
  int m, n, depth;
  Matrix<T> a, b;
  T* c;
  const T* bias;              // or null
  T rate = 0;                 // not 0: C += rate times the product, slice by slice
  bool resume = false;        // go on from C instead of zero
  std::int64_t c_stride = n;  // from one row of C to the next
  bool relu = false;          // C is the larger of 0 and all that

  // Rows of B a multiple of 4 KiB apart share few sets of the caches: no tile finds what the one before it read.
  bool rows_collide() const { return b.row * sizeof(T) % 4096 == 0; }
  bool copies_b() const { return m >= (rows_collide() ? packing_rows_colliding : packing_rows); }
};

// --- panels of B ----------------------------------------------------------------------------------------------------
// Vectors of columns: the first starts at column first, the last at first + last.
struct Panel {
  int first, columns;
  std::int64_t last;
  int width;  // of a lone vector: how many of its columns exist
};

template <class T>
Panel panel_of(const Gemm<T>& g, Range vectors) {
  const int first = vectors.begin * lanes<T>, columns = vectors.end - vectors.begin;
  const int width = least<int>(g.n - first, columns * lanes<T>);
  if (columns == 1) return {first, 1, 0, width};
  return {first, columns, width - lanes<T>, lanes<T>};
}

// packed (depth, columns, lanes) from b, the panel's corner of B, whose rows are contiguous.
template <class T>
void pack_rows(const Panel& panel, int depth, const T* b, std::int64_t b_row, T* packed) {
  for (int k = 0; k < depth; k++, b += b_row, packed += panel.columns * lanes<T>) {
    for (int j = 0; j < panel.columns - 1; j++) store(packed + j * lanes<T>, load(b + j * lanes<T>));
    store(packed + (panel.columns - 1) * lanes<T>,
          panel.width < lanes<T> ? load_part(b, panel.width) : load(b + panel.last));
  }
}

// The same where B's columns are contiguous: blocks of lanes x lanes are transposed.
template <class T>
void pack_columns(const Panel& panel, int depth, const T* b, std::int64_t b_col, T* packed) {
  constexpr int w = lanes<T>;
  const int columns = panel.columns, row = columns * w;
  if (panel.width < w) {
    for (int k = 0; k < depth; k++)
      for (int i = 0; i < panel.width; i++) packed[k * row + i] = b[i * b_col + k];
    return;
  }
  for (int j = 0; j < columns; j++, packed += w) {
    const T* column = b + (j == columns - 1 ? panel.last : j * w) * b_col;
    for (int k = 0; k < depth; k += w) {
      const int count = least(w, depth - k);
      Vec<T> x[w];
#pragma GCC unroll 16
      for (int i = 0; i < w; i++)
        x[i] = count == w ? load(column + i * b_col + k) : load_part(column + i * b_col + k, count);
      transpose<T>(x);
#pragma GCC unroll 16
      for (int i = 0; i < w; i++)
        if (i < count) store(packed + (k + i) * row, x[i]);
    }
  }
}

// --- one thread's part ----------------------------------------------------------------------------------------------
// Cut i of a range into nearly equal parts.
FASTDL_INLINE Range part(Range whole, std::int64_t i, std::int64_t parts) {
  const std::int64_t n = whole.end - whole.begin;
  return {whole.begin + n * i / parts, whole.begin + n * (i + 1) / parts};
}

template <class T>
void multiply_panel(const Gemm<T>& g, const Panel& panel, T* packed) {
  Tile<T> t{};
  t.a_row = g.a.row, t.a_col = g.a.col, t.run = g.a.run, t.a_jump = g.a.jump;
  t.c_row = g.c_stride, t.c_last = panel.last;
  t.depth = g.depth, t.resume = g.resume, t.rate = g.rate, t.width = panel.width;
  t.b = g.b.data + panel.first * g.b.col, t.b_row = g.b.row, t.b_last = panel.last;
  t.bias = g.bias ? g.bias + panel.first : nullptr, t.relu = g.relu;
  if (g.b.col != 1 || panel.width < lanes<T>) {  // no tile can read it in place
    if (g.b.col == 1)
      pack_rows(panel, g.depth, t.b, g.b.row, packed);
    else
      pack_columns(panel, g.depth, t.b, g.b.col, packed);
    t.read_packed(packed, panel.columns);
  } else if (g.copies_b()) {
    t.copy = packed;
  }
  const int tiles = ceil_div(g.m, tile_rows(panel.columns));
  for (int tile = 0; tile < tiles; tile++) {
    const Range rows = part({0, g.m}, tile, tiles);
    t.a = g.a.data + rows.begin * g.a.row;
    t.c = g.c + rows.begin * g.c_stride + panel.first;
    run_tile(t, int(rows.end - rows.begin), panel.columns);
    if (t.copy) t.read_packed(t.copy, panel.columns), t.copy = nullptr;
  }
}

// How many k are a slice: whole runs.
template <class T>
int deepest(const Gemm<T>& g) {
  return g.a.run ? slice_depth / g.a.run * g.a.run : slice_depth;
}
template <class T>
Gemm<T> slice(const Gemm<T>& g, Range rows, int k) {
  Gemm<T> s = g;
  s.m = rows.end - rows.begin, s.depth = least(deepest(g), g.depth - k);
  s.a.data = g.a.column(k) + rows.begin * g.a.row;
  s.b.data += k * g.b.row;
  s.c += rows.begin * g.c_stride;
  s.resume = g.rate == 0 && (g.resume || k > 0);
  if (k + s.depth < g.depth) s.bias = nullptr, s.relu = false;
  return s;
}

// A transposed A is read down its columns, which may lie a page apart; each panel would meet the same cache sets again.
template <class T>
Matrix<T> copy_columns(const Gemm<T>& g, T* copy) {
  for (int k = 0; k < g.depth; k++) __builtin_memcpy(copy + k * slice_rows, g.a.column(k), g.m * sizeof(T));
  return {copy, 1, slice_rows};
}

// In how many parts to cut the rows of C: the least work of one thread, a vector of B counted as four rows if it is
// packed by itself, as one if a tile copies it.
template <class T>
int row_parts(const Gemm<T>& g, int threads, int vectors) {
  int best = 1;
  std::int64_t least_work = -1;
  for (int parts = 1; parts <= threads; parts++) {
    const std::int64_t rows = ceil_div(g.m, parts) + (g.b.col != 1 ? 4 : g.copies_b());
    const std::int64_t work = rows * ceil_div(vectors, threads / parts);
    if (threads % parts == 0 && (least_work < 0 || work <= least_work)) best = parts, least_work = work;
  }
  return best;
}

template <class T>
constexpr std::size_t panel_size = slice_depth * max_columns * lanes<T>;
template <class T>
constexpr std::size_t gemm_scratch = panel_size<T> + slice_depth * slice_rows;  // elements for one thread

// Few rows stream B, if there is enough of it.
template <class T>
bool is_streamed(const Gemm<T>& g) {
  return g.m <= streamed_rows && g.b.col == 1 && g.rate == 0 && !g.a.run && g.n >= streamed_columns &&
         std::int64_t(g.n) * g.depth * sizeof(T) >= streamed_bytes;
}
// In stretches of a page of memory: what C has there stays in the first cache.
template <class T>
void stream(const Gemm<T>& g, Range vectors) {
  constexpr int stretch = 4096 / sizeof(T);
  const int end = least<int>(vectors.end * lanes<T>, g.n);
  for (int j = vectors.begin * lanes<T>; j < end && g.m > 0; j += stretch) {
    Tile<T> t{};
    t.a = g.a.data, t.a_row = g.a.row, t.a_col = g.a.col, t.c = g.c + j, t.c_row = g.c_stride;
    t.b = g.b.data + j, t.b_row = g.b.row, t.bias = g.bias ? g.bias + j : nullptr, t.relu = g.relu;
    t.depth = g.depth, t.resume = g.resume, t.width = least(stretch, end - j);
    tile_kernels<T>().streamed[g.m - 1](t);
  }
}

template <class T>
void gemm(const Team& team, const Gemm<T>& g, T* scratch) {
  if (is_streamed(g)) return stream(g, team.share(ceil_div(g.n, lanes<T>))), team.sync();
  const int vectors = ceil_div(g.n, lanes<T>), down = row_parts(g, team.size, vectors), across = team.size / down;
  const Range rows = part({0, g.m}, team.rank / across, down), columns = part({0, vectors}, team.rank % across, across);
  const int blocks = ceil_div<int>(rows.end - rows.begin, slice_rows);
  const int panels = ceil_div<int>(columns.end - columns.begin, max_columns);
  T *packed = scratch + team.rank * gemm_scratch<T>, *copy = packed + panel_size<T>;
  for (int block = 0; block < blocks; block++)
    for (int k = 0; k < g.depth; k += deepest(g)) {
      Gemm<T> s = slice(g, part(rows, block, blocks), k);
      if (s.a.row == 1 && panels >= copying_panels) s.a = copy_columns(s, copy);
      for (int p = 0; p < panels; p++) multiply_panel(s, panel_of(s, part(columns, p, panels)), packed);
    }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
