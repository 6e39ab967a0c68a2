// A layer that is a Python function: fastdl.program.own_layer.OwnLayer as a LayerFunction, on copies of the arrays.
#include "layers/function.hpp"

#include "bindings/spec.hpp"

namespace fastdl {
namespace {

py::array copied(const void* from, DType dtype, const std::vector<py::ssize_t>& shape) {
  return py::array(numpy_dtype(dtype), shape, from);
}

void copy_out(const py::handle& from, DType dtype, const std::vector<py::ssize_t>& shape, void* to) {
  const py::array a = exact(from, dtype, "what a layer's function gave");
  check_shape(a, shape, "what a layer's function gave");
  std::copy_n(static_cast<const char*>(a.data()), a.nbytes(), static_cast<char*>(to));
}

class __attribute__((visibility("hidden"))) PyLayerFunction final : public LayerFunction {
 public:
  // The last copy may end without the GIL.
  explicit PyLayerFunction(const py::handle& own)
      : own_(new py::object(py::reinterpret_borrow<py::object>(own)), [](py::object* object) {
          py::gil_scoped_acquire gil;
          delete object;
        }) {}

  std::vector<Parameter> parameters() const override {
    py::gil_scoped_acquire gil;
    std::vector<Parameter> found;
    for (const auto& p : own().attr("parameters").cast<py::list>())
      found.push_back({.name = p.attr("name").cast<std::string>(),
                       .role = p.attr("role").cast<std::string>(),
                       .dims = p.attr("shape").cast<std::vector<int>>(),
                       .fan_in = p.attr("fan_in").cast<int>(),
                       .fan_out = p.attr("fan_out").cast<int>()});
    return found;
  }

  Shape shape(const Shape& in, DType dtype, bool wants_dx, bool wants_dweights) override {
    py::gil_scoped_acquire gil;
    dtype_ = dtype;
    n_weights_ = own().attr("n_weights").cast<py::ssize_t>();
    const py::tuple sides = py::tuple(py::cast(in.dims));
    return {own().attr("shape")(sides, numpy_dtype(dtype), wants_dx, wants_dweights).cast<std::vector<int>>()};
  }

  void forward(const FunctionCall& c, const void* x, void* y) override {
    py::gil_scoped_acquire gil;
    const py::object lengths =
        c.lengths ? py::object(py::array_t<std::int32_t>(py::ssize_t(c.n), c.lengths)) : py::object(py::none());
    const py::object found = own().attr("forward")(copied(x, dtype_, batch_shape(c.n, c.in)), weights(c.weights),
                                                   lengths, c.wants_dx, c.wants_dweights);
    copy_out(found, dtype_, batch_shape(c.n, c.out), y);
  }

  void backward(const FunctionCall& c, const void* dy, void* dx, void* dweights) override {
    py::gil_scoped_acquire gil;
    const py::tuple found = own().attr("backward")(copied(dy, dtype_, batch_shape(c.n, c.out)));
    if (dx) copy_out(found[0], dtype_, batch_shape(c.n, c.in), dx);
    if (dweights) copy_out(found[1], dtype_, {n_weights_}, dweights);
  }

 private:
  const py::object& own() const { return *own_; }
  py::array weights(const void* from) const {
    return from ? copied(from, dtype_, {n_weights_}) : py::array(numpy_dtype(dtype_), std::vector<py::ssize_t>{0});
  }

  std::shared_ptr<py::object> own_;
  DType dtype_ = DType::f32;
  py::ssize_t n_weights_ = 0;
};

}  // namespace

std::shared_ptr<LayerFunction> layer_function(const py::handle& object) {
  return std::make_shared<PyLayerFunction>(object);
}

}  // namespace fastdl
