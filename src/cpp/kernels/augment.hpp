// Augment: what was drawn for a sample, and what the kernels need to know besides.
#pragma once

#include <cstdint>

namespace fastdl {

enum class Fill { constant, edge, reflect };  // what lies outside an image: zeros, or as numpy.pad has it

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

// Images cut to size: planes of h rows and w columns, each a run of values.
struct CropShape {
  std::int64_t planes;
  int h, w, oh, ow, top, left, run;
};

}  // namespace fastdl
