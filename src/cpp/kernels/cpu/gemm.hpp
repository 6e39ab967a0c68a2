// gemm: C (m, n) = A (m, depth) B (depth, n) + bias (n,)
//
// An element of C is one chain of fused multiply-adds over k = 0 .. depth-1, starting from zero, the bias last. Tiles,
// blocks and threads only decide who computes it and when, so its bits depend on its row of A and its column of B alone.
//
// A register tile is rows x columns vectors. Rows are exact (a kernel for every count); of columns only the last vector
// can be ragged, and then it overlaps its neighbour: both compute and store the same bits there. A is read in place,
// one broadcast per element. B is read in place too where few rows use it, else packed panel by panel, each thread its own.
#pragma once

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int register_tile = 27;  // accumulators, of 32 vector registers
#else
constexpr int register_tile = 12;  // of 16
#endif
constexpr int tile_rows_most = 12, tile_columns_most = 3;
constexpr int panel_depth = 512;      // a panel, panel_depth * 3 vectors, stays in the second-level cache
constexpr int block_rows = 240;       // and so do the rows of A that go over it
constexpr int rows_worth_packing = 32;

constexpr int tile_rows(int columns) {
  return register_tile / columns < tile_rows_most ? register_tile / columns : tile_rows_most;
}

// Element (i, j) is at data[i * row + j * col].
template <class T>
struct Matrix {
  const T* data;
  std::int64_t row, col;
};

template <class T>
struct Gemm {
  int m, n, depth;
  Matrix<T> a, b;
  T* c;                 // (m, n), rows of length n
  const T* bias;        // or null
};

// --- register tile --------------------------------------------------------------------------------------------------
template <class T>
struct Tile {
  const T* a;
  std::int64_t a_row, a_col;
  const T* b;
  std::int64_t b_row, b_last;   // b_last, c_last: where the last vector of columns starts
  T* c;
  std::int64_t c_row, c_last;
  const T* bias;                // or null; at the tile's first column
  int depth;
  bool resume;                  // go on from C instead of zero
  int width;                    // columns of a lone vector
};

template <class T, int columns>
FASTDL_INLINE Vec<T> tile_load(const T* p, std::int64_t last, int width, int j) {
  if (columns == 1 && width < lanes<T>) return load_part(p, width);
  return load(p + (j == columns - 1 ? last : j * lanes<T>));
}
template <class T, int columns>
FASTDL_INLINE void tile_store(T* p, std::int64_t last, int width, int j, Vec<T> x) {
  if (columns == 1 && width < lanes<T>) return store_part(p, x, width);
  store(p + (j == columns - 1 ? last : j * lanes<T>), x);
}

template <class T, int rows, int columns>
void multiply_tile(const Tile<T>& t) {
  Vec<T> acc[rows][columns];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
    for (int j = 0; j < columns; j++)
      acc[i][j] = t.resume ? tile_load<T, columns>(t.c + i * t.c_row, t.c_last, t.width, j) : Vec<T>{};

  const T *a = t.a, *b = t.b;
  const std::int64_t a_row = t.a_row, a_col = t.a_col, b_row = t.b_row, b_last = t.b_last;
  for (int k = t.depth; k > 0; k--, a += a_col, b += b_row) {
    Vec<T> bv[columns];
#pragma GCC unroll 4
    for (int j = 0; j < columns; j++) bv[j] = load(b + (j == columns - 1 ? b_last : j * lanes<T>));
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
      const Vec<T> av = splat(a[i * a_row]);
#pragma GCC unroll 4
      for (int j = 0; j < columns; j++) acc[i][j] += av * bv[j];
    }
  }

  if (t.bias)
#pragma GCC unroll 4
    for (int j = 0; j < columns; j++) {
      const Vec<T> bias = tile_load<T, columns>(t.bias, t.c_last, t.width, j);
#pragma GCC unroll 16
      for (int i = 0; i < rows; i++) acc[i][j] += bias;
    }
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
    for (int j = 0; j < columns; j++) tile_store<T, columns>(t.c + i * t.c_row, t.c_last, t.width, j, acc[i][j]);
}

// kernels[columns - 1][rows - 1]
template <class T>
using TileKernel = void (*)(const Tile<T>&);
template <class T>
struct TileKernels {
  TileKernel<T> at[tile_columns_most][tile_rows_most];
};

template <class T, int columns, int rows>
constexpr void list_kernels(TileKernels<T>& kernels) {
  if constexpr (rows > 0) {
    kernels.at[columns - 1][rows - 1] = multiply_tile<T, rows, columns>;
    list_kernels<T, columns, rows - 1>(kernels);
  } else if constexpr (columns > 1) {
    list_kernels<T, columns - 1, tile_rows(columns - 1)>(kernels);
  }
}
template <class T>
constexpr TileKernels<T> list_kernels() {
  TileKernels<T> kernels{};
  list_kernels<T, tile_columns_most, tile_rows(tile_columns_most)>(kernels);
  return kernels;
}
template <class T>
constexpr TileKernels<T> tile_kernels = list_kernels<T>();

// --- panels of B ----------------------------------------------------------------------------------------------------
// Up to three vectors of columns, starting at first, the last of them at first + last.
struct Panel {
  int first, columns;
  std::int64_t last;
  int width;  // of a lone vector: how many of its columns exist
};

// columns * lanes consecutive elements for every k, from rows of B.
template <class T>
void pack_rows(const Panel& panel, int depth, const T* b, std::int64_t b_row, T* packed) {
  for (int k = 0; k < depth; k++, b += b_row) {
    for (int j = 0; j < panel.columns - 1; j++, packed += lanes<T>) store(packed, load(b + j * lanes<T>));
    store(packed, panel.width < lanes<T> ? load_part(b, panel.width) : load(b + panel.last));
    packed += lanes<T>;
  }
}

template <int... i>
struct Sequence {};
template <int n, int... i>
struct Count : Count<n - 1, n - 1, i...> {};
template <int... i>
struct Count<0, i...> {
  using Up = Sequence<i...>;
};

template <class T, int step, int... i>
FASTDL_INLINE void swap_blocks(Vec<T>& x, Vec<T>& y, Sequence<i...>) {
  const Vec<T> low = __builtin_shufflevector(x, y, (i & step ? lanes<T> + i - step : i)...);
  y = __builtin_shufflevector(x, y, (i & step ? lanes<T> + i : i + step)...);
  x = low;
}
// Lane i of x[j] and lane j of x[i] change places: blocks of 1, 2, 4 .. lanes off the diagonal are swapped.
template <class T, int step = 1>
FASTDL_INLINE void transpose(Vec<T> (&x)[lanes<T>]) {
  if constexpr (step < lanes<T>) {
#pragma GCC unroll 16
    for (int i = 0; i < lanes<T>; i++)
      if (!(i & step)) swap_blocks<T, step>(x[i], x[i + step], typename Count<lanes<T>>::Up{});
    transpose<T, step * 2>(x);
  }
}

// The same panel from B's columns, which are contiguous: B is a transposed matrix.
template <class T>
void pack_columns(const Panel& panel, int depth, const T* b, std::int64_t b_col, T* packed) {
  constexpr int w = lanes<T>;
  for (int j = 0; j < panel.columns; j++) {
    const T* column = b + (j == panel.columns - 1 ? panel.last : j * w) * b_col;
    for (int k = 0; k < depth; k += w) {
      const int count = least(w, depth - k);
      Vec<T> x[w];
#pragma GCC unroll 16
      for (int i = 0; i < w; i++) x[i] = load_part(column + least(i, panel.width - 1) * b_col + k, count);
      transpose<T>(x);
#pragma GCC unroll 16
      for (int i = 0; i < w; i++)
        if (i < count) store(packed + ((k + i) * panel.columns + j) * w, x[i]);
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
Panel panel_of(const Gemm<T>& g, Range vectors) {
  const int first = vectors.begin * lanes<T>, columns = vectors.end - vectors.begin;
  const int width = least<int>(g.n - first, columns * lanes<T>);
  if (columns == 1) return {first, 1, 0, width};
  return {first, columns, width - lanes<T>, lanes<T>};
}

template <class T>
void multiply_panel(const Gemm<T>& g, Range rows, const Panel& panel, T* packed) {
  const std::int64_t count = rows.end - rows.begin, tiles = ceil_div<std::int64_t>(count, tile_rows(panel.columns));
  const bool pack = g.b.col != 1 || count >= rows_worth_packing || panel.width < lanes<T>;
  Tile<T> t;
  t.a_row = g.a.row, t.a_col = g.a.col, t.c_row = g.n, t.c_last = panel.last, t.width = panel.width;
  for (int k = 0; k < g.depth; k += panel_depth) {
    t.depth = least(panel_depth, g.depth - k);
    t.resume = k > 0;
    t.bias = g.bias && k + t.depth == g.depth ? g.bias + panel.first : nullptr;
    t.b = g.b.data + k * g.b.row + panel.first * g.b.col, t.b_row = g.b.row, t.b_last = panel.last;
    if (pack) {
      if (g.b.col == 1)
        pack_rows(panel, t.depth, t.b, g.b.row, packed);
      else
        pack_columns(panel, t.depth, t.b, g.b.col, packed);
      t.b = packed, t.b_row = panel.columns * lanes<T>, t.b_last = t.b_row - lanes<T>;
    }
    for (std::int64_t tile = 0; tile < tiles; tile++) {
      const Range r = part(rows, tile, tiles);
      t.a = g.a.data + r.begin * g.a.row + k * g.a.col;
      t.c = g.c + r.begin * g.n + panel.first;
      tile_kernels<T>.at[panel.columns - 1][r.end - r.begin - 1](t);
    }
  }
}

// How many parts of the rows of C for a team: as even as can be, packing B counted as four rows.
FASTDL_INLINE int row_parts(int threads, std::int64_t m, std::int64_t vectors) {
  int best = 1;
  std::int64_t least_work = -1;
  for (int parts = 1; parts <= threads; parts++) {
    if (threads % parts) continue;
    const std::int64_t work = (ceil_div<std::int64_t>(m, parts) + 4) * ceil_div<std::int64_t>(vectors, threads / parts);
    if (least_work < 0 || work < least_work) best = parts, least_work = work;
  }
  return best;
}

template <class T>
constexpr std::size_t panel_size = panel_depth * tile_columns_most * lanes<T>;  // scratch of one thread

template <class T>
void gemm(const Team& team, const Gemm<T>& g, T* scratch) {
  const std::int64_t all = ceil_div(g.n, lanes<T>);
  const int down = row_parts(team.size, g.m, all), across = team.size / down;
  const Range rows = part({0, g.m}, team.rank / across, down), vectors = part({0, all}, team.rank % across, across);
  const std::int64_t blocks = ceil_div<std::int64_t>(rows.end - rows.begin, block_rows);
  const std::int64_t panels = ceil_div<std::int64_t>(vectors.end - vectors.begin, tile_columns_most);
  for (std::int64_t block = 0; block < blocks; block++)
    for (std::int64_t p = 0; p < panels; p++)
      multiply_panel(g, part(rows, block, blocks), panel_of(g, part(vectors, p, panels)),
                     scratch + team.rank * panel_size<T>);
  team.sync();
}
