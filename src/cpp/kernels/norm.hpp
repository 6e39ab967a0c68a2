// Norms: gamma, beta, mean, var (channels,).
#pragma once

#include "kernels/shapes.hpp"

namespace fastdl {

// A weight as (outer, units, groups, inner): outputs are units of groups, number group * units + unit.
struct WeightNormShape {
  int outer, units, groups, inner;
};

template <class T>
struct NormKernels {
  // Training: batch statistics; mean and rstd are kept for backward, the running ones move by momentum (variance
  // unbiased). Inference: with the running ones.
  void (*batch_norm_forward)(const Team&, const NormShape&, T momentum, T eps, const T* x, const T* gamma,
                             const T* beta, T* running_mean, T* running_var, T* mean, T* rstd, T* y);
  void (*batch_norm_inference)(const Team&, const NormShape&, T eps, const T* x, const T* gamma, const T* beta,
                               const T* running_mean, const T* running_var, T* y);
  void (*batch_norm_backward)(const Team&, const NormShape&, const T* x, const T* gamma, const T* mean, const T* rstd,
                              const T* dy, T* dx, T* dgamma, T* dbeta);
  // The same with statistics that do not depend on x (inference): dx = dy gamma / sqrt(var + eps).
  void (*batch_norm_inference_backward)(const Team&, const NormShape&, T eps, const T* x, const T* gamma,
                                        const T* running_mean, const T* running_var, const T* dy, T* dx, T* dgamma,
                                        T* dbeta);
  // Over the channels of each sample and pixel; mean and rstd (n, pixels) rows or (blocks, pixels, lanes).
  void (*layer_norm_forward)(const Team&, const NormShape&, T eps, const T* x, const T* gamma, const T* beta, T* mean,
                             T* rstd, T* y);
  void (*layer_norm_backward)(const Team&, const NormShape&, const T* x, const T* gamma, const T* mean, const T* rstd,
                              const T* dy, T* dx, T* dgamma, T* dbeta);
  // The same over the channels of a group and all pixels; mean and rstd (n, groups) or (blocks, groups, lanes).
  void (*group_norm_forward)(const Team&, const NormShape&, int groups, T eps, const T* x, const T* gamma,
                             const T* beta, T* mean, T* rstd, T* y);
  void (*group_norm_backward)(const Team&, const NormShape&, int groups, const T* x, const T* gamma, const T* mean,
                              const T* rstd, const T* dy, T* dx, T* dgamma, T* dbeta);
  // Over the size channels around each one: y = x rscale^beta, 1 / rscale = k + alpha times their squares; rscale, as
  // x, is kept for backward.
  void (*local_response_norm_forward)(const Team&, const NormShape&, int size, T alpha, T beta, T k, const T* x,
                                      T* rscale, T* y);
  void (*local_response_norm_backward)(const Team&, const NormShape&, int size, T alpha, T beta, const T* x,
                                       const T* rscale, const T* y, const T* dy, T* dx);
  // The channels of each sample and pixel to length 1: y = x rnorm, rnorm 1 / length, or 0 up to eps; as rstd above.
  void (*unit_norm_forward)(const Team&, const NormShape&, T eps, const T* x, T* rnorm, T* y);
  void (*unit_norm_backward)(const Team&, const NormShape&, const T* x, const T* rnorm, const T* dy, T* dx);
  // w = g v / norm, norm (groups * units,) that of v for each output, kept for backward
  void (*weight_norm_forward)(const Team&, const WeightNormShape&, const T* v, const T* g, T* norm, T* w);
  void (*weight_norm_backward)(const Team&, const WeightNormShape&, const T* v, const T* g, const T* norm, const T* dw,
                               T* dv, T* dg);
  void (*channel_sums)(const Team&, const NormShape&, const T* x, T* sums);  // (channels,), over samples and pixels
};

}  // namespace fastdl
