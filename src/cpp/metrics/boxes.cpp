#include "metrics/boxes.hpp"

#include <cmath>
#include <numeric>

namespace fastdl {
namespace {

// From where to where boxes reach, along one of the axes.
struct Extent {
  double low, high;
};
using Along = Extent (*)(const Box&);
Extent along_x(const Box& b) { return {b.x1, b.x2}; }
Extent along_y(const Box& b) { return {b.y1, b.y2}; }

// How many times the boxes would cover the axis that they lie on.
double crowding(const std::vector<Box>& boxes, Along along) {
  double low = INFINITY, high = -INFINITY, sum = 0;
  for (const Box& b : boxes) {
    const Extent e = along(b);
    low = std::min(low, e.low), high = std::max(high, e.high), sum += e.high - e.low;
  }
  return high > low ? sum / (high - low) : INFINITY;
}

}  // namespace

// Two boxes with an IoU above t share more than t of either's width; so the low ends of those that one can suppress lie
// within (1 - t) of a width of its own. Sorted by low end, along the less crowded axis, these stand side by side.
std::vector<std::int64_t> suppress(const std::vector<Box>& boxes, const std::int64_t* order, const std::int32_t* groups,
                                   double threshold, index most) {
  const index n = static_cast<index>(boxes.size());
  const Along along = crowding(boxes, along_x) <= crowding(boxes, along_y) ? along_x : along_y;
  std::vector<std::int64_t> sorted(n), place(n);
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](std::int64_t a, std::int64_t b) {
    return groups[a] != groups[b] ? groups[a] < groups[b] : along(boxes[a]).low < along(boxes[b]).low;
  });
  std::vector<Box> at(n);
  std::vector<double> low(n);
  std::vector<char> open(n, 1);
  double widest = 0;
  for (index p = 0; p < n; p++) {
    at[p] = boxes[sorted[p]], place[sorted[p]] = p;
    const Extent e = along(at[p]);
    low[p] = e.low, widest = std::max(widest, e.high - e.low);
  }
  std::vector<std::int64_t> kept;
  for (index i = 0; i < n && static_cast<index>(kept.size()) < most; i++) {
    const std::int64_t b = order[i], p = place[b];
    if (!open[p]) continue;
    open[p] = 0;
    kept.push_back(b);
    const Box box = at[p];
    const Extent e = along(box);
    const double width = e.high - e.low, other = threshold > 0 ? std::min(widest, width / threshold) : widest;
    const double slack = 1e-9 * (std::abs(e.low) + widest);  // for what the bounds are rounded by
    const double first = e.low - (1 - threshold) * other - slack, last = e.low + (1 - threshold) * width + slack;
    const auto consider = [&](index q) {
      if (open[q] && iou(box, at[q]) > threshold) open[q] = 0;
    };
    for (index q = p; q-- > 0 && low[q] >= first && groups[sorted[q]] == groups[b];) consider(q);
    for (index q = p + 1; q < n && low[q] <= last && groups[sorted[q]] == groups[b]; q++) consider(q);
  }
  return kept;
}

void match(const Boxes& truth, const Boxes& found, const std::int64_t* order, index n_images, index n_classes,
           const std::vector<double>& thresholds, index most, std::int8_t* hits) {
  const index n_found = found.starts[n_images], n_thresholds = static_cast<index>(thresholds.size());
  std::vector<std::int64_t> image(n_found), next(found.starts, found.starts + n_images), turns(n_found);
  for (index i = 0; i < n_images; i++)
    std::fill(image.begin() + found.starts[i], image.begin() + found.starts[i + 1], i);
  for (index k = 0; k < n_found; k++) turns[next[image[order[k]]]++] = order[k];  // image after image

  std::vector<index> answers(n_classes);  // so far, of each class in an image
  std::vector<char> taken;
  std::vector<double> best(n_thresholds);
  std::vector<index> choice(n_thresholds);
  for (index i = 0; i < n_images; i++) {
    const index begin = truth.starts[i], end = truth.starts[i + 1];
    taken.assign((end - begin) * n_thresholds, 0);
    for (index k = found.starts[i]; k < found.starts[i + 1]; k++) {
      const std::int64_t d = turns[k];
      const std::int32_t c = found.classes[d];
      std::int8_t* hit = hits + d * n_thresholds;
      const bool counts = c >= 0 && answers[c]++ < most;
      std::fill(hit, hit + n_thresholds, counts ? 0 : -1);
      if (!counts) continue;
      best = thresholds;
      std::fill(choice.begin(), choice.end(), index{-1});
      for (index g = begin; g < end; g++) {
        if (truth.classes[g] != c) continue;
        const double overlap = iou(found.boxes[d], truth.boxes[g]);
        for (index t = 0; t < n_thresholds; t++)
          if (overlap >= best[t] && !taken[(g - begin) * n_thresholds + t]) best[t] = overlap, choice[t] = g - begin;
      }
      for (index t = 0; t < n_thresholds; t++)
        if (choice[t] >= 0) hit[t] = 1, taken[choice[t] * n_thresholds + t] = 1;
    }
    for (index k = found.starts[i]; k < found.starts[i + 1]; k++)
      if (found.classes[k] >= 0) answers[found.classes[k]] = 0;
  }
}

}  // namespace fastdl
