// crop2d: y (h - top - bottom, w - left - right, c), x without its outer rows and columns
#include "layers/make.hpp"
#include "layers/resampled.hpp"

namespace fastdl {
namespace {

template <class T>
struct Crop2D : Resampled<T> {
  using Resampled<T>::Resampled;

  AxisTaps<T> taps(int axis, int size) const override {
    const auto& c = this->spec.integers("cropping");
    check(index(c[0]) + c[1] < this->in.shape.h() && index(c[2]) + c[3] < this->in.shape.w(),
          this->who() + ": cropping=((" + std::to_string(c[0]) + ", " + std::to_string(c[1]) + "), (" +
              std::to_string(c[2]) + ", " + std::to_string(c[3]) + ")) leaves nothing of " + this->in.shape.what() +
              ". Take less away.");
    AxisTaps<T> t(size);
    for (int i = int(c[2 * axis]); i < size - int(c[2 * axis + 1]); i++) t.add(i, 1), t.end_output();
    return t;
  }
};

}  // namespace

FASTDL_LAYER(Crop2D)

}  // namespace fastdl
