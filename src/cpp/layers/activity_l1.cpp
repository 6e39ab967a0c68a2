// activity_l1: the identity, with a penalty: strength * sum_j |x_j|, the mean over samples.
#include "kernels/memory.hpp"
#include "kernels/penalty.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct ActivityL1 : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  int units;
  T strength;
  Buffer value;  // (n,)

  void plan(Plan<T>& plan) override {
    check_row(*this);
    units = in.shape.dims[0], strength = spec.number("strength");
    value = plan.saved(plan.batch);
    this->penalises = strength > 0;
    out = in;
    out.in_place = true, out.overwritable = false;
  }

  void forward(const Frame<T>&) const override {}

  void add_penalty(const Frame<T>& f, double* total) const override {
    f.kernels.penalty.activity_l1_forward(f.team, f.n, units, f.weight, f.value(in), f.saved(value));
    f.kernels.memory.sum(f.team, f.n, f.saved(value), f.sums);
    f.kernels.memory.add_scaled(f.team, strength, f.sums, nullptr, f.norm, total);
  }

  void backward(const Frame<T>& f) const override {
    T* da = f.gradient(out);
    if (f.norm && this->penalises)
      f.kernels.penalty.activity_l1_backward(f.team, f.n, units, strength, f.norm, f.weight, f.value(in), da, da);
  }
};

}  // namespace

FASTDL_LAYER(ActivityL1)

}  // namespace fastdl
