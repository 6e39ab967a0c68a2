// bidirectional: a recurrent layer and its mirror image, which reads each sequence from its end; outputs side by side
// (Schuster and Paliwal 1997).
#include "kernels/pointwise.hpp"
#include "kernels/sequence.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Bidirectional : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  LayerPtr<T> there, back;

  void plan(Plan<T>& plan) override {
    LayerSpec inner = spec.layers("layer")[0];
    inner.name = spec.name;  // its parameters are this layer's
    inner.fields["reverse"] = false;
    there = planned(inner, in, plan);
    inner.fields["reverse"] = true;
    back = planned(inner, plan.fork(in), plan);
    Shape shape = there->out.shape;
    shape.dims.back() = this->as_int(2 * index(shape.c()), "the number of units");
    out = plan.tensor(shape, there->out.wants_gradient);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    there->forward(f);
    back->forward(f);
    int features = there->out.shape.c();
    f.kernels.sequence.concat_forward(f.team, f.rows(out.shape), features, features, f.value(there->out),
                                      f.value(back->out), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    int features = there->out.shape.c();
    f.kernels.sequence.concat_backward(f.team, f.rows(out.shape), features, features, f.gradient(out),
                                       f.gradient(there->out), f.gradient(back->out));
    there->backward(f);
    back->backward(f);
    if (T* dx = f.gradient(in)) f.kernels.pointwise.add(f.team, f.elements(in.shape), dx, f.gradient(back->in), dx);
  }

 private:
  static LayerPtr<T> planned(const LayerSpec& inner, const Tensor& in, Plan<T>& plan) {
    LayerPtr<T> layer = make_layer<T>(inner);
    layer->in = in;
    layer->in.overwritable = false;  // read twice
    layer->plan(plan);
    return layer;
  }
};

}  // namespace

FASTDL_LAYER(Bidirectional)

}  // namespace fastdl
