// pad2d: y (top + h + bottom, left + w + right, c), x with a number, its own edge or its mirror image around it
#include "layers/make.hpp"
#include "layers/resampled.hpp"

namespace fastdl {
namespace {

// Where position i, perhaps outside of [0, size), lies in the input; -1: nowhere.
int source(const std::string& mode, int i, int size) {
  if (i >= 0 && i < size) return i;
  if (mode == "constant") return -1;
  if (mode == "edge") return i < 0 ? 0 : size - 1;
  if (mode == "wrap") return (i % size + size) % size;
  if (size == 1) return 0;
  const int period = 2 * (size - 1), at = (i % period + period) % period;
  return at < size ? at : period - at;
}

template <class T>
struct Pad2D : Resampled<T> {
  using Resampled<T>::Resampled;

  AxisTaps<T> taps(int axis, int size) const override {
    const auto& p = this->spec.integers("padding");
    const int before = int(p[2 * axis]), after = int(p[2 * axis + 1]);
    const int to = tapped(*this, index(size) + before + after, axis ? "the width" : "the height");
    AxisTaps<T> t(size);
    for (int i = 0; i < to; i++) {
      const int from = source(this->spec.text("mode"), i - before, size);
      if (from >= 0) t.add(from, 1);
      t.end_output(from >= 0 ? 0 : this->spec.number("value"));
    }
    return t;
  }
};

}  // namespace

FASTDL_LAYER(Pad2D)

}  // namespace fastdl
