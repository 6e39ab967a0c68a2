// activation: y = function(x), element by element; softmax over the channels.
#include "kernels/pointwise.hpp"
#include "layers/by_pixels.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {

ActivationKind activation_kind(const std::string& name) {
  constexpr std::pair<const char*, ActivationKind> kinds[] = {
      {"identity", ActivationKind::identity},
      {"sigmoid", ActivationKind::sigmoid},
      {"tanh", ActivationKind::tanh},
      {"relu", ActivationKind::relu},
      {"leaky_relu", ActivationKind::leaky_relu},
      {"elu", ActivationKind::elu},
      {"selu", ActivationKind::selu},
      {"softplus", ActivationKind::softplus},
      {"gelu", ActivationKind::gelu},
      {"swish", ActivationKind::swish},
      {"mish", ActivationKind::mish},
      {"exp", ActivationKind::exp},
      {"hard_sigmoid", ActivationKind::hard_sigmoid},
      {"hard_swish", ActivationKind::hard_swish},
      {"celu", ActivationKind::celu},
      {"softsign", ActivationKind::softsign},
      {"thresholded_relu", ActivationKind::thresholded_relu},
      {"gelu_tanh", ActivationKind::gelu_tanh},
      {"log", ActivationKind::log},
      {"sqrt", ActivationKind::sqrt},
      {"abs", ActivationKind::abs},
      {"erf", ActivationKind::erf},
      {"power", ActivationKind::power},
      {"softmax", ActivationKind::softmax},
  };
  for (const auto& [text, kind] : kinds)
    if (name == text) return kind;
  throw Error("activation '" + name + "' is not known to the core.");
}

bool reads_input(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::gelu:
    case ActivationKind::swish:
    case ActivationKind::mish:
    case ActivationKind::hard_swish:
    case ActivationKind::thresholded_relu:
    case ActivationKind::gelu_tanh:
    case ActivationKind::log:
    case ActivationKind::abs:
    case ActivationKind::erf:
    case ActivationKind::power: return true;
    default: return false;
  }
}

namespace {

template <class T>
struct Activation : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  ActivationKind kind;
  T alpha;

  void plan(Plan<T>& plan) override {
    kind = activation_kind(spec.text("function"));
    alpha = spec.number("alpha");
    bool reads_x = reads_input(kind);  // backward; the others read y
    bool in_place = in.overwritable && !reads_x;
    out = in_place ? in : plan.tensor(in.shape, in.wants_gradient);
    out.overwritable = reads_x;
    out.in_place = in_place;
    this->lone = this->any_batch = true;
    if (kind == ActivationKind::softmax) plan.scratch(by_pixels_scratch(plan, in.shape));
  }

  void forward(const Frame<T>& f) const override {
    if (kind == ActivationKind::softmax)
      forward_by_pixels(f, in.shape, f.value(in), f.value(out), [&](const NormShape& s, const T* x, T* y) {
        f.kernels.pointwise.softmax_forward(f.team, s, x, y);
      });
    else
      f.kernels.pointwise.activation_forward(f.team, kind, alpha, count(f), f.value(in), f.value(out));
  }

  bool is_relu_in_place() const override { return kind == ActivationKind::relu && out.in_place; }

  void backward(const Frame<T>& f) const override {
    const T *x = f.value(in), *y = f.value(out), *dy = f.gradient(out);
    T* dx = f.gradient(in);
    if (!dx) return;
    if (kind == ActivationKind::softmax)
      f.kernels.pointwise.softmax_backward(f.team, norm_shape(f, in.shape), y, dy, dx);
    else
      f.kernels.pointwise.activation_backward(f.team, kind, alpha, count(f), x, y, dy, dx);
  }

 private:
  index count(const Frame<T>& f) const { return f.elements(in.shape); }
};

}  // namespace

FASTDL_LAYER(Activation)

}  // namespace fastdl
