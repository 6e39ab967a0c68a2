// local_response_norm: y_c = x_c / s_c^beta, s_c = k + alpha / size * the squares of the channels around c (Krizhevsky
// et al. 2012).
#include "kernels/norm.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct LocalResponseNorm : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  int size;
  T alpha, beta, k;  // alpha: of the sum, not of the mean
  Buffer rscale;     // 1 / s, as x

  void plan(Plan<T>& plan) override {
    // No sum reaches further than from the first channel to the last.
    const int whole = spec.integer("size"), c = in.shape.c();
    size = whole / 2 < c ? whole : 2 * c - 1;
    alpha = spec.number("alpha") / whole, beta = spec.number("beta"), k = spec.number("k");
    rscale = plan.saved_of(in.shape);
    out = plan.tensor(in.shape, in.wants_gradient);
    this->lone = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.norm.local_response_norm_forward(f.team, norm_shape(f, in.shape), size, alpha, beta, k, f.value(in),
                                               f.saved(rscale), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.norm.local_response_norm_backward(f.team, norm_shape(f, in.shape), size, alpha, beta, f.value(in),
                                                f.saved(rscale), f.value(out), f.gradient(out), f.gradient(in));
  }
};

}  // namespace

FASTDL_LAYER(LocalResponseNorm)

}  // namespace fastdl
