// embed_categories: the last features of rows hold codes; each becomes the row of its column's table, and the other
// features come first.
#include "kernels/columns.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct EmbedCategories : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  int units, n_columns;
  Block<int> first, size;  // of each column: row where its table begins, rows
  Param table;             // (all rows, units)

  void plan(Plan<T>& plan) override {
    check_row(*this);
    this->learns = plan.learns(spec);
    units = spec.integer("units");
    const auto& sizes = spec.integers("sizes");
    const int columns = int(sizes.size()), features = in.shape.c();
    check(columns <= features, this->who() + " has sizes of " + std::to_string(columns) +
                                   " columns, but its input has " + std::to_string(features) +
                                   " features. Give a size for each column of codes, which come last.");
    index rows = 0;
    std::vector<int> begins, counts;
    for (long rows_of_one : sizes) {
      check(sizeof(T) > 4 || rows_of_one <= 1 << 24,
            this->who() + ": a size is " + std::to_string(rows_of_one) +
                "; in float32, codes are exact up to 2**24. Use dtype=\"float64\".");
      begins.push_back(this->as_int(rows, "the rows of all tables"));
      counts.push_back(int(rows_of_one));
      rows += rows_of_one;
    }
    n_columns = columns, first = plan.placed(begins), size = plan.placed(counts);
    table = plan.parameter(spec, "weight", "weight", {this->as_int(rows, "the rows of all tables"), units}, 1, units);
    const int width = this->as_int(features - columns + times(columns, units), "the number of features");
    out = plan.tensor({{width}}, in.wants_gradient || this->learns);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.columns.embed_categories_forward(f.team, shape(f), f.value(in), f.param(table), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    f.kernels.columns.embed_categories_backward(f.team, shape(f), f.value(in), f.gradient(out), f.gradient(in),
                                                this->learns ? f.grad(table) : nullptr);
  }

 private:
  CategoryShape shape(const Frame<T>& f) const {
    return {.n = f.n,
            .features = in.shape.c(),
            .columns = n_columns,
            .units = units,
            .first = first.data(),
            .size = size.data()};
  }
};

}  // namespace

FASTDL_LAYER(EmbedCategories)

}  // namespace fastdl
