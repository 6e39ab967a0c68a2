// Boxes of objects in images: one call for all of them.
#include <algorithm>
#include <utility>

#include "bindings/numpy.hpp"
#include "metrics/boxes.hpp"

namespace fastdl {
namespace {

static_assert(sizeof(Box) == 4 * sizeof(double));

Array<double> boxes_of(const py::object& object, const std::string& name) {
  auto boxes = exact<double>(object, name);
  check(boxes.ndim() == 2 && boxes.shape(1) == 4, name + " has shape " + shape_text(boxes) + "; expected (n, 4).");
  return boxes;
}

const Box* data_of(const Array<double>& boxes) { return reinterpret_cast<const Box*>(boxes.data()); }

py::array suppress_boxes(const py::object& boxes, const py::object& order, const py::object& groups, double threshold,
                         index most) {
  auto given = boxes_of(boxes, "boxes");
  auto by = exact<std::int64_t>(order, "order");
  auto group = exact<std::int32_t>(groups, "groups");
  const index n = given.shape(0);
  check_shape(by, {n}, "order");
  check_shape(group, {n}, "groups");
  check(all_within(by.data(), n, 0, n), "order must hold indices of boxes.");
  std::vector<std::int64_t> kept;
  {
    py::gil_scoped_release release;
    kept = suppress({data_of(given), data_of(given) + n}, by.data(), group.data(), threshold, most);
  }
  return py::array_t<std::int64_t>(static_cast<py::ssize_t>(kept.size()), kept.data());
}

// The boxes of images as arrays (n, 4), (n,) and (n_images + 1,).
struct __attribute__((visibility("hidden"))) Lists {
  Array<double> boxes;
  Array<std::int32_t> classes;
  Array<std::int64_t> starts;

  // An answer of class -1 is of none that is there.
  Lists(const py::tuple& given, const std::string& name, index least_class, index n_classes)
      : boxes(boxes_of(given[0], name)),
        classes(exact<std::int32_t>(given[1], name + "'s classes")),
        starts(exact<std::int64_t>(given[2], name + "'s starts")) {
    const index n = boxes.shape(0), last = starts.size() - 1;
    check_shape(classes, {n}, name + "'s classes");
    check(last >= 0 && starts.data()[0] == 0 && starts.data()[last] == n,
          name + "'s starts must go from 0 to its end.");
    check(std::is_sorted(starts.data(), starts.data() + last + 1), name + "'s starts must not fall.");
    check(all_within(classes.data(), n, least_class, n_classes), name + "'s classes are out of range.");
  }
  operator Boxes() const { return {data_of(boxes), classes.data(), starts.data()}; }
};

py::array match_boxes(const py::tuple& truth, const py::tuple& found, const py::object& order, index n_classes,
                      const std::vector<double>& thresholds, index most) {
  const Lists right(truth, "truth", 0, n_classes), answers(found, "found", -1, n_classes);
  auto by = exact<std::int64_t>(order, "order");
  const index n = answers.boxes.shape(0);
  check(!thresholds.empty(), "thresholds must not be empty.");
  check(right.starts.size() == answers.starts.size(), "truth and found must have as many images.");
  check_shape(by, {n}, "order");
  std::vector<char> seen(n);  // an order that is none would write past the images' places
  bool each_once = all_within(by.data(), n, 0, n);
  for (index i = 0; i < n && each_once; i++) each_once = !std::exchange(seen[by.data()[i]], 1);
  check(each_once, "order must hold each index of found once.");
  py::array_t<std::int8_t> hits({n, static_cast<index>(thresholds.size())});
  std::int8_t* out = hits.mutable_data();
  {
    py::gil_scoped_release release;
    match(right, answers, by.data(), right.starts.size() - 1, n_classes, thresholds, most, out);
  }
  return hits;
}

}  // namespace

void bind_boxes(py::module_& m) {
  m.def("suppress_boxes", &suppress_boxes, py::arg("boxes"), py::arg("order"), py::arg("groups"), py::kw_only(),
        py::arg("threshold"), py::arg("most"));
  m.def("match_boxes", &match_boxes, py::arg("truth"), py::arg("found"), py::arg("order"), py::kw_only(),
        py::arg("n_classes"), py::arg("thresholds"), py::arg("most"));
}

}  // namespace fastdl
