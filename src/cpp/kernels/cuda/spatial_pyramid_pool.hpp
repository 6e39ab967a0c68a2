// Large parts of a map to rows: the whole of it (global pools), or l x l bins for each level l (spatial_pyramid_pool,
// He et al. 2014), level after level, row after row, each bin's channels side by side.
#pragma once

#include "kernels/cuda/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// --- y (n, bins, c): the mean, or the largest, of a part of each map
template <class T, int N>
struct Sum {
  Pack<T, N> value;
  FASTDL_INLINE void begin(const Pack<T, N>& x, int) { value = x; }
  FASTDL_INLINE void take(const Pack<T, N>& x, int) { value = value + x; }
  FASTDL_INLINE void merge(const Sum& other) { value = value + other.value; }
  FASTDL_INLINE void write(std::int64_t at, int pixels, T* y, Place<T>*) const {
    store(y + at, packed<T, N>([&](int k) { return value[k] / T(pixels); }));
  }
};
template <class T, int N>
struct Largest : Top<T, N> {
  FASTDL_INLINE void write(std::int64_t at, int, T* y, Place<T>* where) const {
    store(y + at, this->value), store(where + at, this->place);
  }
};

// A block has one part of a map and blockDim.x packs of its channels; blockDim.y threads share the pixels. Part(bin) is
// a Cut of the maps, w wide and of so many pixels.
template <class T, int N, class Found, class Part>
__global__ void pool_parts(std::int64_t units, int chunks, int bins, Part part, const T* x, T* y, Place<T>* where) {
  SHARED(Found, found, [block_threads]);
  const int across = blockDim.x, slices = blockDim.y, slice = threadIdx.y;
  for (std::int64_t unit = blockIdx.x; unit < units; unit += gridDim.x) {
    const std::int64_t row = unit / chunks;
    const int channel = (int(unit - row * chunks) * across + int(threadIdx.x)) * N;
    const Cut cut = part(int(row % bins));
    const int wide = cut.w1 - cut.w0, pixels = (cut.h1 - cut.h0) * wide, c = part.c;
    const T* from = x + row / bins * part.pixels * c + channel;
    const auto place = [&](int p) { return (cut.h0 + p / wide) * part.w + cut.w0 + p % wide; };
    Found own{};
    if (channel < c && slice < pixels) {
      own.begin(load<N>(from + std::int64_t(place(slice)) * c), place(slice));
      for (int p = slice + slices; p < pixels; p += slices)
        own.take(load<N>(from + std::int64_t(place(p)) * c), place(p));
      found[slice * across + threadIdx.x] = own;
    }
    __syncthreads();
    if (channel < c && slice == 0) {
      for (int k = 1; k < least(slices, pixels); k++) own.merge(found[k * across + threadIdx.x]);
      own.write(row * c + channel, pixels, y, where);
    }
    __syncthreads();
  }
}
template <class T, int N, template <class, int> class Found, class Part>
void launch_pool_parts(const Team& team, int n, int bins, const Part& part, const T* x, T* y, Place<T>* where) {
  int across = 1;  // up to 128 bytes
  while (across * N < part.c && across * N * int(sizeof(T)) < 128) across *= 2;
  const int chunks = ceil_div(part.c, across * N);
  const std::int64_t units = std::int64_t(n) * bins * chunks;
  if (units <= 0) return;
  launch(
      {unsigned(least(units, most_blocks)), {unsigned(across), unsigned(block_threads / across)}, 0, stream_of(team)},
      pool_parts<T, N, Found<T, N>, Part>, units, chunks, bins, part, x, y, where);
}
template <template <class, int> class Found, class T, class Part>
void pool_parts_forward(const Team& team, int n, int bins, const Part& part, const T* x, T* y, Place<T>* where) {
  if (part.c % pack<T> == 0 && takes_packs(x) && takes_packs(y) && takes_packs(where))
    launch_pool_parts<T, pack<T>, Found>(team, n, bins, part, x, y, where);
  else
    launch_pool_parts<T, 1, Found>(team, n, bins, part, x, y, where);
}

// --- global pools: images to rows (n, c)
struct WholeMap {
  int pixels, c, w;
  FASTDL_INLINE Cut operator()(int) const { return {0, 1, 0, pixels}; }
};

template <class T>
void global_avg_pool_forward(const Team& team, int n, int pixels, int c, const T* x, T* y) {
  pool_parts_forward<Sum>(team, n, 1, WholeMap{pixels, c, pixels}, x, y, static_cast<Place<T>*>(nullptr));
}

template <class T, int N>
struct GlobalAvgPoolBackward {
  int pixels, c;
  const T* dy;
  T* dx;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, 1, pixels, c);
    const Pack<T, N> d = load<N>(dy + at.sample * c + at.c);
    store(dx + i * N, packed<T, N>([&](int k) { return d[k] / T(pixels); }));
  }
};
template <class T>
void global_avg_pool_backward(const Team& team, int n, int pixels, int c, const T* dy, T* dx) {
  for_each_pack<GlobalAvgPoolBackward, T>(team, std::int64_t(n) * pixels * c, c, pixels, c, dy, dx);
}

template <class T>
void global_max_pool_forward(const Team& team, int n, int pixels, int c, const T* x, T* y, T* where) {
  pool_parts_forward<Largest>(team, n, 1, WholeMap{pixels, c, pixels}, x, y, places(where));
}

template <class T, int N>
struct GlobalMaxPoolBackward {
  int pixels, c;
  const T* dy;
  const Place<T>* where;
  T* dx;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, 1, pixels, c);
    const Pack<T, N> d = load<N>(dy + at.sample * c + at.c);
    const Pack<Place<T>, N> taken = load<N>(where + at.sample * c + at.c);
    store(dx + i * N, packed<T, N>([&](int k) { return taken[k] == at.w ? d[k] : T(0); }));
  }
};
template <class T>
void global_max_pool_backward(const Team& team, int n, int pixels, int c, const T* dy, const T* where, T* dx) {
  for_each_pack<GlobalMaxPoolBackward, T>(team, std::int64_t(n) * pixels * c, c, pixels, c, dy, places(where), dx);
}

// --- spatial_pyramid_pool
struct PyramidBin {
  int pixels, c, w, h;
  const int* levels;
  // Of level l, row or column i of `size`: from floor(i size / l) to ceil((i + 1) size / l).
  static FASTDL_INLINE int begin(std::int64_t i, int size, int l) { return int(i * size / l); }
  static FASTDL_INLINE int end(std::int64_t i, int size, int l) { return int(((i + 1) * size + l - 1) / l); }
  FASTDL_INLINE Cut cut(int l, int i, int j) const {
    return {begin(i, h, l), end(i, h, l), begin(j, w, l), end(j, w, l)};
  }
  FASTDL_INLINE Cut operator()(int bin) const {
    const int* level = levels;
    for (; bin >= *level * *level; level++) bin -= *level * *level;
    return cut(*level, bin / *level, bin % *level);
  }
};
inline PyramidBin bin_of(const PyramidShape& s) { return {s.h * s.w, s.c, s.w, s.h, s.levels}; }

template <class T>
void spatial_pyramid_pool_forward(const Team& team, const PyramidShape& s, const T* x, T* y, T* where) {
  if (s.average)
    pool_parts_forward<Sum>(team, s.n, s.bins, bin_of(s), x, y, static_cast<Place<T>*>(nullptr));
  else
    pool_parts_forward<Largest>(team, s.n, s.bins, bin_of(s), x, y, places(where));
}

template <class T, int N>
struct SpatialPyramidPoolBackward {
  PyramidShape s;
  PyramidBin bin;
  const T* dy;
  const Place<T>* where;
  T* dx;
  __device__ void operator()(std::int64_t i) const {
    const Site at = site_of<N>(i, s.h, s.w, s.c);
    const std::int64_t start = at.sample * s.bins * s.c + at.c;
    Pack<T, N> sum{};
    for (int k = 0, before = 0; k < s.n_levels; k++) {
      const int l =
          s.levels[k];  // pixel h is in bins floor(h l / size) to ceil((h + 1) l / size): l and size change places
      const Cut over{PyramidBin::begin(at.h, l, s.h), PyramidBin::end(at.h, l, s.h), PyramidBin::begin(at.w, l, s.w),
                     PyramidBin::end(at.w, l, s.w)};
      each_pixel(over, l, [&](int b) {
        const std::int64_t o = start + std::int64_t(before + b) * s.c;
        const Pack<T, N> d = load<N>(dy + o);
        sum = sum + (s.average ? shared_out(d, bin.cut(l, b / l, b % l)) : taken_here(d, o, at.h * s.w + at.w));
      });
      before += l * l;
    }
    store(dx + i * N, sum);
  }
  FASTDL_INLINE Pack<T, N> shared_out(const Pack<T, N>& d, const Cut& cut) const {
    return d * (T(1) / T((cut.h1 - cut.h0) * (cut.w1 - cut.w0)));
  }
  FASTDL_INLINE Pack<T, N> taken_here(const Pack<T, N>& d, std::int64_t o, Place<T> here) const {
    const Pack<Place<T>, N> taken = load<N>(where + o);
    return packed<T, N>([&](int k) { return taken[k] == here ? d[k] : T(0); });
  }
};
template <class T>
void spatial_pyramid_pool_backward(const Team& team, const PyramidShape& s, const T* dy, const T* where, T* dx) {
  for_each_pack<SpatialPyramidPoolBackward, T>(team, std::int64_t(s.n) * s.h * s.w * s.c, s.c, s, bin_of(s), dy,
                                               places(where), dx);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
