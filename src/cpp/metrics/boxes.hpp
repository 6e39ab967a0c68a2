// Boxes x1 y1 x2 y2: which of them say the same, and which answers find a true one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/shape.hpp"

namespace fastdl {

struct Box {
  double x1, y1, x2, y2;
  double area() const { return (x2 - x1) * (y2 - y1); }
};

// Intersection over union; 0 where nothing is shared.
inline double iou(const Box& a, const Box& b) {
  const double width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const double height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (!(width > 0 && height > 0)) return 0;
  const double both = width * height;
  return both / (a.area() + b.area() - both);
}

// Non-maximum suppression: indices that stay, in the order given, at most `most`. A box leaves where one before it in
// that order, of the same group and kept itself, overlaps it by more than threshold.
std::vector<std::int64_t> suppress(const std::vector<Box>& boxes, const std::int64_t* order, const std::int32_t* groups,
                                   double threshold, index most);

// The boxes of some images, one image after another: those of image i are starts[i] to starts[i + 1].
struct Boxes {
  const Box* boxes;
  const std::int32_t* classes;  // below n_classes; of answers also -1, a class that nothing true has
  const std::int64_t* starts;   // (n_images + 1)
};

// By COCO's rule: in each image the answers of a class choose in turn, by `order` (all answers by falling score), of
// the true boxes that are free the one that they overlap most, if by threshold or more; of equal ones the last. hits
// (n_answers, n_thresholds) is 1 where a box was found, 0 where none, -1 for those past the first `most` of a class in
// an image, and for class -1, which do not count.
void match(const Boxes& truth, const Boxes& found, const std::int64_t* order, index n_images, index n_classes,
           const std::vector<double>& thresholds, index most, std::int8_t* hits);

}  // namespace fastdl
