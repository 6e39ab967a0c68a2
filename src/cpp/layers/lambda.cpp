// lambda: a function of the user's, with its gradients; called by the thread that began the pass, the others wait.
#include <exception>
#include <type_traits>

#include "kernels/layout.hpp"
#include "kernels/memory.hpp"
#include "kernels/sequence.hpp"
#include "layers/copy.hpp"
#include "layers/function.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Lambda : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  std::shared_ptr<LayerFunction> function;
  Param weights = -1;            // all parameters, one after the other
  index x_size = 0, y_size = 0;  // of the user's order, where the program's is another

  void plan(Plan<T>& plan) override {
    plan.need(!plan.backend.device, this->who());
    function = spec.template get<std::shared_ptr<LayerFunction>>("function");
    for (const LayerFunction::Parameter& p : function->parameters()) {
      const Param at = plan.parameter(spec, p.name, p.role, p.dims, p.fan_in, p.fan_out);
      if (weights < 0) weights = at;
    }
    this->learns = weights >= 0 && plan.learns(spec);
    constexpr DType dtype = std::is_same_v<T, float> ? DType::f32 : DType::f64;
    Shape shape = function->shape(in.shape, dtype, in.wants_gradient, this->learns);
    if (shape.is_sequence()) shape.clock = in.shape.clock;
    check(!shape.is_sequence() || (in.shape.is_sequence() && shape.steps() == in.shape.steps()),
          this->who() + " makes " + shape.what() + " of " + in.shape.what() +
              "; sequences keep their steps, and come from sequences only.");
    out = plan.tensor(shape, in.wants_gradient || this->learns);
    out.overwritable = true;
    x_size = in.shape.is_row() ? 0 : plan.batch * in.shape.size();
    y_size = shape.is_row() ? 0 : plan.batch * shape.size();
    plan.scratch(x_size + y_size);
  }

  void forward(const Frame<T>& f) const override {
    const bool back = !f.predicts();
    const T* x = to_user(f, in.shape, f.value(in), f.scratch);
    T* y = out.shape.is_row() ? f.value(out) : f.scratch + x_size;
    const FunctionCall call = call_of(f, back);
    if (ask(f, [&] { function->forward(call, x, y); }))
      from_user(f, out.shape, y, f.value(out));
    else
      f.kernels.memory.fill(f.team, f.elements(out.shape), T(0), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    const T* dy = to_user(f, out.shape, f.gradient(out), f.scratch + x_size);
    T* dx = !in.wants_gradient ? nullptr : in.shape.is_row() ? f.gradient(in) : f.scratch;
    T* dweights = this->learns ? f.grad(weights) : nullptr;
    const FunctionCall call = call_of(f, true);
    if (ask(f, [&] { function->backward(call, dy, dx, dweights); }) && dx) from_user(f, in.shape, dx, f.gradient(in));
  }

 private:
  FunctionCall call_of(const Frame<T>& f, bool back) const {
    return {.n = f.n,
            .in = in.shape,
            .out = out.shape,
            .lengths = in.shape.is_sequence() ? f.sequence(in.shape).lengths : nullptr,
            .weights = f.param(weights),
            .wants_dx = back && in.wants_gradient,
            .wants_dweights = back && this->learns};
  }

  // Whether it went well; an exception waits in the frame for the end of the team.
  template <class F>
  static bool ask(const Frame<T>& f, F call) {
    f.team.sync();
    if (f.team.rank == 0 && !*f.failure) {
      try {
        call();
      } catch (...) {
        *f.failure = std::current_exception();
      }
    }
    f.team.sync();
    return !*f.failure;
  }

  // A tensor in the user's order, in `room` where that is another than the program's.
  static const T* to_user(const Frame<T>& f, const Shape& s, const T* x, T* room) {
    if (s.is_row()) return x;
    if (s.is_image()) f.kernels.layout.image_to_rows(f.team, f.n, s.h() * s.w(), s.c(), x, room);
    if (s.is_sequence()) f.kernels.sequence.sequence_to_rows(f.team, f.sequence(s), x, room);
    return room;
  }
  static void from_user(const Frame<T>& f, const Shape& s, const T* x, T* y) {
    if (s.is_image()) f.kernels.layout.rows_to_image(f.team, f.n, s.h() * s.w(), s.c(), x, y);
    if (s.is_sequence()) f.kernels.sequence.rows_to_sequence(f.team, f.sequence(s), x, y);
  }
};

}  // namespace

FASTDL_LAYER(Lambda)

}  // namespace fastdl
