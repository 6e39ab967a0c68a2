// Winograd's F(4x4, 3x3): 16 outputs of a 3x3 correlation from 6x6 inputs with 36 products instead of 144,
//   y = A^T ((G w G^T) . (B^T x B)) A          (Lavin and Gray 2016, arXiv:1509.09308)
//   dw = G^T ((A dy A^T) . (B^T x B)) G        summed over tiles and samples
// A point is one of the 36 places (row, column) of the transformed tile: polynomials taken at 0, p, -p, q, -q and
// infinity in both directions. With p = 5/8, q = 3/2 all constants of A and B are exact, and the error is a half (on
// average) to a fifth (at worst) of that with the usual 1 and 2.
#pragma once

#include "kernels/cpu/conv2d/tile.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr int winograd_outputs = 4, winograd_inputs = 6, winograd_points = 36;
constexpr float wp = 5. / 8, wq = 3. / 2, wp2 = wp * wp, wq2 = wq * wq, wp3 = wp * wp2, wq3 = wq * wq2;
constexpr float wg0 = 1 / (double(wp2) * wq2);  // the rows of G: one over the products of the points' distances
constexpr float wgp = 1 / (2 * double(wp2) * (wp2 - wq2)), wgq = 1 / (2 * double(wq2) * (wq2 - wp2));

struct WinogradTile {
  int block, row, column;  // of its first output
  int index = 0;           // among those of its map
  int together = 1;        // it and those behind it share a vector
};

// The tiles of all blocks, one after another. Of a last block with few samples, several tiles share a vector, whose
// lanes would be idle: each has a part of so many lanes as there are samples, rounded up to a power of two.
struct WinogradGrid {
  int blocks, h, w, oh, ow, top, left;
  int together = 1;  // tiles of the last block in a vector
  int down() const { return ceil_div(oh, winograd_outputs); }
  int across() const { return ceil_div(ow, winograd_outputs); }
  int map_tiles() const { return down() * across(); }
  int full_tiles() const { return (blocks - (together > 1)) * map_tiles(); }
  int tiles() const { return full_tiles() + (together > 1 ? ceil_div(map_tiles(), together) : 0); }
  WinogradTile tile(int i) const {
    if (i < full_tiles()) return tile_of_map(i / map_tiles(), i % map_tiles());
    WinogradTile first = tile_of_map(blocks - 1, (i - full_tiles()) * together);
    first.together = together;
    return first;
  }
  // The q-th that shares a vector with `first`; outside the map where there are no more.
  WinogradTile beside(const WinogradTile& first, int q) const { return tile_of_map(first.block, first.index + q); }

 private:
  WinogradTile tile_of_map(int block, int i) const {
    const int row = i < map_tiles() ? i / across() * winograd_outputs : most(h, oh) + winograd_inputs;
    return {block, row, i % across() * winograd_outputs, i};
  }
};
template <class T>
int tiles_together(int samples) {
  int together = 1;
  while (samples % lanes<T> != 0 && samples % lanes<T> * together * 2 <= lanes<T>) together *= 2;
  return together;
}

// Call with(Lanes<n>{}) for the n lanes of a part of a vector.
template <int n>
struct Lanes {
  static constexpr int count = n;
};
template <class T, int n = lanes<T> / 2, class F>
FASTDL_INLINE void with_lanes_of(int together, F with) {
  if (n == 1 || lanes<T> / n == together)
    with(Lanes<n>{});
  else if constexpr (n > 1)
    with_lanes_of<T, n / 2>(together, with);
}

template <class T>
struct Patch {
  const T* at;
  std::int64_t row;  // from one to the next
};

// Rows x columns vectors of a map (h, w, lanes) from (row, column) on: in place, or where some lie outside the map a
// copy with zeros.
template <class T, int rows, int columns>
FASTDL_INLINE Patch<T> patch_of(const T* map, int h, int w, int row, int column, Vec<T> (&space)[rows][columns]) {
  const std::int64_t stride = std::int64_t(w) * lanes<T>;
  const T* at = map + row * stride + column * lanes<T>;
  if (row >= 0 && column >= 0 && row + rows <= h && column + columns <= w) return {at, stride};
  for (int i = 0; i < rows; i++) {
    const bool inside = row + i >= 0 && row + i < h;
    for (int j = 0; j < columns; j++)
      space[i][j] = inside && column + j >= 0 && column + j < w ? load(at + i * stride + j * lanes<T>) : Vec<T>{};
  }
  return {reinterpret_cast<const T*>(space), columns * lanes<T>};
}

// The same for tiles that share vectors: each vector is put together of parts.
template <class T, int rows, int columns>
__attribute__((noinline)) Patch<T> patches_of(const WinogradGrid& s, const T* map, const WinogradTile& first,
                                              Vec<T> (&space)[rows][columns]) {
  with_lanes_of<T>(first.together, [&](auto part) {
    for (int q = 0; q < first.together; q++) {
      const WinogradTile tile = s.beside(first, q);
      for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
          const int row = tile.row - s.top + i, column = tile.column - s.left + j;
          T* to = reinterpret_cast<T*>(&space[i][j]) + q * part.count;
          if (row >= 0 && row < s.h && column >= 0 && column < s.w)
            __builtin_memcpy(to, map + (std::int64_t(row) * s.w + column) * lanes<T>, part.count * sizeof(T));
          else
            __builtin_memset(to, 0, part.count * sizeof(T));
        }
    }
  });
  return {reinterpret_cast<const T*>(space), columns * lanes<T>};
}

// Of a sum of two products only the other may be fused with the addition: the compiler must not choose, for a sample
// alone gets the same bits as among others (lone.hpp).
template <class V>
FASTDL_INLINE V rounded(V product) {
  FASTDL_IN_REGISTER(product);
  return product;
}

// The transforms work on halves, three of the six rows of points, so that what is between their two directions stays
// in registers. All take x(i) and give three values, or more.
template <class V>
struct Three {
  V a, b, c;
};
template <int half, class V>
FASTDL_INLINE Three<V> input_points(V d0, V d1, V d2, V d3, V d4, V d5) {  // B^T d
  if constexpr (half == 0) {
    const V even = d4 - wq2 * d2, odd = d3 - wq2 * d1;
    return {wp2 * wq2 * d0 + (d4 - (wp2 + wq2) * d2), even + wp * odd, even - wp * odd};
  } else {
    const V even = d4 - wp2 * d2, odd = d3 - wp2 * d1;
    return {even + wq * odd, even - wq * odd, wp2 * wq2 * d1 + (d5 - (wp2 + wq2) * d3)};
  }
}
template <int half, class V>
FASTDL_INLINE Three<V> gradient_points(V d0, V d1, V d2, V d3) {  // A d
  if constexpr (half == 0) {
    const V even = d0 + wp2 * d2, odd = wp * d1 + wp3 * d3;
    return {d0, even + odd, even - odd};
  } else {
    const V even = d0 + wq2 * d2, odd = wq * d1 + wq3 * d3;
    return {even + odd, even - odd, d3};
  }
}
template <int half, class V>
FASTDL_INLINE Three<V> weight_points(V w0, V w1, V w2) {  // G w
  if constexpr (half == 0) {
    const V even = wgp * w0 + rounded(wgp * wp2 * w2), odd = wgp * wp * w1;
    return {wg0 * w0, even + odd, even - odd};
  } else {
    const V even = wgq * w0 + rounded(wgq * wq2 * w2), odd = wgq * wq * w1;
    return {even + odd, even - odd, w2};
  }
}

// put(point, value) for the points of one half of B^T x B.
template <int half, class T, class Put>
FASTDL_INLINE void transform_input(const Patch<T>& x, Put put) {
  using V = Vec<T>;
  V m[3][6];
#pragma GCC unroll 6
  for (int j = 0; j < 6; j++) {
    const auto d = [&](int i) { return load(x.at + i * x.row + j * lanes<T>); };
    const Three<V> p = input_points<half, V>(half == 0 ? d(0) : V{}, d(1), d(2), d(3), d(4), half == 1 ? d(5) : V{});
    m[0][j] = p.a, m[1][j] = p.b, m[2][j] = p.c;
  }
#pragma GCC unroll 3
  for (int i = 0; i < 3; i++) {
    const V* d = m[i];
    const Three<V> p = input_points<0, V>(d[0], d[1], d[2], d[3], d[4], d[5]);
    const Three<V> q = input_points<1, V>(d[0], d[1], d[2], d[3], d[4], d[5]);
    const int k = (half * 3 + i) * 6;
    put(k, p.a), put(k + 1, p.b), put(k + 2, p.c), put(k + 3, q.a), put(k + 4, q.b), put(k + 5, q.c);
  }
}

// put(point, value) for the points of one half of A dy A^T; dy(i, j) gives a vector.
template <int half, class V, class Get, class Put>
FASTDL_INLINE void transform_gradient(Get dy, Put put) {
  V m[3][4];
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const Three<V> p = gradient_points<half, V>(dy(0, j), dy(1, j), dy(2, j), dy(3, j));
    m[0][j] = p.a, m[1][j] = p.b, m[2][j] = p.c;
  }
#pragma GCC unroll 3
  for (int i = 0; i < 3; i++) {
    const V* d = m[i];
    const Three<V> p = gradient_points<0, V>(d[0], d[1], d[2], d[3]);
    const Three<V> q = gradient_points<1, V>(d[0], d[1], d[2], d[3]);
    const int k = (half * 3 + i) * 6;
    put(k, p.a), put(k + 1, p.b), put(k + 2, p.c), put(k + 3, q.a), put(k + 4, q.b), put(k + 5, q.c);
  }
}

// put(point, value) for the points of one half of G w G^T; w(a, b) gives a vector.
template <int half, class V, class Get, class Put>
FASTDL_INLINE void transform_weight(Get w, Put put) {
  V m[3][3];
#pragma GCC unroll 3
  for (int b = 0; b < 3; b++) {
    const Three<V> p = weight_points<half, V>(w(0, b), w(1, b), w(2, b));
    m[0][b] = p.a, m[1][b] = p.b, m[2][b] = p.c;
  }
#pragma GCC unroll 3
  for (int i = 0; i < 3; i++) {
    const V* d = m[i];
    const Three<V> p = weight_points<0, V>(d[0], d[1], d[2]);
    const Three<V> q = weight_points<1, V>(d[0], d[1], d[2]);
    const int k = (half * 3 + i) * 6;
    put(k, p.a), put(k + 1, p.b), put(k + 2, p.c), put(k + 3, q.a), put(k + 4, q.b), put(k + 5, q.c);
  }
}

// A^T m, and G^T m: from six points back.
template <class V>
FASTDL_INLINE void output_of_points(V m0, V m1, V m2, V m3, V m4, V m5, V (&y)[4]) {
  const V p = m1 + m2, dp = m1 - m2, q = m3 + m4, dq = m3 - m4;
  y[0] = m0 + p + q;
  y[1] = wp * dp + rounded(wq * dq);
  y[2] = wp2 * p + rounded(wq2 * q);
  y[3] = wp3 * dp + (wq3 * dq + m5);
}
template <class V>
FASTDL_INLINE void weight_of_points(V m0, V m1, V m2, V m3, V m4, V m5, V (&w)[3]) {
  const V p = wgp * (m1 + m2), dp = wgp * (m1 - m2), q = wgq * (m3 + m4), dq = wgq * (m3 - m4);
  w[0] = wg0 * m0 + p + q;
  w[1] = wp * dp + wq * dq;
  w[2] = wp2 * p + wq2 * q + m5;
}

// A^T m A, or G^T m G: side x side vectors; get(point) gives one.
template <int side, class V, class Get, class Back>
FASTDL_INLINE void transform_back(Get get, Back back, V (&y)[side][side]) {
  V columns[6][side];
#pragma GCC unroll 6
  for (int j = 0; j < 6; j++) back(get(j), get(6 + j), get(12 + j), get(18 + j), get(24 + j), get(30 + j), columns[j]);
#pragma GCC unroll 4
  for (int i = 0; i < side; i++)
    back(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i], y[i]);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
