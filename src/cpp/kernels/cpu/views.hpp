// Ways to walk over a tensor: all elements; channel after channel; site after site, a site being a sample's row or one
// pixel of it. A kernel says once what happens to a vector `at` some place; the views know rows and images, short
// vectors, the lanes past n, and which part is this thread's.
#pragma once

#include "kernels/cpu/reduce.hpp"
#include "kernels/shapes.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr std::int64_t share_chunk = 1024;  // threads split a flat array at its multiples

// --- all elements ---------------------------------------------------------------------------------------------------
template <class T>
struct Slice {  // count elements from offset i; lanes past count read zero
  std::int64_t i;
  int count;
  FASTDL_INLINE Vec<T> read(const T* p) const { return count == lanes<T> ? load(p + i) : load_part(p + i, count); }
  FASTDL_INLINE void write(T* p, Vec<T> x) const { count == lanes<T> ? store(p + i, x) : store_part(p + i, x, count); }
};
template <class T, class F>
FASTDL_INLINE void for_slices(std::int64_t begin, std::int64_t end, F f) {
  for (std::int64_t i = begin; i < end; i += lanes<T>) f(Slice<T>{i, int(least<std::int64_t>(lanes<T>, end - i))});
}
template <class T, class F>
FASTDL_INLINE void each_slice(const Team& team, std::int64_t n, F f) {
  Range part = team.share(ceil_div(n, share_chunk));
  for_slices<T>(part.begin * share_chunk, least(part.end * share_chunk, n), f);
  team.sync();
}

// --- one channel of images, or a vector of channels of rows ---------------------------------------------------------
template <class T>
struct ImageChannel {
  struct At {
    std::int64_t i, site;
    int live;  // lanes that are samples
    FASTDL_INLINE Vec<T> read(const T* p) const { return load(p + i); }
    FASTDL_INLINE void write(T* p, Vec<T> x) const { store(p + i, x); }
    FASTDL_INLINE void write_live(T* p, Vec<T> x) const { store(p + i, live < lanes<T> ? keep_lanes(x, live) : x); }
    FASTDL_INLINE Vec<T> of_site(const T* p) const { return load(p + site); }
  };
  const NormShape& s;
  int c;
  FASTDL_INLINE Vec<T> get(const T* p) const { return splat(p[c]); }
  FASTDL_INLINE void put(T* p, Vec<T> x) const { p[c] = x[0]; }
  FASTDL_INLINE int blocks() const { return ceil_div(s.n, lanes<T>); }
  FASTDL_INLINE At at(std::int64_t block, std::int64_t pixel) const {
    return {((block * s.channels + c) * s.pixels + pixel) * lanes<T>, (block * s.pixels + pixel) * lanes<T>,
            least<int>(lanes<T>, s.n - int(block) * lanes<T>)};
  }
  template <class F>
  FASTDL_INLINE void each(F f) const {
    for (int block = 0; block < blocks(); block++)
      for (int pixel = 0; pixel < s.pixels; pixel++) f(at(block, pixel));
  }
  template <class F>
  FASTDL_INLINE auto sum(F f) const {  // over samples and pixels
    PairwiseSum<decltype(f(at(0, 0)))> sum;
    for (int block = 0; block < blocks(); block++) {
      auto part = sum_of(s.pixels, [&](std::int64_t pixel) { return f(at(block, pixel)); });
      sum.add(keep_lanes(part, s.n - block * lanes<T>));
    }
    return spread_sum(sum.total());
  }
};
template <class T>
struct RowChannels {
  struct At : Slice<T> {
    std::int64_t row;
    FASTDL_INLINE void write_live(T* p, Vec<T> x) const { this->write(p, x); }
    FASTDL_INLINE Vec<T> of_site(const T* p) const { return splat(p[row]); }
  };
  const NormShape& s;
  Slice<T> channels;
  Range rows;  // that each() meets
  FASTDL_INLINE Vec<T> get(const T* p) const { return channels.read(p); }
  FASTDL_INLINE void put(T* p, Vec<T> x) const { channels.write(p, x); }
  FASTDL_INLINE At at(std::int64_t row) const { return {{row * s.channels + channels.i, channels.count}, row}; }
  template <class F>
  FASTDL_INLINE void each(F f) const {
    for (std::int64_t row = rows.begin; row < rows.end; row++) f(at(row));
  }
  template <class F>
  FASTDL_INLINE auto sum(F f) const {
    return sum_of(s.n, [&](std::int64_t row) { return f(at(row)); });
  }
};
template <class T, class F>
FASTDL_INLINE void each_channel(const Team& team, const NormShape& s, F f) {
  if (s.image) {
    Range part = team.share(s.channels);
    for (std::int64_t c = part.begin; c < part.end; c++) f(ImageChannel<T>{s, int(c)});
  } else {
    Range part = team.share(ceil_div(s.channels, lanes<T>));
    for_slices<T>(part.begin * lanes<T>, least<std::int64_t>(part.end * lanes<T>, s.channels),
                  [&](Slice<T> channels) { f(RowChannels<T>{s, channels, {0, s.n}}); });
  }
  team.sync();
}
// The same for what sums nothing: threads share the rows, if there are so many, as the layers before and after them do.
template <class T, class F>
FASTDL_INLINE void each_channel_apart(const Team& team, const NormShape& s, F f) {
  if (s.image || s.n < team.size) return each_channel<T>(team, s, f);
  for_slices<T>(0, s.channels, [&](Slice<T> channels) { f(RowChannels<T>{s, channels, team.share(s.n)}); });
  team.sync();
}

// --- one row, or one pixel of a block of images ---------------------------------------------------------------------
template <class T>
struct RowSite {
  struct At : Slice<T> {
    std::int64_t channel;
    FASTDL_INLINE Vec<T> of_channel(const T* p) const { return Slice<T>{channel, this->count}.read(p); }
  };
  int channels;
  std::int64_t row;
  FASTDL_INLINE Vec<T> get(const T* p) const { return splat(p[row]); }
  FASTDL_INLINE void put(T* p, Vec<T> x) const { p[row] = x[0]; }
  template <class F>
  FASTDL_INLINE void each(F f) const {
    for_slices<T>(0, channels, [&](Slice<T> c) { f(At{{row * channels + c.i, c.count}, c.i}); });
  }
  FASTDL_INLINE At at(std::int64_t i) const {  // the i-th vector
    const std::int64_t c = i * lanes<T>;
    return {{row * channels + c, int(least<std::int64_t>(lanes<T>, channels - c))}, c};
  }
  // The channels d further on; zero past either end.
  FASTDL_INLINE Vec<T> beside(const At& at, const T* p, int d) const {
    const std::int64_t first = at.channel + d;
    if (first >= 0 && first + lanes<T> <= channels) return load(p + at.i + d);
    Vec<T> x{};
    for (int l = 0; l < lanes<T>; l++)
      if (first + l >= 0 && first + l < channels) x[l] = p[at.i + d + l];
    return x;
  }
  template <class F>
  FASTDL_INLINE auto sum(F f) const {  // over channels
    if (channels > 16 * lanes<T>) return spread_sum(long_sum(f));
    decltype(part(f, 0)) total{};
    for (int i = 0; i < ceil_div(channels, lanes<T>); i++) total = total + part(f, i);
    return spread_sum(total);
  }
  template <class F>
  FASTDL_INLINE auto part(F f, std::int64_t i) const {
    const At at = this->at(i);
    const auto x = f(at);
    return at.count < lanes<T> ? keep_lanes(x, at.count) : x;
  }
  template <class F>  // apart, or the few instructions of a short row are not inlined
  __attribute__((noinline)) auto long_sum(F f) const {
    return sum_of(ceil_div(channels, lanes<T>), [&](std::int64_t i) { return part(f, i); });
  }
  template <class F>
  FASTDL_INLINE Vec<T> max(F f) const {
    Vec<T> lowest = splat(T(-__builtin_inf())), top = lowest;
    each([&](const At& at) { top = vmax(top, keep_lanes(f(at), at.count, lowest)); });
    return spread_max(top);
  }
};
template <class T>
struct ImageSite {
  struct At {
    std::int64_t i, channel;
    FASTDL_INLINE Vec<T> read(const T* p) const { return load(p + i); }
    FASTDL_INLINE void write(T* p, Vec<T> x) const { store(p + i, x); }
    FASTDL_INLINE Vec<T> of_channel(const T* p) const { return splat(p[channel]); }
  };
  const NormShape& s;
  std::int64_t site, first;  // offsets: in an array of sites, and of the first channel
  FASTDL_INLINE Vec<T> get(const T* p) const { return load(p + site); }
  FASTDL_INLINE void put(T* p, Vec<T> x) const { store(p + site, x); }
  FASTDL_INLINE At at(std::int64_t channel) const { return {first + channel * s.pixels * lanes<T>, channel}; }
  FASTDL_INLINE Vec<T> beside(const At& at, const T* p, int d) const {
    const bool there = at.channel + d >= 0 && at.channel + d < s.channels;
    return there ? this->at(at.channel + d).read(p) : Vec<T>{};
  }
  template <class F>
  FASTDL_INLINE void each(F f) const {
    for (int channel = 0; channel < s.channels; channel++) f(at(channel));
  }
  template <class F>
  FASTDL_INLINE auto sum(F f) const {
    return sum_of(s.channels, [&](std::int64_t channel) { return f(at(channel)); });
  }
  template <class F>
  FASTDL_INLINE Vec<T> max(F f) const {
    Vec<T> top = f(at(0));
    for (int channel = 1; channel < s.channels; channel++) top = vmax(top, f(at(channel)));
    return top;
  }
};
template <class T, class F>
FASTDL_INLINE void each_site(const Team& team, const NormShape& s, F f) {
  Range part = team.share(s.image ? std::int64_t(ceil_div(s.n, lanes<T>)) * s.pixels : s.n);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    if (s.image)
      f(ImageSite<T>{s, i * lanes<T>, (i / s.pixels * s.channels * s.pixels + i % s.pixels) * lanes<T>});
    else
      f(RowSite<T>{s.channels, i});
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
