// Losses: each sample's weighted value, and the gradient of weight * loss / norm by its predictions.
#pragma once

#include "kernels/cpu/memory.hpp"
#include "kernels/cpu/pair_loss.hpp"
#include "kernels/cpu/views.hpp"
#include "kernels/points.hpp"
#include "kernels/training.hpp"
#include "math/losses.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// -log softmax(z)_y of a row z (outputs,) and its class y: value = log(sum exp(z - max)) - (z_y - max),
// dz = softmax(z) - onehot(y). Smoothed (Szegedy et al. 2016), a part of the target goes to all classes alike: the
// value grows by smoothing * (z_y - mean of z).
template <class T>
FASTDL_INLINE T softmax_cross_entropy(const RowSite<T>& row, T smoothing, const T* z, int y, T scale, T* dz) {
  using At = typename RowSite<T>::At;
  Vec<T> top = row.max([&](const At& at) { return at.read(z); });
  Vec<T> sum = row.sum([&](const At& at) {
    Vec<T> e = vexp(at.read(z) - top);
    if (dz) at.write(dz, e);
    return e;
  });
  const std::int64_t hit = row.row * row.channels + y;
  if (dz) {
    const T even = smoothing / T(row.channels), p = dz[hit] / sum[0];
    row.each([&](const At& at) { at.write(dz, (at.read(dz) / sum - even) * scale); });
    dz[hit] = (p - (1 - smoothing) - even) * scale;
  }
  const T value = vlog(sum)[0] - (z[hit] - top[0]);
  if (smoothing == 0) return value;
  const T mean = row.sum([&](const At& at) { return at.read(z) - top; })[0] / T(row.channels);
  return value + smoothing * (z[hit] - top[0] - mean);
}

// -(1 - p)^gamma log(p) of p = softmax(z)_y (Lin et al. 2017): dz = c (softmax(z) - onehot(y)), where
// c = (1 - p)^gamma (1 - gamma p log(p) / (1 - p)). 1 - p is the sum of the others: no digits are lost where p is
// near 1.
template <class T>
FASTDL_INLINE T focal(const RowSite<T>& row, T gamma, const T* z, int y, T scale, T* dz) {
  using At = typename RowSite<T>::At;
  Vec<T> top = row.max([&](const At& at) { return at.read(z); });
  const std::int64_t hit = row.row * row.channels + y;
  const T others = row.sum([&](const At& at) {
    Vec<T> e = vexp(at.read(z) - top);
    if (dz) at.write(dz, e);
    const std::int64_t lane = y - at.channel;
    if (lane >= 0 && lane < at.count) e[lane] = 0;
    return e;
  })[0];
  const T e = vexp(splat(z[hit] - top[0]))[0], sum = others + e, p = e / sum, rest = others / sum;
  const T loss = z[hit] == top[0] ? vlog1p(splat(others))[0] : vlog(splat(sum))[0] - (z[hit] - top[0]);
  const T power = gamma == 0 ? T(1) : rest > 0 ? vexp(gamma * vlog(splat(rest)))[0] : rest;
  if (dz) {
    const T c = scale * power * (1 + gamma * p * (rest > 0 ? loss / rest : T(1)));
    row.each([&](const At& at) { at.write(dz, at.read(dz) / sum * c); });
    dz[hit] = -rest * c;
  }
  return power * loss;
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

// Of a cell: the offset of an object's centre, the logarithms of its width and height (absolute errors, those of the
// size times size_weight; a target that is not a number stands for no object), then the heat map of each class.
template <class T>
FASTDL_INLINE T objects_as_points(const RowSite<T>& row, const LossArgs<T>& a, T scale) {
  const HeatMap<T> heat;
  return row.sum([&](const auto& at) {
    const Vec<T> p = at.read(a.pred), y = at.read(a.target);
    Vec<T> factor{}, is_heat{};
    for (int l = 0; l < lanes<T>; l++) {
      const std::int64_t output = at.channel + l;
      is_heat[l] = output >= box_outputs;
      factor[l] = output < box_outputs / 2 ? T(1) : a.param;
    }
    const Vec<T> zero{}, error = y == y ? p - y : zero;
    if (a.dpred) at.write(a.dpred, (is_heat != 0 ? heat.slope(p, y) : factor * vsign(error)) * scale);
    return at_most(is_heat != 0 ? heat.value(p, y) : factor * vabs(error), a.cap);
  })[0];
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
  const Range part = team.share(a.n);
  const T norm = norm_of(a);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    T weight = a.weight ? a.weight[i] : 1;
    a.value[i] = double(weight) * double(row_value(RowSite<T>{a.outputs, i}, weight / norm));
  }
  team.sync();
}

template <class T>
void loss(const Team& team, const LossArgs<T>& a) {
  auto capped = [&](T value) { return value > a.cap ? a.cap : value; };
  if (a.kind == LossKind::softmax_cross_entropy) {
    each_sample(team, a, [&](const RowSite<T>& row, T scale) {
      return capped(softmax_cross_entropy(row, a.param, a.pred, a.codes[row.row], scale, a.dpred));
    });
  } else if (a.kind == LossKind::focal) {
    each_sample(team, a, [&](const RowSite<T>& row, T scale) {
      return capped(focal(row, a.param, a.pred, a.codes[row.row], scale, a.dpred));
    });
  } else if (a.kind == LossKind::hinge) {
    each_sample(team, a, [&](const RowSite<T>& row, T scale) {
      std::int64_t first = row.row * a.outputs;
      return hinge(a.param, a.outputs, a.pred + first, a.codes[row.row], scale, a.dpred ? a.dpred + first : nullptr);
    });
  } else if (a.kind == LossKind::objects_as_points) {
    each_sample(team, a, [&](const RowSite<T>& row, T scale) { return objects_as_points(row, a, scale); });
  } else if (a.kind == LossKind::triplet) {
    each_anchor(team, a, [&](const Anchor<T>& anchor) { return triplet(anchor, a.param); });
  } else if (a.kind == LossKind::contrastive) {
    each_anchor(team, a, [&](const Anchor<T>& anchor) { return contrastive(anchor, a.param); });
  } else {
    with_loss<T>(a.kind, a.param, [&](auto loss) {
      each_sample(team, a, [&](const RowSite<T>& row, T scale) { return sum_of_losses(row, a, loss, scale); });
    });
  }
  put_total(team, a.total, [&] { return sum_in_order(a.n, a.value); });
}

template <class T>
double weights_in_order(std::int64_t n, const T* weights, bool of_steps, const std::int32_t* lengths, int steps) {
  double total = 0;
  for (std::int64_t i = 0; i < n; i++) {
    if (of_steps) {
      for (int t = 0; t < (lengths ? lengths[i] : steps); t++) total += double(weights[i * steps + t]);
      continue;
    }
    double weighted = (weights ? double(weights[i]) : 1.0) * (lengths ? lengths[i] : steps);
    FASTDL_IN_REGISTER(weighted);
    total += weighted;
  }
  return total;
}
template <class T>
void sum_of_weights(const Team& team, std::int64_t n, const T* weights, bool of_steps, const std::int32_t* lengths,
                    int steps, double* total) {
  put_total(team, total, [&] { return weights_in_order(n, weights, of_steps, lengths, steps); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
