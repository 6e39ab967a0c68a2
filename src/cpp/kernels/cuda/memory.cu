// Values as they are, whole or some channels of them, and their sum.
#include "kernels/cuda/copy.hpp"
#include "kernels/cuda/sums.hpp"
#include "kernels/cuda/tables.hpp"
#include "kernels/memory.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void copy(const Team& team, std::int64_t count, const T* x, T* y) {
  copy_values(team, count, x, y);
}

template <class T>
void fill(const Team& team, std::int64_t count, T value, T* y) {
  for_each(team, count, [=] __device__(std::int64_t i) { y[i] = value; });
}

// --- some channels of a whole: rows and images alike are rows of channels
// ---------------------------------------------
struct Placed {
  std::int64_t channels, width, first;
  __device__ std::int64_t operator()(std::int64_t i) const {  // in the whole, of element i of the slice
    const std::int64_t row = i / channels;
    return row * width + first + (i - row * channels);
  }
};
inline Placed placed(const ChannelSlice& s) { return {s.channels, s.whole.channels, s.first}; }
inline std::int64_t size_of(const ChannelSlice& s) {
  return std::int64_t(s.whole.n) * (s.whole.image ? s.whole.pixels : 1) * s.channels;
}

template <class T>
void put_slice(const Team& team, const ChannelSlice& s, const T* slice, T* whole) {
  const Placed at = placed(s);
  for_each(team, size_of(s), [=] __device__(std::int64_t i) { whole[at(i)] = slice[i]; });
}
template <class T>
void take_slice(const Team& team, const ChannelSlice& s, const T* whole, T* slice) {
  const Placed at = placed(s);
  for_each(team, size_of(s), [=] __device__(std::int64_t i) { slice[i] = whole[at(i)]; });
}
template <class T>
void add_slice(const Team& team, const ChannelSlice& s, const T* whole, T* slice) {
  const Placed at = placed(s);
  for_each(team, size_of(s), [=] __device__(std::int64_t i) { slice[i] += whole[at(i)]; });
}

template <class T>
void sum(const Team& team, std::int64_t count, const T* x, double* total) {
  sum_of(team, count, Term<T>{x}, total);
}

template <class T>
void add_scaled(const Team& team, double factor, const double* a, const double* b, const double* norm, double* total) {
  for_each(team, 1,
           [=] __device__(std::int64_t) { *total += factor * (a ? *a : 1.0) * (b ? *b : 1.0) / (norm ? *norm : 1.0); });
}

template <class T>
constexpr MemoryKernels<T> memory_rows() {
  return {
      .copy = copy<T>,
      .fill = fill<T>,
      .put_slice = put_slice<T>,
      .take_slice = take_slice<T>,
      .add_slice = add_slice<T>,
      .sum = sum<T>,
      .add_scaled = add_scaled<T>,
  };
}

}  // namespace

FASTDL_ROWS(MemoryKernels, memory)

}  // namespace fastdl::FASTDL_ISA
