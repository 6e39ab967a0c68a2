// embedding: y (n, steps, units) = table (symbols, units)[x] of codes x (n, steps, 1)
#include <algorithm>

#include "kernels/memory.hpp"
#include "kernels/sequence.hpp"
#include "layers/make.hpp"
#include "layers/plan.hpp"

namespace fastdl {
namespace {

template <class T>
struct Embedding : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  int n_symbols, units;
  Param table;

  void plan(Plan<T>& plan) override {
    check(in.shape.is_sequence() && in.shape.c() == 1, this->who() +
                                                           " takes codes of symbols (steps, 1), but its input is " +
                                                           in.shape.what() + ". Pass X of shape (n, steps, 1).");
    check(in.value == 0, this->who() + " takes the codes that the network gets. Put it first.");
    this->learns = plan.learns(spec);
    n_symbols = spec.integer("n_symbols"), units = spec.integer("units");
    check(sizeof(T) > 4 || n_symbols <= 1 << 24,
          this->who() + ": n_symbols=" + std::to_string(n_symbols) +
              "; in float32, codes are exact up to 2**24. Use dtype=\"float64\".");
    table = plan.parameter(spec, "weight", "weight", {n_symbols, units}, 1, units);
    out = plan.tensor({{in.shape.steps(), units}}, this->learns);
    out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    f.kernels.sequence.embedding_forward(f.team, f.rows(in.shape), n_symbols, units, f.value(in), f.param(table),
                                         f.value(out));
  }

  // Codes have no gradient: where one is asked for it is zero.
  void backward(const Frame<T>& f) const override {
    if (this->learns)
      f.kernels.sequence.embedding_backward(f.team, f.rows(in.shape), n_symbols, units, f.value(in), f.gradient(out),
                                            f.grad(table));
    if (T* dx = f.gradient(in)) f.kernels.memory.fill(f.team, f.elements(in.shape), T(0), dx);
  }

  int symbols() const override { return n_symbols; }
};

}  // namespace

FASTDL_LAYER(Embedding)

}  // namespace fastdl
