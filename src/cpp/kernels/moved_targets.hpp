// What a pixel is to show once its image was moved: the targets of where it comes from, by the map of the image.
#pragma once

#include "kernels/augment.hpp"
#include "kernels/layout.hpp"

namespace fastdl {

FASTDL_INLINE int floor_of(double x) {
  const int whole = int(x);
  return whole - (x < whole);
}

// The whole number next to x; of two the larger one, also where rounding has left a little less than halves.
FASTDL_INLINE int nearest_of(double x) { return floor_of(x + (0.5 + 1e-9)); }

// One row of a draw's map in the pixels of targets, (along it, across it, start): scaled about the image's upper left
// corner, from which the middle of pixel k is at k + 0.5.
struct TargetMap {
  double along, across, start;
  FASTDL_INLINE TargetMap(double along, double across, double start, double size, double other_size)
      : along(along),
        across(across * other_size / size),
        start((start + along * (size - 1) / 2 + across * (other_size - 1) / 2 + (1 - size) / 2) / size) {
    const double nearest = nearest_of(this->start), apart = this->start - nearest;
    if (apart < 1e-9 && apart > -1e-9) this->start = nearest;  // whole pixels stay whole
  }
  FASTDL_INLINE double at(int i, int j) const { return along * i + across * j + start; }
};

struct TargetMaps {
  TargetMap row, column;
  FASTDL_INLINE TargetMaps(const MovedShape& m, const AugmentDraw& d)
      : row(d.row[0], d.row[1], d.row[2], m.tall, m.wide),
        column(d.column[1], d.column[0], d.column[2], m.wide, m.tall) {}
};

// The targets of pixel (i, j) of a sample, which is number `pixel` of its batch.
template <class T>
struct MovedTargets {
  MovedShape m;
  Targets<T> from;
  BatchTargets<T> to;

  FASTDL_INLINE void operator()(std::int64_t sample, const TargetMaps& maps, int i, int j, std::int64_t pixel) const {
    const AugmentShape& s = m.of;
    const std::int64_t first = sample * s.h * s.w;
    const double row = maps.row.at(i, j), column = maps.column.at(j, i);
    const int r = filled(s.fill, nearest_of(row), s.h), q = filled(s.fill, nearest_of(column), s.w);
    const bool inside = r >= 0 && q >= 0;
    const std::int64_t nearest = inside ? first + std::int64_t(r) * s.w + q : 0;
    if (m.masks) to.weights[pixel] = inside ? weight_of(sample, nearest) : T(0);
    if (from.codes) to.codes[pixel] = inside ? from.codes[nearest] : 0;
    if (!from.targets) return;
    T* y = to.targets + pixel * s.c;
    if (m.blends) return blend(row, column, first, y);
    for (int k = 0; k < s.c; k++) y[k] = inside ? from.targets[nearest * s.c + k] : T(0);
  }

  FASTDL_INLINE T weight_of(std::int64_t sample, std::int64_t pixel) const {
    return !from.weights ? T(1) : from.weights[from.of_steps ? pixel : sample];
  }

 private:
  // The mean of the four pixels around a place, by how near they are; with masks, of those that count.
  FASTDL_INLINE void blend(double row, double column, std::int64_t first, T* y) const {
    const AugmentShape& s = m.of;
    const int r = floor_of(row), q = floor_of(column);
    const T down = T(row - r), right = T(column - q);
    T sum = 0;
    for (int k = 0; k < s.c; k++) y[k] = 0;
    for (int corner = 0; corner < 4; corner++) {
      const int low = corner / 2, far = corner % 2, a = filled(s.fill, r + low, s.h), b = filled(s.fill, q + far, s.w);
      const T share = (low ? down : 1 - down) * (far ? right : 1 - right);
      const std::int64_t at = first + std::int64_t(a) * s.w + b;
      if (share == 0 || a < 0 || b < 0 || (from.of_steps && from.weights && from.weights[at] == 0)) continue;
      sum += share;
      for (int k = 0; k < s.c; k++) y[k] += share * from.targets[at * s.c + k];
    }
    if (m.masks && sum > 0 && sum != 1)
      for (int k = 0; k < s.c; k++) y[k] /= sum;
  }
};

}  // namespace fastdl
