// Objects as points: the boxes of images, and the map of outputs that is to show them.
#pragma once

#include <cstdint>

namespace fastdl {

constexpr int box_outputs = 4;  // of a cell, before one for each class: see math/losses.hpp

// The user's boxes (n, room, 5), as class, x1, y1, x2, y2 in pixels, until a class is below 0; weights (n,) or null.
template <class T>
struct Boxes {
  const T *rows, *weights;
  std::int64_t room;
};

struct PointsShape {
  int n;
  int h, w;       // of the images that the network sees, in pixels
  int top, left;  // where those begin in the user's
  int oh, ow;     // of the map, in cells
  int outputs;    // of a cell
};

}  // namespace fastdl
