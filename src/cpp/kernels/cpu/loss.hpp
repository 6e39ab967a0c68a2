// Losses: each sample's weighted value, and the gradient of weight * loss / norm by its predictions.
#pragma once

#include "kernels/cpu/memory.hpp"
#include "kernels/cpu/views.hpp"
#include "kernels/training.hpp"
#include "math/losses.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// -log softmax(z)_y of a row z (outputs,) and its class y: value = log(sum exp(z - max)) - (z_y - max),
// dz = softmax(z) - onehot(y)
template <class T>
FASTDL_INLINE T softmax_cross_entropy(const RowSite<T>& row, const T* z, int y, T scale, T* dz) {
  using At = typename RowSite<T>::At;
  Vec<T> top = row.max([&](const At& at) { return at.read(z); });
  Vec<T> sum = row.sum([&](const At& at) {
    Vec<T> e = vexp(at.read(z) - top);
    if (dz) at.write(dz, e);
    return e;
  });
  const std::int64_t hit = row.row * row.channels + y;
  if (dz) {
    T p = dz[hit] / sum[0];
    row.each([&](const At& at) { at.write(dz, at.read(dz) / sum * scale); });
    dz[hit] = (p - 1) * scale;
  }
  return vlog(sum)[0] - (z[hit] - top[0]);
}

// max(0, margin + max over j != y of z_j - z_y) (Crammer and Singer 2001, as sklearn.metrics.hinge_loss)
template <class T>
FASTDL_INLINE T hinge(T margin, int outputs, const T* z, int y, T scale, T* dz) {
  int rival = y == 0 ? 1 : 0;
  for (int j = rival + 1; j < outputs; j++)
    if (j != y && (z[j] > z[rival] || z[j] != z[j])) rival = j;
  T value = margin + z[rival] - z[y];
  if (dz) {
    for (int j = 0; j < outputs; j++) dz[j] = 0;
    dz[rival] = value > 0 ? scale : 0;
    dz[y] = value > 0 ? -scale : 0;
  }
  return value < 0 ? 0 : value;
}

// The sum over the outputs of a row; the cap is one output's.
template <class T, class Loss>
FASTDL_INLINE T sum_of_losses(const RowSite<T>& row, const LossArgs<T>& a, const Loss& loss, T scale) {
  return row.sum([&](const auto& at) {
    Vec<T> p = at.read(a.pred), y = at.read(a.target);
    if (a.dpred) at.write(a.dpred, loss.slope(p, y) * scale);
    return at_most(loss.value(p, y), a.cap);
  })[0];
}

// rows(i, scale) gives the value of sample i and writes its gradient times scale.
template <class T, class Row>
FASTDL_INLINE void each_sample(const Team& team, const LossArgs<T>& a, Row row_value) {
  Range part = team.share(a.n);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    T weight = a.weight ? a.weight[i] : 1;
    a.value[i] = double(weight) * double(row_value(RowSite<T>{a.outputs, i}, weight / a.norm));
  }
  team.sync();
}

template <class T>
double loss(const Team& team, const LossArgs<T>& a) {
  auto capped = [&](T value) { return value > a.cap ? a.cap : value; };
  if (a.kind == LossKind::softmax_cross_entropy) {
    each_sample(team, a, [&](const RowSite<T>& row, T scale) {
      return capped(softmax_cross_entropy(row, a.pred, a.codes[row.row], scale, a.dpred));
    });
  } else if (a.kind == LossKind::hinge) {
    each_sample(team, a, [&](const RowSite<T>& row, T scale) {
      std::int64_t first = row.row * a.outputs;
      return hinge(a.param, a.outputs, a.pred + first, a.codes[row.row], scale, a.dpred ? a.dpred + first : nullptr);
    });
  } else {
    with_loss<T>(a.kind, a.param, [&](auto loss) {
      each_sample(team, a, [&](const RowSite<T>& row, T scale) { return sum_of_losses(row, a, loss, scale); });
    });
  }
  return sum_in_order(a.n, a.value);
}

template <class T>
double sum_of_weights(const Team&, std::int64_t n, const T* weights, const std::int32_t* lengths, int steps) {
  double total = 0;
  for (std::int64_t i = 0; i < n; i++) {
    double weighted = (weights ? double(weights[i]) : 1.0) * (lengths ? lengths[i] : steps);
    FASTDL_IN_REGISTER(weighted);
    total += weighted;
  }
  return total;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
