// What pads, crops and resizes images: each row of the output is a sum of some of the input's, then each column.
#pragma once

#include <vector>

#include "kernels/pool2d.hpp"
#include "layers/layer.hpp"
#include "layers/plan.hpp"
#include "layers/window.hpp"

namespace fastdl {

// Of one axis: for each output, the inputs that it is a sum of, with their weights, and what is added.
template <class T>
struct AxisTaps {
  std::vector<int> start{0}, index;
  std::vector<T> weight, value;
  int from = 0;
  Block<int> placed_start, placed_index;
  Block<T> placed_weight, placed_value;

  explicit AxisTaps(int from = 0) : from(from) {}
  int to() const { return int(start.size()) - 1; }
  void add(int i, double w) {
    for (int k = start.back(); k < int(index.size()); k++)
      if (index[k] == i) {
        weight[k] += T(w);
        return;
      }
    index.push_back(i), weight.push_back(T(w));
  }
  void end_output(double v = 0) { start.push_back(int(index.size())), value.push_back(T(v)); }
  bool is_identity() const {
    bool same = to() == from && int(index.size()) == from;
    for (int i = 0; same && i < from; i++) same = index[i] == i && weight[i] == 1 && start[i] == i;
    return same;
  }
  // For the gradient: for each input, the outputs that it is part of.
  AxisTaps turned() const {
    AxisTaps t(to());
    t.start.assign(from + 1, 0), t.value.assign(from, 0);
    for (int i : index) t.start[i + 1]++;
    for (int i = 0; i < from; i++) t.start[i + 1] += t.start[i];
    std::vector<int> at(t.start.begin(), t.start.end() - 1);
    t.index.resize(index.size()), t.weight.resize(index.size());
    for (int j = 0; j < to(); j++)
      for (int k = start[j]; k < start[j + 1]; k++) {
        const int place = at[index[k]]++;
        t.index[place] = j, t.weight[place] = weight[k];
      }
    return t;
  }
  // From here on they lie where kernels read them.
  void place(Plan<T>& plan) {
    placed_start = plan.placed(start), placed_index = plan.placed(index);
    placed_weight = plan.placed(weight), placed_value = plan.placed(value);
  }
  Taps<T> view() const { return {placed_start.data(), placed_index.data(), placed_weight.data(), placed_value.data()}; }
};

// Sizes of what has a list of taps: more is no image, and would fill the memory before anything is planned.
template <class T>
int tapped(const Layer<T>& layer, index size, const std::string& what, index most = index(1) << 20) {
  check(size <= most, layer.who() + ": " + what + " would be " + std::to_string(size) + "; expected at most " +
                          std::to_string(most) + ".");
  return int(size);
}

template <class T>
struct Resampled : Layer<T> {
  using Layer<T>::Layer, Layer<T>::in, Layer<T>::out, Layer<T>::spec;
  AxisTaps<T> down, across, up, back;  // of rows and columns; their turned ones
  Tensor middle;                       // after the rows

  // The taps of rows (axis 0) or columns (1), of which there are `size`.
  virtual AxisTaps<T> taps(int axis, int size) const = 0;

  void plan(Plan<T>& plan) override {
    check_image(*this);
    const Shape& s = in.shape;
    down = taps(0, tapped(*this, s.h(), "the height of its input"));
    across = taps(1, tapped(*this, s.w(), "the width of its input"));
    up = down.turned(), back = across.turned();
    for (AxisTaps<T>* each : {&down, &across, &up, &back}) each->place(plan);
    this->lone = true;
    middle = out = in;
    if (!down.is_identity()) middle = out = plan.tensor({{down.to(), s.w(), s.c()}}, in.wants_gradient);
    if (!across.is_identity()) out = plan.tensor({{down.to(), across.to(), s.c()}}, in.wants_gradient);
    if (out.value != in.value) out.overwritable = true;
  }

  void forward(const Frame<T>& f) const override {
    if (!down.is_identity()) rows(f, down, in.shape.w(), f.value(in), f.value(middle));
    if (!across.is_identity()) columns(f, across, f.value(middle), f.value(out));
  }

  void backward(const Frame<T>& f) const override {
    if (!across.is_identity()) columns(f, back, f.gradient(out), f.gradient(middle));
    if (!down.is_identity()) rows(f, up, in.shape.w(), f.gradient(middle), f.gradient(in));
  }

 private:
  index planes(const Frame<T>& f) const {
    return f.channels_last() ? f.n : f.padded(in.shape) / f.kernels.lanes * in.shape.c();
  }
  index inner(const Frame<T>& f) const { return f.channels_last() ? in.shape.c() : f.kernels.lanes; }
  void rows(const Frame<T>& f, const AxisTaps<T>& t, int w, const T* x, T* y) const {
    f.kernels.pool2d.taps(f.team, {planes(f), w * inner(f), t.from, t.to()}, t.view(), x, y);
  }
  void columns(const Frame<T>& f, const AxisTaps<T>& t, const T* x, T* y) const {
    f.kernels.pool2d.taps(f.team, {planes(f) * middle.shape.h(), inner(f), t.from, t.to()}, t.view(), x, y);
  }
};

}  // namespace fastdl
