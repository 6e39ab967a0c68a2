// Word vectors: one call for some sentences.
#include "bindings/numpy.hpp"
#include "core/backend.hpp"
#include "core/denormals.hpp"
#include "kernels/words.hpp"

namespace fastdl {
namespace {

py::tuple skip_gram(const py::object& tokens, const py::object& starts, const py::object& noise,
                    const py::object& vectors, const py::object& contexts, int window, int negative, double rate,
                    double fall, std::uint64_t seed, std::uint32_t epoch, std::int64_t first) {
  auto words = exact<std::int32_t>(tokens, "tokens"), drawn = exact<std::int32_t>(noise, "noise");
  auto begins = exact<std::int64_t>(starts, "starts");
  auto w = exact<float>(vectors, "vectors"), u = exact<float>(contexts, "contexts");
  check(w.ndim() == 2 && u.ndim() == 2 && w.shape(0) == u.shape(0) && w.shape(1) == u.shape(1),
        "vectors and contexts must have one shape (words, size).");
  check(window > 0 && negative > 0 && negative < 64, "window must be positive, negative 1 to 63.");
  check(drawn.size() > 0 && begins.size() > 0 && begins.data()[begins.size() - 1] <= words.size(),
        "noise and starts must not be empty, and the sentences must end within tokens.");
  for (const auto& codes : {words, drawn})
    check(all_within(codes.data(), codes.size(), 0, w.shape(0)), "a word is not among the vectors.");
  SkipGram<float> s{};
  s.tokens = words.data(), s.starts = begins.data(), s.sentences = begins.size() - 1;
  s.noise = drawn.data(), s.noise_size = drawn.size();
  s.window = window, s.negative = negative, s.size = int(w.shape(1));
  s.vectors = w.mutable_data(), s.contexts = u.mutable_data();
  s.rate = rate, s.fall = fall, s.seed = seed, s.epoch = epoch, s.first = first;
  {
    py::gil_scoped_release release;
    const NoDenormals no_denormals;
    kernels_of<float>(find_backend("")).words.skip_gram(s);
  }
  return py::make_tuple(s.loss, s.pairs);
}

}  // namespace

void bind_words(py::module_& m) {
  m.def("skip_gram", &skip_gram, py::arg("tokens"), py::arg("starts"), py::arg("noise"), py::arg("vectors"),
        py::arg("contexts"), py::kw_only(), py::arg("window"), py::arg("negative"), py::arg("rate"), py::arg("fall"),
        py::arg("seed"), py::arg("epoch"), py::arg("first"));
}

}  // namespace fastdl
