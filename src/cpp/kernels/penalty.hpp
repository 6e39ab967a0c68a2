// Penalties of a layer's outputs a (n, units).
#pragma once

#include "kernels/shapes.hpp"

namespace fastdl {

template <class T>
struct PenaltyKernels {
  // weight (n,): of the samples; scale = strength / norm, norm being the sum that divides the loss; da may be dy.
  // KL(target || mean over the batch): value and slope (units,)
  void (*kl_sparsity_forward)(const Team&, int n, int units, T target, const T* weight, const T* a, T* slope, T* value);
  void (*kl_sparsity_backward)(const Team&, int n, int units, T strength, const double* norm, const T* weight,
                               const T* slope, const T* dy, T* da);
  void (*activity_l1_forward)(const Team&, int n, int units, const T* weight, const T* a, T* value);  // value (n,)
  void (*activity_l1_backward)(const Team&, int n, int units, T strength, const double* norm, const T* weight,
                               const T* a, const T* dy, T* da);
  // Squared norm of the Jacobian of h = activation(x w + b), w (in, units): value (n,), squares (units,) of w's columns
  void (*contractive_forward)(const Team&, int n, int in, int units, ActivationKind, const T* weight, const T* w,
                              const T* h, T* squares, T* value);
  void (*contractive_backward_data)(const Team&, int n, int units, ActivationKind, T strength, const double* norm,
                                    const T* weight, const T* squares, const T* h, const T* dy, T* dh);
  // dw += its part; sums (units,) is room to work in.
  void (*contractive_backward_weights)(const Team&, int n, int in, int units, ActivationKind, T strength,
                                       const double* norm, const T* weight, const T* h, const T* w, T* sums, T* dw);
};

}  // namespace fastdl
