// Ways to walk over a tensor: all elements; channel after channel; site after site, a site being a sample's row or one
// pixel of it. A kernel says once what happens to a vector `at` some place; the views know rows and images, short
// vectors, the lanes past n, and which part is this thread's. Sums are taken in an order that only the shape decides.
#pragma once

constexpr std::int64_t share_chunk = 1024;  // threads split a flat array at its multiples

template <class V>
FASTDL_INLINE V keep_lanes(V x, int count, V other = V{}) {  // x in the first count lanes
  Bits<V> lane;
  for (int i = 0; i < lanes<Element<V>>; i++) lane[i] = i;
  return lane < count ? x : other;
}
template <class T>
struct Pair {  // two sums at once
  Vec<T> a, b;
  FASTDL_INLINE Pair operator+(Pair other) const { return {a + other.a, b + other.b}; }
};
template <class T>
FASTDL_INLINE Pair<T> keep_lanes(Pair<T> x, int count) {
  return {keep_lanes(x.a, count), keep_lanes(x.b, count)};
}
// The sum (or maximum) of the lanes in every lane: halves that far apart are folded, then quarters ...
template <int far, class V, int... i>
FASTDL_INLINE V swap_lanes(V x, Sequence<i...>) {
  return __builtin_shufflevector(x, x, (i ^ far)...);
}
template <int far, class V, class F>
FASTDL_INLINE V fold_lanes(V x, F f) {
  x = f(x, swap_lanes<far>(x, typename Count<lanes<Element<V>>>::Up{}));
  if constexpr (far > 1) x = fold_lanes<far / 2>(x, f);
  return x;
}
template <class V>
FASTDL_INLINE V spread_sum(V x) {
  return fold_lanes<lanes<Element<V>> / 2>(x, [](V a, V b) { return a + b; });
}
template <class V>
FASTDL_INLINE V spread_max(V x) {
  return fold_lanes<lanes<Element<V>> / 2>(x, [](V a, V b) { return vmax(a, b); });
}
template <class T>
FASTDL_INLINE Pair<T> spread_sum(Pair<T> x) {
  return {spread_sum(x.a), spread_sum(x.b)};
}

// f(0) + ... + f(count - 1) in four chains, to hide the latency of the additions.
template <class F>
FASTDL_INLINE auto sum_of(std::int64_t count, F f) {
  decltype(f(0)) a{}, b{}, c{}, d{};
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) a = a + f(i), b = b + f(i + 1), c = c + f(i + 2), d = d + f(i + 3);
  for (; i < count; i++) a = a + f(i);
  return (a + b) + (c + d);
}

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
    decltype(f(at(0, 0))) total{};
    for (int block = 0; block < blocks(); block++) {
      auto part = sum_of(s.pixels, [&](std::int64_t pixel) { return f(at(block, pixel)); });
      total = total + keep_lanes(part, s.n - block * lanes<T>);
    }
    return spread_sum(total);
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
  FASTDL_INLINE Vec<T> get(const T* p) const { return channels.read(p); }
  FASTDL_INLINE void put(T* p, Vec<T> x) const { channels.write(p, x); }
  FASTDL_INLINE At at(std::int64_t row) const { return {{row * s.channels + channels.i, channels.count}, row}; }
  template <class F>
  FASTDL_INLINE void each(F f) const {
    for (int row = 0; row < s.n; row++) f(at(row));
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
                  [&](Slice<T> channels) { f(RowChannels<T>{s, channels}); });
  }
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
  template <class F>
  FASTDL_INLINE Vec<T> sum(F f) const {  // over channels
    Vec<T> total{};
    each([&](const At& at) { total += at.count < lanes<T> ? keep_lanes(f(at), at.count) : f(at); });
    return spread_sum(total);
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
  template <class F>
  FASTDL_INLINE void each(F f) const {
    for (int channel = 0; channel < s.channels; channel++) f(at(channel));
  }
  template <class F>
  FASTDL_INLINE Vec<T> sum(F f) const {
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
