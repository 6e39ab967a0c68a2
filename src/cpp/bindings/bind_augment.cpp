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

// Targets of pixels moved along: codes (n, h, w) int32, or numbers (n, h, w, k) of the dtype that their weights (n, h,
// w) have -> what comes out, and its weights: 0 where nothing was.
template <class T>
py::tuple move_targets(const py::object& y, const py::object& weights, const AugmentShape& images,
                       const std::vector<AugmentDraw>& draws, index n) {
  const bool blends = !py::isinstance<py::array_t<std::int32_t>>(y);
  const auto given = py::reinterpret_borrow<py::array>(y);
  std::vector<py::ssize_t> shape{n, images.h, images.w};
  MovedShape moved{.of = images, .tall = 1, .wide = 1, .blends = blends, .masks = true};
  if (blends) shape.push_back(given.ndim() == 4 ? given.shape(3) : 1), moved.of.c = checked_int(shape[3], "outputs");
  check_shape(given, shape, "targets");
  const Array<T> of_pixels = exact<T>(weights, "weights");
  check_shape(of_pixels, {n, images.h, images.w}, "weights");
  shape[1] = images.oh, shape[2] = images.ow;
  Array<T> left({py::ssize_t(n), py::ssize_t(images.oh), py::ssize_t(images.ow)});
  const auto moved_into = [&](const py::array& result, const Targets<T>& from, const BatchTargets<T>& to) {
    const int threads = n * index(images.oh) * images.ow < alone_below ? 1 : usable_threads(max_threads());
    {
      py::gil_scoped_release release;
      run_team(threads, [&](const Team& team) {
        kernels_of<T>(find_backend("")).layout.gather_moved_targets(team, from, moved, draws.data(), int(n), to);
      });
    }
    return py::make_tuple(result, left);
  };
  if (blends) {
    const Array<T> numbers = exact<T>(y, "targets");
    Array<T> result(shape);
    return moved_into(result, {nullptr, numbers.data(), of_pixels.data(), true},
                      {nullptr, result.mutable_data(), left.mutable_data()});
  }
  const Array<std::int32_t> codes = exact<std::int32_t>(y, "targets");
  Array<std::int32_t> result(shape);
  return moved_into(result, {codes.data(), nullptr, of_pixels.data(), true},
                    {result.mutable_data(), nullptr, left.mutable_data()});
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

// -> (y, draws by name): of all n samples as one epoch; with targets of pixels these and their weights among the draws.
py::tuple augment(const py::sequence& layers, const py::object& X, std::uint64_t seed, std::uint32_t epoch,
                  const std::string& dtype, const py::object& targets, const py::object& weights) {
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
  if (!targets.is_none())
    found["targets"] = py::isinstance<py::array_t<float>>(weights)
                           ? move_targets<float>(targets, weights, options.shape(), draws, in.n)
                           : move_targets<double>(targets, weights, options.shape(), draws, in.n);
  return py::make_tuple(y, found);
}

}  // namespace

void bind_augment(py::module_& m) {
  m.def("augment", &augment, py::arg("layers"), py::arg("X"), py::kw_only(), py::arg("seed"), py::arg("epoch"),
        py::arg("dtype"), py::arg("targets") = py::none(), py::arg("weights") = py::none());
}

}  // namespace fastdl
