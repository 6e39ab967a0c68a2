// Embedding: y (rows, units) = table (symbols, units)[ids]. Backward the rows are sorted by their symbols, in blocks,
// then across blocks; sums go over pieces of the sorted rows, and symbols that lie in more than one piece are joined
// from those. So a symbol that is half of all rows is as quick as others, and the order of additions is always the
// same.
#pragma once

#include "kernels/cuda/each.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class Id>
FASTDL_INLINE std::int64_t symbol_of(Id id, int symbols) {  // never outside of the table, whatever the id
  return id >= 0 && id < Id(symbols) ? std::int64_t(id) : 0;
}

template <class T, class Id>
void embedding_forward(const Team& team, int rows, int symbols, int units, const Id* ids, const T* table, T* y) {
  for_each(team, std::int64_t(rows) * units, [=] __device__(std::int64_t k) {
    const std::int64_t row = k / units;
    y[k] = table[symbol_of(ids[row], symbols) * units + k - row * units];
  });
}

// --- rows in the order of (symbol, row), which are one number
constexpr int sorted_together = 2048, rows_of_piece = 32;
constexpr std::uint64_t no_row = ~0ull;

// keys (rows,), sorted in each block's part of them (bitonic: Batcher 1968), twice as many as the block has threads
template <class Id>
__global__ void sort_symbols(int rows, int symbols, const Id* ids, std::uint64_t* keys) {
  SHARED(std::uint64_t, part, [sorted_together]);
  const int threads = int(blockDim.x), together = 2 * threads;
  const int first = int(blockIdx.x) * together, thread = int(threadIdx.x);
  for (int k = thread; k < together; k += threads) {
    const int row = first + k;
    part[k] = row < rows ? std::uint64_t(symbol_of(ids[row], symbols)) << 32 | unsigned(row) : no_row;
  }
  for (int size = 2; size <= together; size *= 2)
    for (int far = size / 2; far; far /= 2) {
      __syncthreads();
      const int low = 2 * thread - (thread & (far - 1)), high = low + far;  // far is a power of 2
      const bool rising = (low & size) == 0;
      const std::uint64_t a = part[low], b = part[high];
      if ((a > b) == rising) part[low] = b, part[high] = a;
    }
  __syncthreads();
  for (int k = thread; k < together; k += threads)
    if (first + k < rows) keys[first + k] = part[k];
}

// sorted[place of keys[k] among all] = keys[k]: its place in its own part, and how many of the others' are smaller
inline void merge_parts(const Team& team, int rows, const std::uint64_t* keys, std::uint64_t* sorted) {
  for_each(team, rows, [=] __device__(std::int64_t k) {
    const std::uint64_t key = keys[k];
    int place = 0;
    for (int first = 0; first < rows; first += sorted_together) {
      int low = first, high = least(first + sorted_together, rows);  // the first that is not smaller is between
      while (low < high) {
        const int middle = (low + high) / 2;
        if (keys[middle] < key)
          low = middle + 1;
        else
          high = middle;
      }
      place += low - first;
    }
    sorted[place] = key;
  });
}

// --- sums of pieces
struct SortedRows {
  int rows;
  const std::uint64_t* keys;
  FASTDL_INLINE std::int64_t symbol(int k) const { return std::int64_t(keys[k] >> 32); }
  FASTDL_INLINE std::int64_t row(int k) const { return std::int64_t(keys[k] & 0xffffffff); }
  FASTDL_INLINE bool begins(int k) const { return k == 0 || symbol(k) != symbol(k - 1); }  // a symbol
  FASTDL_INLINE bool ends(int k) const { return k == rows - 1 || symbol(k) != symbol(k + 1); }
  FASTDL_INLINE int pieces() const { return ceil_div(rows, rows_of_piece); }
};

// A thread has a unit of a piece. edges (pieces, 2, units): of a symbol that goes on from the piece before, or only
// into the next.
template <class T>
void sum_pieces(const Team& team, const SortedRows& all, int units, const T* dy, T* dtable, T* edges) {
  for_each(team, std::int64_t(all.pieces()) * units, [=] __device__(std::int64_t at) {
    const std::int64_t piece = at / units, j = at - piece * units;
    const int first = int(piece) * rows_of_piece, last = least(first + rows_of_piece, all.rows);
    T sum = 0;
    bool whole = all.begins(first);
    for (int k = first; k < last; k++) {
      sum += dy[all.row(k) * units + j];
      const bool ends = all.ends(k);
      if (!ends && k + 1 < last) continue;
      T& to = !whole ? edges[piece * 2 * units + j]
              : ends ? dtable[all.symbol(k) * units + j]
                     : edges[(piece * 2 + 1) * units + j];
      to = whole && ends ? to + sum : sum;
      sum = 0, whole = true;
    }
  });
}
// A piece whose last symbol begins in it and goes on joins the sums of that.
template <class T>
void join_pieces(const Team& team, const SortedRows& all, int units, const T* edges, T* dtable) {
  for_each(team, std::int64_t(all.pieces() - 1) * units, [=] __device__(std::int64_t at) {
    const std::int64_t piece = at / units, j = at - piece * units;
    const int first = int(piece) * rows_of_piece;
    int next = first + rows_of_piece;
    const std::int64_t symbol = all.symbol(next - 1);
    if (all.ends(next - 1) || (all.symbol(first) == symbol && !all.begins(first))) return;
    T sum = edges[(piece * 2 + 1) * units + j];
    for (std::int64_t p = piece + 1; next < all.rows && all.symbol(next) == symbol; p++, next += rows_of_piece)
      sum += edges[p * 2 * units + j];
    dtable[symbol * units + j] += sum;
  });
}

template <class T, class Id>
void embedding_backward(const Team& team, int rows, int symbols, int units, const Id* ids, const T* dy, T* dtable) {
  const std::int64_t size = std::int64_t(symbols) * units;
  if (size > 0) cudaMemsetAsync(dtable, 0, size * sizeof(T), stream_of(team));
  // As many rows at once as the workspace has room for
  const std::int64_t bytes_of_piece = 2 * rows_of_piece * sizeof(std::uint64_t) + 2 * units * sizeof(T);
  const int most_rows = int(workspace_bytes / bytes_of_piece) * rows_of_piece;
  for (int first = 0; first < rows; first += most_rows) {
    const int count = least(most_rows, rows - first);
    auto* const keys = static_cast<std::uint64_t*>(queue_of(team).workspace);
    T* const edges = reinterpret_cast<T*>(keys + 2 * std::int64_t(count));
    unsigned threads = 32;
    while (2 * threads < sorted_together && int(2 * threads) < count) threads *= 2;
    const unsigned parts = ceil_div(unsigned(count), 2 * threads);
    launch({parts, threads, 0, stream_of(team)}, sort_symbols<Id>, count, symbols, ids + first, keys);
    if (parts > 1) merge_parts(team, count, keys, keys + count);
    const SortedRows sorted{count, parts > 1 ? keys + count : keys};
    sum_pieces(team, sorted, units, dy + std::int64_t(first) * units, dtable, edges);
    join_pieces(team, sorted, units, edges, dtable);
  }
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
