// Augment: what was drawn for a sample, and what the kernels need to know besides.
#pragma once

#include <cstdint>

#include "core/team.hpp"

namespace fastdl {

enum class Fill { constant, edge, reflect };  // what lies outside an image: zeros, or as numpy.pad has it

// Row or column k of n, also of those outside; -1: there is nothing.
FASTDL_INLINE int filled(Fill fill, int k, int n) {
  if (k >= 0 && k < n) return k;
  if (fill == Fill::constant) return -1;
  if (fill == Fill::edge || n == 1) return k < 0 ? 0 : n - 1;
  const int period = 2 * (n - 1), left = k % period, at = left < 0 ? left + period : left;
  return at < n ? at : period - at;
}

struct AugmentShape {
  int h, w, c;  // of the user's images
  int oh, ow;   // of what comes out
  Fill fill;
};

// The options' values for one sample; row and column count from the upper left pixel of what comes out.
struct AugmentDraw {
  std::int64_t sample;                           // of the user's array
  double row[3], column[3];                      // source = [0] * row + [1] * column + [2]
  bool whole;                                    // [0] and [1] are 0, 1 or -1 and [2] is an integer
  double brightness, contrast, saturation;       // factors
  double hue;                                    // turns
  double noise;                                  // standard deviation
  int cut_top, cut_bottom, cut_left, cut_right;  // rows and columns that are set to 0, within the image
  double weight;                                 // of the sample itself where two are mixed; 1 where it stays alone
  std::uint64_t partner;                         // random: which sample it is mixed with
};

// Targets that lie in images as pixels do, (h, w, c), of which one is as high as `tall` pixels of an image that the
// network sees, and as wide as `wide`.
struct MovedShape {
  AugmentShape of;
  double tall, wide;
  bool blends;  // numbers: bilinear; else each has those of one pixel
  bool masks;   // each pixel has a weight, 0 outside of the image; else each sample, and there are zeros outside
};

// Images cut to size: planes of h rows and w columns, each a run of values.
struct CropShape {
  std::int64_t planes;
  int h, w, oh, ow, top, left, run;
};

}  // namespace fastdl
