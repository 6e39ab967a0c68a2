// bidirectional: a recurrent layer and its mirror image, which reads each sequence from its end; outputs side by side
// (Schuster and Paliwal 1997).
#include "kernels/memory.hpp"
#include "kernels/pointwise.hpp"
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
    f.kernels.memory.put_slice(f.team, half(f, *there, 0), f.value(there->out), f.value(out));
    f.kernels.memory.put_slice(f.team, half(f, *back, 1), f.value(back->out), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.memory.take_slice(f.team, half(f, *there, 0), f.gradient(out), f.gradient(there->out));
    f.kernels.memory.take_slice(f.team, half(f, *back, 1), f.gradient(out), f.gradient(back->out));
    there->backward(f);
    back->backward(f);
    if (T* dx = f.gradient(in)) f.kernels.pointwise.add(f.team, f.elements(in.shape), dx, f.gradient(back->in), dx);
  }

 private:
  ChannelSlice half(const Frame<T>& f, const Layer<T>& layer, int which) const {
    const int units = layer.out.shape.c();
    return {.whole = norm_shape(f, out.shape), .first = which * units, .channels = units};
  }
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
