// resize2d: y (size[0], size[1], c), x at places between its pixels; ONNX's Resize-19, whose words the spec has too
#include <algorithm>
#include <cmath>
#include <vector>

#include "layers/make.hpp"
#include "layers/resampled.hpp"

namespace fastdl {
namespace {

// Keys' cubic convolution (1981)
double cubic(double x, double a) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

template <class T>
struct Resize2D : Resampled<T> {
  using Resampled<T>::Resampled;

  AxisTaps<T> taps(int axis, int size) const override {
    const int to = tapped(*this, this->spec.integers("size")[axis], axis ? "the width" : "the height");
    const char* field = axis ? "width_scale" : "height_scale";
    const double scale = this->spec.has(field) ? this->spec.number(field) : double(to) / size;
    AxisTaps<T> t(size);
    for (int i = 0; i < to; i++) {
      weigh(t, place(i, size, to, scale), scale);
      t.end_output();
    }
    return t;
  }

 private:
  // Where output i lies among the inputs.
  double place(int i, int size, int to, double scale) const {
    const std::string& rule = this->spec.text("coordinates");
    const double whole = scale * size;
    if (rule == "align_corners") return whole == 1 ? 0 : double(i) * (size - 1) / (whole - 1);
    if (rule == "asymmetric") return i / scale;
    if (rule == "pytorch_half_pixel" && whole == 1) return -0.5;
    const double shift = rule == "half_pixel_symmetric" ? size / 2.0 * (1 - to / whole) : 0;
    return shift + (i + 0.5) / scale - 0.5;
  }

  // The inputs around a place; beyond the image its edge, or nothing.
  void weigh(AxisTaps<T>& t, double x, double scale) const {
    int base = int(std::ceil(x)) - 1;
    const double part = x - base;  // in (0, 1]
    const std::string& kind = this->spec.text("interpolation");
    if (kind == "nearest") return t.add(std::clamp(base + rounded(part), 0, t.from - 1), 1);
    const double a = this->spec.number("cubic"), width = kind == "bicubic" ? 2 : 1;
    const double shrink = this->spec.flag("antialias") ? std::min(scale, 1.0) : 1;
    const int first = int(std::floor(-width / shrink)) + 1, last = 1 - first;
    const bool excludes = this->spec.flag("exclude_outside");
    std::vector<double> weights;
    double sum = 0;
    for (int k = first; k <= last; k++) {
      const double at = shrink * (k - part), w = width == 2 ? cubic(at, a) : std::max(0.0, 1 - std::abs(at));
      const bool outside = base + k < 0 || base + k >= t.from;
      weights.push_back(excludes && outside ? 0 : w);
      sum += weights.back();
    }
    for (int k = first; k <= last; k++)
      if (const double w = weights[k - first] / sum; std::abs(w) > 1e-12) t.add(std::clamp(base + k, 0, t.from - 1), w);
  }

  // 0 for the input before, 1 for the one behind.
  int rounded(double part) const {
    const std::string& rule = this->spec.text("rounding");
    if (part == 1 || rule == "ceil") return 1;
    if (rule == "floor") return 0;
    return rule == "round_prefer_ceil" ? part >= 0.5 : part > 0.5;
  }
};

}  // namespace

FASTDL_LAYER(Resize2D)

}  // namespace fastdl
