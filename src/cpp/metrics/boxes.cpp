#include "metrics/boxes.hpp"

#include <cmath>
#include <numeric>

namespace fastdl {
namespace {

// A number of each box, and between which numbers those of the boxes lie that it can suppress.
struct Reach {
  double at, first, last;
};

// Two boxes with an IoU above t share more than t of either's width (and height); so the low ends of those that one can
// suppress lie within (1 - t) of a width of its own.
Reach by_edge(double low, double high, double widest, double threshold) {
  const double width = high - low, other = threshold > 0 ? std::min(widest, width / threshold) : widest;
  const double slack = 1e-9 * (std::abs(low) + widest);  // for what the bounds are rounded by
  return {low, low - (1 - threshold) * other - slack, low + (1 - threshold) * width + slack};
}

// Nor is an IoU above the smaller area over the larger one.
Reach by_area(double area, double threshold) {
  const double at = area > 0 ? area : 0;  // nor NaN, of a width beyond all numbers
  return {at, threshold * at * (1 - 1e-9), threshold > 0 ? at / threshold * (1 + 1e-9) : INFINITY};
}

using Reaches = std::vector<Reach>;

// How many boxes are within reach of some of them.
double crowd(const Reaches& reaches) {
  std::vector<double> at;
  for (const Reach& r : reaches) at.push_back(r.at);
  std::sort(at.begin(), at.end());
  double sum = 0;
  for (std::size_t i = 0; i < reaches.size(); i += 16)
    sum += std::upper_bound(at.begin(), at.end(), reaches[i].last) -
           std::lower_bound(at.begin(), at.end(), reaches[i].first);
  return sum;
}

// By low ends along one of the axes, or by areas: whichever leaves the fewest to look at.
Reaches best_reaches(const std::vector<Box>& boxes, double threshold) {
  double across = 0, down = 0;
  for (const Box& b : boxes) across = std::max(across, b.x2 - b.x1), down = std::max(down, b.y2 - b.y1);
  Reaches best, next;
  const auto consider = [&](const auto& of) {
    next.clear();
    for (const Box& b : boxes) next.push_back(of(b));
    if (best.empty() || crowd(next) < crowd(best)) best.swap(next);
  };
  consider([&](const Box& b) { return by_edge(b.x1, b.x2, across, threshold); });
  consider([&](const Box& b) { return by_edge(b.y1, b.y2, down, threshold); });
  consider([&](const Box& b) { return by_area(b.area(), threshold); });
  return best;
}

using Pair = double __attribute__((vector_size(16)));

Pair pair_at(const double* p) {
  Pair v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
Pair least(Pair a, Pair b) { return a < b ? a : b; }
Pair most(Pair a, Pair b) { return a > b ? a : b; }

// Boxes by column, so that two are compared at a time; behind the last is room for another.
struct Columns {
  std::vector<double> x1, y1, x2, y2, area;

  void resize(index n) {
    for (auto* column : {&x1, &y1, &x2, &y2, &area}) column->resize(n + 1);
  }
  void set(index i, const Box& b) { x1[i] = b.x1, y1[i] = b.y1, x2[i] = b.x2, y2[i] = b.y2, area[i] = b.area(); }
  Box operator[](index i) const { return {x1[i], y1[i], x2[i], y2[i]}; }
};

constexpr index run = 64;
constexpr double rounding = 1 - 1e-12;  // times a threshold: what has no IoU above that is surely below it

// For n boxes from `begin` on: what they share with a box, less `part` of both together. Below 0: no IoU of `part`.
void excess(const Columns& of, index begin, index n, const Box& box, double part, double* out) {
  const double *x1 = &of.x1[begin], *y1 = &of.y1[begin], *x2 = &of.x2[begin], *y2 = &of.y2[begin];
  const double* area = &of.area[begin];
  const Pair none{}, left = none + box.x1, top = none + box.y1, right = none + box.x2, bottom = none + box.y2;
  const Pair whole = none + box.area();
  for (index i = 0; i < n; i += 2) {
    const Pair width = least(right, pair_at(x2 + i)) - most(left, pair_at(x1 + i));
    const Pair height = least(bottom, pair_at(y2 + i)) - most(top, pair_at(y1 + i));
    const Pair both = most(width, none) * most(height, none);
    const Pair over = both - part * (whole + pair_at(area + i) - both);
    __builtin_memcpy(out + i, &over, sizeof over);
  }
}

// The true boxes of image i, those of class c from begins[c] on, in their order.
void by_class(const Boxes& truth, index i, std::vector<index>& begins, Columns& boxes) {
  const index from = truth.starts[i], to = truth.starts[i + 1];
  std::fill(begins.begin(), begins.end(), index{0});
  for (index g = from; g < to; g++) begins[truth.classes[g] + 1]++;
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  boxes.resize(to - from);
  for (index g = from; g < to; g++) boxes.set(begins[truth.classes[g]]++, truth.boxes[g]);
  std::copy_backward(begins.begin(), begins.end() - 1, begins.end());
  begins[0] = 0;
}

}  // namespace

std::vector<std::int64_t> suppress(const std::vector<Box>& boxes, const std::int64_t* order, const std::int32_t* groups,
                                   double threshold, index most) {
  const index n = static_cast<index>(boxes.size());
  const Reaches reaches = best_reaches(boxes, threshold);
  std::vector<std::int64_t> sorted(n), place(n), ends(n);  // group by group, by the number of reach
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](std::int64_t a, std::int64_t b) {
    return groups[a] != groups[b] ? groups[a] < groups[b] : reaches[a].at < reaches[b].at;
  });
  Columns columns;
  columns.resize(n);
  std::vector<double> at(n);
  std::vector<char> open(n, 1);
  for (index p = 0; p < n; p++) {
    columns.set(p, boxes[sorted[p]]);
    at[p] = reaches[sorted[p]].at, place[sorted[p]] = p;
  }
  std::vector<index> begins(n);
  for (index p = 0; p < n; p++) begins[p] = p > 0 && groups[sorted[p]] == groups[sorted[p - 1]] ? begins[p - 1] : p;
  for (index p = n; p-- > 0;) ends[p] = p + 1 < n && groups[sorted[p]] == groups[sorted[p + 1]] ? ends[p + 1] : p + 1;

  const double near = threshold * rounding;
  double over[run];
  std::vector<std::int64_t> kept;
  for (index i = 0; i < n && static_cast<index>(kept.size()) < most; i++) {
    const std::int64_t b = order[i], p = place[b];
    if (!open[p]) continue;
    open[p] = 0;
    kept.push_back(b);
    const index first = std::lower_bound(at.begin() + begins[p], at.begin() + ends[p], reaches[b].first) - at.begin();
    const index last = std::upper_bound(at.begin() + first, at.begin() + ends[p], reaches[b].last) - at.begin();
    for (index q = first; q < last; q += run) {
      const index m = std::min(run, last - q);
      excess(columns, q, m, boxes[b], near, over);
      for (index j = 0; j < m; j++)
        if (over[j] >= 0 && open[q + j] && iou(boxes[b], columns[q + j]) > threshold) open[q + j] = 0;
    }
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
  std::vector<index> begins(n_classes + 1);
  Columns there;  // the true boxes of an image
  std::vector<char> taken;
  std::vector<double> best(n_thresholds);
  std::vector<index> choice(n_thresholds);
  const double near = rounding * *std::min_element(thresholds.begin(), thresholds.end());
  double over[run];
  for (index i = 0; i < n_images; i++) {
    by_class(truth, i, begins, there);
    taken.assign((truth.starts[i + 1] - truth.starts[i]) * n_thresholds, 0);
    for (index k = found.starts[i]; k < found.starts[i + 1]; k++) {
      const std::int64_t d = turns[k];
      const std::int32_t c = found.classes[d];
      std::int8_t* hit = hits + d * n_thresholds;
      const bool counts = c >= 0 && answers[c]++ < most;
      std::fill(hit, hit + n_thresholds, counts ? 0 : -1);
      if (!counts) continue;
      bool is_near = false;
      for (index q = begins[c]; q < begins[c + 1]; q += run) {
        const index m = std::min(run, begins[c + 1] - q);
        excess(there, q, m, found.boxes[d], near, over);
        for (index g = q; g < q + m; g++) {
          if (!(over[g - q] >= 0)) continue;
          if (!is_near) best = thresholds, std::fill(choice.begin(), choice.end(), index{-1}), is_near = true;
          const double overlap = iou(found.boxes[d], there[g]);
          for (index t = 0; t < n_thresholds; t++)
            if (overlap >= best[t] && !taken[g * n_thresholds + t]) best[t] = overlap, choice[t] = g;
        }
      }
      for (index t = 0; is_near && t < n_thresholds; t++)
        if (choice[t] >= 0) hit[t] = 1, taken[choice[t] * n_thresholds + t] = 1;
    }
    for (index k = found.starts[i]; k < found.starts[i + 1]; k++)
      if (found.classes[k] >= 0) answers[found.classes[k]] = 0;
  }
}

}  // namespace fastdl
