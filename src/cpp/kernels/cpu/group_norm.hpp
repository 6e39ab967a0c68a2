// Group normalisation: the channels of a group, with all their pixels, of each sample (Wu and He 2018).
#pragma once

#include "kernels/cpu/norm.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// A group of a block of images, which lies in one piece. (Of rows a group is a RowSite.)
template <class T>
struct ImageGroup {
  using At = typename ImageSite<T>::At;  // its channel counts from the group's first
  std::int64_t site, first;              // offsets: in an array of groups, and of the first channel
  int channels, pixels;
  FASTDL_INLINE Vec<T> get(const T* p) const { return load(p + site); }
  FASTDL_INLINE void put(T* p, Vec<T> x) const { store(p + site, x); }
  FASTDL_INLINE At at(std::int64_t channel, std::int64_t pixel) const {
    return {first + (channel * pixels + pixel) * lanes<T>, channel};
  }
  template <class F>
  FASTDL_INLINE void each(F f) const {
    for (int channel = 0; channel < channels; channel++)
      for (int pixel = 0; pixel < pixels; pixel++) f(at(channel, pixel));
  }
  template <class F>
  FASTDL_INLINE auto sum(F f) const {
    PairwiseSum<decltype(f(at(0, 0)))> sum;
    for (int channel = 0; channel < channels; channel++)
      sum.add(sum_of(pixels, [&](std::int64_t pixel) { return f(at(channel, pixel)); }));
    return sum.total();
  }
};

template <class T>
FASTDL_INLINE Vec<T> lane_of(Vec<T> x, int lane) {
  return splat(x[lane]);
}
template <class T>
FASTDL_INLINE Pair<T> lane_of(Pair<T> x, int lane) {
  return {splat(x.a[lane]), splat(x.b[lane])};
}

// Of a lone image, whose pixels are rows: as many groups as fit into a vector of channels, or one with several vectors.
// The same sums as of an ImageGroup: of the pixels of each channel, then of the channels.
template <class T>
struct LoneGroups {
  using At = typename RowSite<T>::At;  // its channel counts from the groups' first
  int first_group, groups, channels;   // channels: of one of them
  std::int64_t pixels, step;           // from one pixel to the next
  FASTDL_INLINE int all() const { return groups * channels; }
  FASTDL_INLINE Vec<T> get(const T* p) const {
    Vec<T> x{};
    for (int l = 0; l < lanes<T>; l++) x[l] = p[first_group + least(l / channels, groups - 1)];
    return x;
  }
  FASTDL_INLINE void put(T* p, Vec<T> x) const {
    for (int g = 0; g < groups; g++) p[first_group + g] = x[groups > 1 ? g * channels : 0];
  }
  FASTDL_INLINE At at(std::int64_t channel, std::int64_t pixel) const {
    const int count = int(least<std::int64_t>(lanes<T>, all() - channel));
    return {{pixel * step + first_group * channels + channel, count}, channel};
  }
  template <class F>
  FASTDL_INLINE void each(F f) const {
    for (std::int64_t pixel = 0; pixel < pixels; pixel++)
      for (int channel = 0; channel < all(); channel += lanes<T>) f(at(channel, pixel));
  }
  template <class F>
  FASTDL_INLINE auto sum(F f) const {
    using Sum = decltype(f(at(0, 0)));
    PairwiseSum<Sum> of_group;
    Sum of_pixels{}, sums{};  // of each channel; in the lanes of each group
    for (int channel = 0; channel < all(); channel++) {
      const int lane = channel % lanes<T>;
      if (lane == 0) of_pixels = sum_of(pixels, [&](std::int64_t pixel) { return f(at(channel, pixel)); });
      if (channel % channels == 0) of_group.used = 0, of_group.terms = 0;
      of_group.add(lane_of<T>(of_pixels, lane));
      if ((channel + 1) % channels == 0) sums = keep_lanes(sums, channel + 1 - channels, of_group.total());
    }
    return sums;
  }
};

template <class T, class F>
FASTDL_INLINE void each_lone_groups(const Team& team, const NormShape& s, int groups, F f) {
  const int channels = s.channels / groups, together = most(lanes<T> / channels, 1);
  const Range part = team.share(ceil_div(groups, together));
  for (std::int64_t i = part.begin; i < part.end; i++) {
    const int first = int(i) * together;
    f(LoneGroups<T>{first, least(together, groups - first), channels, s.n, s.channels}, first * channels);
  }
  team.sync();
}

// f(group, its first channel)
template <class T, class F>
FASTDL_INLINE void each_group(const Team& team, const NormShape& s, int groups, F f) {
  if (s.lone) return each_lone_groups<T>(team, s, groups, f);
  const int channels = s.channels / groups;
  const Range part = team.share(std::int64_t(s.image ? ceil_div(s.n, lanes<T>) : s.n) * groups);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    const int first = int(i % groups) * channels;
    if (s.image)
      f(ImageGroup<T>{i * lanes<T>, i * channels * s.pixels * lanes<T>, channels, s.pixels}, first);
    else
      f(RowSite<T>{channels, i}, first);
  }
  team.sync();
}

// y = (x - mean) rstd gamma + beta; mean and rstd (n, groups) of rows, (blocks, groups, lanes) of images
template <class T>
void group_norm_forward(const Team& team, const NormShape& s, int groups, T eps, const T* x, const T* gamma,
                        const T* beta, T* mean, T* rstd, T* y) {
  const T count = T(s.channels / groups) * T(s.lone ? s.n : s.pixels);
  each_group<T>(team, s, groups, [&](const auto& group, int first) {
    const Moments<T> found = moments(group, x, count);
    const Vec<T> m = found.mean, r = found.rstd(eps);
    group.put(mean, m);
    group.put(rstd, r);
    group.each([&](const auto& at) {
      // Read first: what branches between a product and its sum would keep the compiler from joining them.
      const Vec<T> v = at.read(x), scale = at.of_channel(gamma + first), shift = at.of_channel(beta + first);
      at.write(y, (v - m) * r * scale + shift);
    });
  });
}

// For a channel of images, or some of rows: the sums of dy xhat and of dy.
template <class T>
FASTDL_INLINE Pair<T> group_norm_sums(const ImageChannel<T>& channel, int groups, const T* x, const T* mean,
                                      const T* rstd, const T* dy) {
  const int group = channel.c / (channel.s.channels / groups);
  PairwiseSum<Pair<T>> sum;
  for (int block = 0; block < channel.blocks(); block++) {
    const std::int64_t site = (std::int64_t(block) * groups + group) * lanes<T>;
    const Vec<T> m = load(mean + site), r = load(rstd + site);
    const Pair<T> part = sum_of(channel.s.pixels, [&](std::int64_t pixel) {
      const auto at = channel.at(block, pixel);
      const Vec<T> d = at.read(dy);
      return Pair<T>{d * ((at.read(x) - m) * r), d};
    });
    sum.add(keep_lanes(part, channel.s.n - block * lanes<T>));
  }
  return spread_sum(sum.total());
}
template <class T>
FASTDL_INLINE Pair<T> group_norm_sums(const RowChannels<T>& channel, int groups, const T* x, const T* mean,
                                      const T* rstd, const T* dy) {
  int group[lanes<T>];
  for (int l = 0; l < lanes<T>; l++)
    group[l] = least(int(channel.channels.i) + l, channel.s.channels - 1) / (channel.s.channels / groups);
  return sum_of(channel.s.n, [&](std::int64_t row) {
    const auto at = channel.at(row);
    Vec<T> m{}, r{};
    for (int l = 0; l < lanes<T>; l++) m[l] = mean[row * groups + group[l]], r[l] = rstd[row * groups + group[l]];
    const Vec<T> d = at.read(dy);
    return Pair<T>{d * ((at.read(x) - m) * r), d};
  });
}

template <class T>
void group_norm_backward(const Team& team, const NormShape& s, int groups, const T* x, const T* gamma, const T* mean,
                         const T* rstd, const T* dy, T* dx, T* dgamma, T* dbeta) {
  if (dgamma)
    each_channel<T>(team, s, [&](auto channel) {
      const Pair<T> sums = group_norm_sums(channel, groups, x, mean, rstd, dy);
      channel.put(dgamma, sums.a);
      channel.put(dbeta, sums.b);
    });
  if (!dx) return;
  const T count = T(s.channels / groups) * T(s.pixels);
  each_group<T>(team, s, groups, [&](const auto& group, int first) {
    const Vec<T> m = group.get(mean), r = group.get(rstd);
    const auto dxhat = [&](const auto& at) { return at.read(dy) * at.of_channel(gamma + first); };
    const auto xhat = [&](const auto& at) { return (at.read(x) - m) * r; };
    const Pair<T> sums = group.sum([&](const auto& at) {
      const Vec<T> d = dxhat(at);
      return Pair<T>{d * xhat(at), d};
    });
    const Vec<T> mean_dxhat = sums.a / count, mean_d = sums.b / count;
    group.each([&](const auto& at) { at.write(dx, r * (dxhat(at) - mean_d - xhat(at) * mean_dxhat)); });
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
