// The user's samples, targets and lengths into a batch.
#pragma once

#include <type_traits>

#include "kernels/cuda/copy.hpp"
#include "kernels/layout.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// body(pointer to the elements in their own type)
template <class Body>
void with_source(const Samples& x, Body body) {
  switch (x.type) {
    case DType::u8: return body(static_cast<const std::uint8_t*>(x.data));
    case DType::i32: return body(static_cast<const std::int32_t*>(x.data));
    case DType::f32: return body(static_cast<const float*>(x.data));
    case DType::f64: return body(static_cast<const double*>(x.data));
  }
}

// --- which samples, and how long they are ----------------------------------------------------------------------------
template <class T>
void gather_order(const Team& team, const std::int64_t* order, std::int64_t begin, const std::int64_t* batch,
                  int n_before, int n, std::int64_t* to) {
  for_each(team, n, [=] __device__(std::int64_t i) {
    const std::int64_t at = begin + (batch ? *batch * n_before : 0) + i;
    to[i] = order ? order[at] : at;
  });
}

template <class T>
void gather_lengths(const Team& team, const std::int32_t* lengths, int steps, const std::int64_t* order, int n,
                    std::int64_t add, std::int64_t div, std::int32_t* to) {
  for_each(team, n, [=] __device__(std::int64_t i) {
    const std::int64_t length = (lengths ? lengths[order[i]] : steps) + add;
    to[i] = length > 0 ? std::int32_t(length / div) : 0;
  });
}

// --- samples ---------------------------------------------------------------------------------------------------------
template <class T, class S>
struct DenseRows {
  const S* x;
  const std::int64_t* order;
  std::int64_t features;
  T* y;
  __device__ void operator()(std::int64_t i) const {
    const std::int64_t row = i / features;
    y[i] = T(x[order[row] * features + i - row * features]);
  }
};

// A warp adds 32 of a row's elements at a time, those of one column together: a column may come more than once.
template <class T, class S>
struct SparseRows {
  Samples x;
  const S* values;
  const std::int64_t* order;
  T* y;  // zeros
  __device__ void operator()(std::int64_t i, int lane) const {
    const std::int64_t sample = order[i], end = x.indptr[sample + 1];
    T* row = y + i * x.features;
    for (std::int64_t first = x.indptr[sample]; first < end; first += 32) {
      const std::int64_t k = first + lane;
      const std::int32_t column = k < end ? x.indices[k] : -1;
      const T value = k < end ? T(values[k]) : T(0);
      bool writes = k < end;
      T sum = 0;
      for (int l = 0; l < 32; l++) {
        const std::int32_t other = __shfl_sync(~0u, column, l);
        const T part = __shfl_sync(~0u, value, l);
        if (other != column) continue;
        sum += part;
        writes = writes && l >= lane;
      }
      if (writes) row[column] += sum;
      __syncwarp();
    }
  }
};

template <class T>
void gather_rows(const Team& team, const Samples& x, const std::int64_t* order, int n, T* y) {
  const std::int64_t count = n * x.features;
  if (x.indptr) for_each(team, count, [=] __device__(std::int64_t i) { y[i] = 0; });
  with_source(x, [&](const auto* data) {
    using S = std::remove_cv_t<std::remove_pointer_t<decltype(data)>>;
    if (x.indptr)
      for_each_row(team, n, SparseRows<T, S>{x, data, order, y});
    else
      for_each(team, count, DenseRows<T, S>{data, order, x.features, y});
  });
}

template <class T>
void gather_image(const Team& team, const Samples& x, const std::int64_t* order, int n, int, int, T* y) {
  gather_rows(team, x, order, n, y);
}

// --- images lie as the user's do -------------------------------------------------------------------------------------
template <class T>
void image_to_rows(const Team& team, int n, int pixels, int c, const T* x, T* y) {
  copy_values(team, std::int64_t(n) * pixels * c, x, y);
}
template <class T>
void rows_to_image(const Team& team, int n, int pixels, int c, const T* y, T* x) {
  copy_values(team, std::int64_t(n) * pixels * c, y, x);
}

// --- what the loss of the batch compares with ------------------------------------------------------------------------
// A thread a target; that of the first output also has the code and the weight of its pixel.
template <class T>
void gather_targets(const Team& team, const Targets<T>& from, const std::int64_t* order, const SequenceShape& s,
                    int pixels, const BatchTargets<T>& to) {
  const std::int64_t outputs = from.targets ? s.features : 1, of_step = pixels * outputs;
  const std::int64_t n = s.n, room = s.room;
  const std::int32_t* lengths = s.lengths;
  const Targets<T> own = from;
  const BatchTargets<T> batch = to;
  for_each(team, s.steps * n * of_step, [=] __device__(std::int64_t e) {
    const std::int64_t row = e / of_step, in_step = e - row * of_step, i = row % n, t = row / n;
    const std::int64_t source = order[i] * room + t;
    const bool goes_on = !lengths || t < lengths[i];
    if (own.targets) batch.targets[e] = goes_on ? own.targets[source * of_step + in_step] : T(0);
    if (in_step % outputs) return;
    const std::int64_t p = in_step / outputs, weight = own.of_steps ? source * pixels + p : order[i];
    batch.weights[row * pixels + p] = !goes_on ? T(0) : own.weights ? own.weights[weight] : T(1);
    if (own.codes) batch.codes[row * pixels + p] = goes_on ? own.codes[source * pixels + p] : 0;
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
