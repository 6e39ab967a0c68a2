// kl_sparsity: the identity, with a penalty: strength * sum_j KL(target || mean of unit j over the batch) (Ng 2011).
#include "kernels/memory.hpp"
#include "kernels/penalty.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct KLSparsity : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  int units;
  T target, strength;
  Buffer slope, value;  // (units,)

  void plan(Plan<T>& plan) override {
    check_row(*this);
    units = in.shape.dims[0], target = spec.number("target"), strength = spec.number("strength");
    slope = plan.saved(units), value = plan.saved(units);
    this->penalises = strength > 0;
    out = in;
    out.in_place = true, out.overwritable = false;
  }

  void forward(const Frame<T>&) const override {}

  void add_penalty(const Frame<T>& f, double* total) const override {
    f.kernels.penalty.kl_sparsity_forward(f.team, f.n, units, target, f.weight, f.value(in), f.saved(slope),
                                          f.saved(value));
    f.kernels.memory.sum(f.team, units, f.saved(value), f.sums);
    f.kernels.memory.sum(f.team, f.n, f.weight, f.sums + 1);  // of the batch's part of all samples
    f.kernels.memory.add_scaled(f.team, strength, f.sums, f.sums + 1, f.norm, total);
  }

  void backward(const Frame<T>& f) const override {
    T* da = f.gradient(out);
    if (f.norm && this->penalises)
      f.kernels.penalty.kl_sparsity_backward(f.team, f.n, units, strength, f.norm, f.weight, f.saved(slope), da, da);
  }
};

}  // namespace

FASTDL_LAYER(KLSparsity)

}  // namespace fastdl
