// spatial_pyramid_pool: images of any size to rows of as many features: the largest, or the mean, of l x l bins for
// each level l (He et al. 2014).
#include "kernels/pool2d.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"
#include "layers/window.hpp"

namespace fastdl {
namespace {

template <class T>
struct SpatialPyramidPool : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  Block<int> levels;
  int n_levels;
  int bins;
  bool average;
  Buffer where;  // as out: the position of each maximum in its channel

  void plan(Plan<T>& plan) override {
    check_image(*this);
    index count = 0;
    std::vector<int> sizes;
    for (long level : spec.integers("levels")) {
      sizes.push_back(int(level));
      count += times(level, level);
    }
    levels = plan.placed(sizes), n_levels = int(sizes.size());
    bins = this->as_int(count, "the number of bins");
    average = spec.text("mode") == "avg";
    out = plan.tensor({{this->as_int(times(count, in.shape.c()), "the number of features")}}, in.wants_gradient);
    out.overwritable = true;
    this->lone = true;
    where = plan.saved(average ? 0 : plan.elements(out.shape));
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.pool2d.spatial_pyramid_pool_forward(f.team, shape(f), f.value(in), f.value(out), f.saved(where));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.pool2d.spatial_pyramid_pool_backward(f.team, shape(f), f.gradient(out), f.saved(where), f.gradient(in));
  }

 private:
  PyramidShape shape(const Frame<T>& f) const {
    return {.n = f.n,
            .h = in.shape.h(),
            .w = in.shape.w(),
            .c = in.shape.c(),
            .levels = levels.data(),
            .n_levels = n_levels,
            .bins = bins,
            .average = average,
            .lone = f.lone};
  }
};

}  // namespace

FASTDL_LAYER(SpatialPyramidPool)

}  // namespace fastdl
