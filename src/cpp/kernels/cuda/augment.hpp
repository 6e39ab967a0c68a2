// Images moved, coloured, disturbed and mixed on their way into a batch, as was drawn for each
// (layers/augmentation.cpp): a thread makes a pixel from beginning to end.
#pragma once

#include "kernels/augment.hpp"
#include "kernels/cuda/gather.hpp"
#include "kernels/cuda/normal.hpp"
#include "math/philox.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// --- where a pixel comes from ---------------------------------------------------------------------------------------
// The pixels (n, m) of an image x (h, w, c), and those around it.
template <class T, class S>
struct Image {
  const AugmentShape& s;
  const S* x;
  __device__ T at(int row, int column, int k) const {
    return row < 0 || column < 0 ? T(0) : T(x[(std::int64_t(row) * s.w + column) * s.c + k]);
  }
};

// Pixel (i, j) of what comes out: as it is, or between four (bilinear: pixels outside count as they are filled).
template <class T, class S>
struct Moved {
  Image<T, S> image;
  bool whole;
  int r0, r1, q0, q1;
  T down, right;
  __device__ Moved(const AugmentShape& s, const AugmentDraw& d, const S* x, int i, int j)
      : image{s, x}, whole(d.whole), r1(-1), q1(-1), down(0), right(0) {
    if (whole) {
      r0 = filled(s.fill, int(d.row[0]) * i + int(d.row[2]), s.h);
      q0 = filled(s.fill, int(d.column[1]) * j + int(d.column[2]), s.w);
      return;
    }
    const double row = d.row[0] * i + d.row[1] * j + d.row[2];
    const double column = d.column[0] * i + d.column[1] * j + d.column[2];
    int r = int(row), q = int(column);
    r -= row < r, q -= column < q;  // floor
    down = T(row - r), right = T(column - q);
    r0 = filled(s.fill, r, s.h), r1 = filled(s.fill, r + 1, s.h);
    q0 = filled(s.fill, q, s.w), q1 = filled(s.fill, q + 1, s.w);
  }
  __device__ T operator()(int k) const {
    const T a = image.at(r0, q0, k);
    if (whole) return a;
    const T b = image.at(r0, q1, k), a1 = image.at(r1, q0, k), b1 = image.at(r1, q1, k);
    const T top = a + right * (b - a), bottom = a1 + right * (b1 - a1);
    return top + down * (bottom - top);
  }
};

// --- colours --------------------------------------------------------------------------------------------------------
template <class T>
struct Colour {
  T red, green, blue;
  __device__ T grey() const {  // ITU-R BT.601
    return T(0.299) * red + T(0.587) * green + T(0.114) * blue;
  }
};

// Hue turned as in HSV (Smith 1978), by chroma instead of saturation: the values may have any range.
template <class T>
struct TurnedHue {
  T hue, top, chroma;  // hue in sixths of a turn, -4 to 8
  __device__ TurnedHue(const Colour<T>& p, T turns) {
    top = vmax(vmax(p.red, p.green), p.blue), chroma = top - vmin(vmin(p.red, p.green), p.blue);
    const T divisor = chroma == 0 ? T(1) : chroma;
    hue = (p.red == top     ? (p.green - p.blue) / divisor
           : p.green == top ? (p.blue - p.red) / divisor + 2
                            : (p.red - p.green) / divisor + 4) +
          6 * turns;
  }
  __device__ T channel(T start) const {
    T k = hue + start;
    k = k < 0 ? k + 6 : k;
    k = k >= 6 ? k - 6 : k;
    k = k >= 6 ? k - 6 : k;
    return top - chroma * vmax(vmin(vmin(k, 4 - k), T(1)), T(0));
  }
  __device__ Colour<T> colour() const { return {channel(5), channel(3), channel(1)}; }
};

// y[c] brightened and given contrast around the image's mean; of three channels also saturation and hue.
template <class T>
__device__ void colour(const AugmentDraw& d, double mean, int c, T* y) {
  if (d.brightness != 1 || d.contrast != 1) {
    const T factor = T(d.brightness * d.contrast);
    const T shift = d.contrast == 1 ? T(0) : T((1 - d.contrast) * (d.brightness * mean));
    for (int k = 0; k < c; k++) y[k] = factor * y[k] + shift;
  }
  if (c != 3) return;
  Colour<T> p{y[0], y[1], y[2]};
  if (d.saturation != 1) {
    const T grey = p.grey(), factor = T(d.saturation);
    p = {grey + factor * (p.red - grey), grey + factor * (p.green - grey), grey + factor * (p.blue - grey)};
  }
  if (d.hue != 0) p = TurnedHue<T>(p, T(d.hue)).colour();
  y[0] = p.red, y[1] = p.green, y[2] = p.blue;
}

// The mean grey value of each moved image whose contrast changes, of other than three channels the mean of all.
template <class T, class S>
__global__ void __launch_bounds__(block_threads)
    means_of_moved(const S* data, AugmentShape s, const AugmentDraw* draws, int n, double* means) {
  SHARED(double, room, [32]);
  const AugmentDraw& d = draws[blockIdx.x];
  const bool is_there = blockIdx.x < unsigned(n) || draws[blockIdx.x - n].weight != 1;  // mixed in
  if (!is_there || d.contrast == 1) return;
  const S* x = data + d.sample * s.h * s.w * s.c;
  double sum = 0;
  for (int p = threadIdx.x; p < s.oh * s.ow; p += blockDim.x) {
    const Moved<T, S> moved(s, d, x, p / s.ow, p % s.ow);
    if (s.c == 3)
      sum += Colour<T>{moved(0), moved(1), moved(2)}.grey();
    else
      for (int k = 0; k < s.c; k++) sum += double(moved(k)) / s.c;
  }
  sum = block_sum(sum, room);
  if (threadIdx.x == 0) means[blockIdx.x] = sum / (double(s.oh) * s.ow);
}

// --- one pixel, or where there are other than three channels, one channel of it
// ---------------------------------------
template <class T, class S, int c>
struct AugmentedPixel {
  const S* data;
  AugmentShape s;
  RandomKey key;
  const AugmentDraw* draws;
  const double* means;
  int n;
  T* y;
  // Channels k .. k + c - 1 of pixel p, as draw u has it.
  __device__ void make(std::int64_t u, int p, int k, T* to) const {
    const AugmentDraw& d = draws[u];
    const int i = p / s.ow, j = p % s.ow;
    const Moved<T, S> moved(s, d, data + d.sample * s.h * s.w * s.c, i, j);
    for (int m = 0; m < c; m++) to[m] = moved(k + m);
    colour(d, d.contrast == 1 ? 0.0 : means[u], c, to);
    // Word 64 + e is for element e: the words before are for the draws.
    if (d.noise != 0)
      for (int m = 0; m < c; m++)
        to[m] += T(d.noise) * normal_of<T>(philox_word(key, d.sample, philox_block + p * s.c + k + m));
    if constexpr (sizeof(S) == 1)  // pixels of 8 bits stay in their range
      for (int m = 0; m < c; m++) to[m] = to[m] < 0 ? T(0) : to[m] > 255 ? T(255) : to[m];
    if (i >= d.cut_top && i < d.cut_bottom && j >= d.cut_left && j < d.cut_right)
      for (int m = 0; m < c; m++) to[m] = 0;
  }
  __device__ void operator()(std::int64_t e) const {
    const int parts = s.c / c, of_image = s.oh * s.ow * parts;
    const std::int64_t u = e / of_image;
    const int in_image = int(e - u * of_image), p = in_image / parts, k = in_image % parts * c;
    T own[c], other[c];
    make(u, p, k, own);
    if (draws[u].weight != 1) {
      make(n + u, p, k, other);
      const T a = T(draws[u].weight), b = 1 - a;
      for (int m = 0; m < c; m++) own[m] = a * own[m] + b * other[m];
    }
    for (int m = 0; m < c; m++) y[e * c + m] = own[m];
  }
};

template <class T>
void augment(const Team& team, const Samples& x, const AugmentShape& s, const RandomKey& key, const AugmentDraw* draws,
             int n, T*, T* y) {
  if (n <= 0) return;
  double* means = static_cast<double*>(queue_of(team).workspace);
  const std::int64_t pixels = std::int64_t(n) * s.oh * s.ow;
  with_source(x, [&](const auto* data) {
    using S = std::remove_cv_t<std::remove_pointer_t<decltype(data)>>;
    launch({2 * unsigned(n), block_threads, 0, stream_of(team)}, means_of_moved<T, S>, data, s, draws, n, means);
    if (s.c == 3)
      for_each(team, pixels, AugmentedPixel<T, S, 3>{data, s, key, draws, means, n, y});
    else
      for_each(team, pixels * s.c, AugmentedPixel<T, S, 1>{data, s, key, draws, means, n, y});
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
