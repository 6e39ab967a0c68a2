// Augment on arrays, for fastdl.functional: images in, images and what was drawn out.
#include <vector>

#include "bindings/numpy.hpp"
#include "bindings/spec.hpp"
#include "core/arena.hpp"
#include "core/backend.hpp"
#include "core/threads.hpp"
#include "kernels/layout.hpp"
#include "layers/augmentation.hpp"

namespace fastdl {
namespace {

constexpr index alone_below = 100'000;  // values that one thread does sooner

template <class T>
void run(const Input& in, const Augmentation& options, const RandomKey& key, const std::vector<AugmentDraw>& draws,
         py::array& y) {
  const index image = options.output().size();
  const int threads = in.n * image < alone_below ? 1 : usable_threads(max_threads());
  const Block<T> room(options.mixes() ? threads * image : 0);
  T* to = static_cast<T*>(y.mutable_data());
  py::gil_scoped_release release;
  run_team(threads, [&](const Team& team) {
    kernels_of<T>(find_backend(""))
        .layout.augment(team, in.samples, options.shape(), key, draws.data(), int(in.n), room.data(), to);
  });
}

// One column of the draws, a row for each sample.
template <class T, class Get>
Array<T> column(const std::vector<AugmentDraw>& draws, index n, const std::vector<py::ssize_t>& shape, Get get) {
  std::vector<py::ssize_t> whole{n};
  whole.insert(whole.end(), shape.begin(), shape.end());
  Array<T> values(whole);
  const index size = n ? values.size() / n : 0;
  for (index i = 0; i < n; i++)
    for (index k = 0; k < size; k++) values.mutable_data()[i * size + k] = T(get(draws[i], int(k)));
  return values;
}

// -> (y, draws by name): of all n samples as one epoch.
py::tuple augment(const py::sequence& layers, const py::object& X, std::uint64_t seed, std::uint32_t epoch,
                  const std::string& dtype) {
  const auto given = py::reinterpret_borrow<py::array>(X);
  check(given.ndim() == 4, "X has shape " + shape_text(given) + "; expected (n, height, width, channels).");
  Shape shape;
  for (int d = 1; d < 4; d++) shape.dims.push_back(checked_int(given.shape(d), "a size of X"));
  const Input in = input_of(X, shape);
  checked_int(in.n, "the number of images");
  const Augmentation options(layer_specs(layers).at(0), shape);
  std::vector<AugmentDraw> draws(2 * in.n);
  std::vector<index> partners(in.n);
  for (index i = 0; i < in.n; i++) {
    draws[i] = options.draw(seed, epoch, i), partners[i] = i;
    if (draws[i].weight != 1) partners[i] = Augmentation::partner(draws[i], in.n);
    draws[in.n + i] = options.draw(seed, epoch, partners[i]);
  }
  const RandomKey key{.seed = seed, .layer = options.number(), .epoch = epoch, .sample = nullptr, .n = int(in.n)};
  const DType type = float_dtype(dtype);
  py::array y(numpy_dtype(type), batch_shape(in.n, options.output()));
  if (type == DType::f32)
    run<float>(in, options, key, draws, y);
  else
    run<double>(in, options, key, draws, y);
  py::dict found;
  const auto number = [&](const char* name, double AugmentDraw::* of) {
    found[name] = column<double>(draws, in.n, {}, [of](const AugmentDraw& d, int) { return d.*of; });
  };
  found["map"] = column<double>(draws, in.n, {2, 3},
                                [](const AugmentDraw& d, int k) { return k < 3 ? d.row[k] : d.column[k - 3]; });
  number("brightness", &AugmentDraw::brightness), number("contrast", &AugmentDraw::contrast);
  number("saturation", &AugmentDraw::saturation), number("hue", &AugmentDraw::hue);
  found["cutout"] = column<std::int64_t>(draws, in.n, {4}, [](const AugmentDraw& d, int k) {
    const int sides[] = {d.cut_top, d.cut_bottom, d.cut_left, d.cut_right};
    return sides[k];
  });
  number("weight", &AugmentDraw::weight);
  Array<std::int64_t> others(in.n);
  std::copy(partners.begin(), partners.end(), others.mutable_data());
  found["partner"] = others;
  return py::make_tuple(y, found);
}

}  // namespace

void bind_augment(py::module_& m) {
  m.def("augment", &augment, py::arg("layers"), py::arg("X"), py::kw_only(), py::arg("seed"), py::arg("epoch"),
        py::arg("dtype"));
}

}  // namespace fastdl
