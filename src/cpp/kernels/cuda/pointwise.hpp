// Activations and what else goes element by element, or over the channels of a site.
#pragma once

#include "kernels/cuda/map.hpp"
#include "kernels/cuda/rows.hpp"
#include "kernels/shapes.hpp"
#include "math/functions.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T, class Function>
struct ActivationValue {
  Function function;
  __device__ T operator()(T x) const { return function.value(x); }
};
template <class T, class Function>
struct ActivationGradient {
  Function function;
  __device__ T operator()(T z, T dy) const { return dy * function.slope(z); }
};

template <class T>
void activation_forward(const Team& team, ActivationKind kind, T alpha, std::int64_t count, const T* x, T* y) {
  with_function<T>(kind, alpha,
                   [&](auto function) { map(team, count, ActivationValue<T, decltype(function)>{function}, y, x); });
}

template <class T>
void activation_backward(const Team& team, ActivationKind kind, T alpha, std::int64_t count, const T* x, const T* y,
                         const T* dy, T* dx) {
  with_function<T>(kind, alpha, [&](auto function) {
    map(team, count, ActivationGradient<T, decltype(function)>{function}, dx, function.reads_x ? x : y, dy);
  });
}

// y = exp(x - max) / sum of it, over channels
template <class T>
void softmax_forward(const Team& team, const NormShape& s, const T* x, T* y) {
  const int channels = s.channels;
  auto row = [=] __device__(std::int64_t site, const RowThreads& threads) {
    const std::int64_t first = site * channels;
    T top = -INFINITY, sum = 0;
    for (int c = threads.lane; c < channels; c += threads.size) top = vmax(top, x[first + c]);
    top = threads.max(top);
    for (int c = threads.lane; c < channels; c += threads.size) sum += vexp(x[first + c] - top);
    sum = threads.sum(sum);
    for (int c = threads.lane; c < channels; c += threads.size) y[first + c] = vexp(x[first + c] - top) / sum;
  };
  for_each_row_of(team, std::int64_t(s.n) * s.pixels, channels, row);
}

// dx = y (dy - sum of y dy)
template <class T>
void softmax_backward(const Team& team, const NormShape& s, const T* y, const T* dy, T* dx) {
  const int channels = s.channels;
  auto row = [=] __device__(std::int64_t site, const RowThreads& threads) {
    const std::int64_t first = site * channels;
    T mean = 0;
    for (int c = threads.lane; c < channels; c += threads.size) mean += y[first + c] * dy[first + c];
    mean = threads.sum(mean);
    for (int c = threads.lane; c < channels; c += threads.size) dx[first + c] = y[first + c] * (dy[first + c] - mean);
  };
  for_each_row_of(team, std::int64_t(s.n) * s.pixels, channels, row);
}

// y (n, units) = the largest of each unit's pieces, x (n, units, pieces)
template <class T>
void maxout_forward(const Team& team, int n, int units, int pieces, const T* x, T* y) {
  for_each(team, std::int64_t(n) * units, [=] __device__(std::int64_t i) {
    const T* piece = x + i * pieces;
    T top = piece[0];
    for (int j = 1; j < pieces; j++) top = piece[j] <= top ? top : top != top ? top : piece[j];  // NaN stays
    y[i] = top;
  });
}

// The first of the largest pieces gets the gradient, or the first NaN.
template <class T>
void maxout_backward(const Team& team, int n, int units, int pieces, const T* x, const T* y, const T* dy, T* dx) {
  for_each(team, std::int64_t(n) * units, [=] __device__(std::int64_t i) {
    T d = dy[i];
    for (std::int64_t j = i * pieces; j < (i + 1) * pieces; j++) {
      const bool taken = x[j] == y[i] || x[j] != x[j];
      dx[j] = taken ? d : 0;
      d = taken ? 0 : d;
    }
  });
}

template <class T>
void add(const Team& team, std::int64_t count, const T* a, const T* b, T* y) {
  map(team, count, [=] __device__(T u, T v) { return u + v; }, y, a, b);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
