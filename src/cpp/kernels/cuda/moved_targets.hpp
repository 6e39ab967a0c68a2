// Targets of pixels moved along with their images, and targets mixed as these are.
#pragma once

#include "kernels/cuda/each.hpp"
#include "kernels/moved_targets.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// A thread a pixel; that of the first one also has the weight of its sample.
template <class T>
void gather_moved_targets(const Team& team, const Targets<T>& from, const MovedShape& m, const AugmentDraw* draws,
                          int n, const BatchTargets<T>& to) {
  const MovedTargets<T> move{m, from, to};
  const std::int64_t pixels = std::int64_t(m.of.oh) * m.of.ow;
  for_each(team, n * pixels, [=] __device__(std::int64_t pixel) {
    const std::int64_t u = pixel / pixels;
    const int p = int(pixel - u * pixels), i = p / move.m.of.ow, j = p % move.m.of.ow;
    const AugmentDraw& draw = draws[u];
    move(draw.sample, TargetMaps(move.m, draw), i, j, pixel);
    if (!move.m.masks && p == 0) move.to.weights[u] = move.weight_of(draw.sample, 0);
  });
}

// Shares and weights go together: of numbers, the mean; of codes, each has a part of the loss. A warp has a row.
template <class T>
void mix_targets(const Team& team, int n, int rows, int outputs, const AugmentDraw* draws, const BatchTargets<T>& own,
                 const BatchTargets<T>& other, T* weights) {
  const BatchTargets<T> mine = own, theirs = other;
  for_each_row(team, std::int64_t(n) * rows, [=] __device__(std::int64_t r, int lane) {
    const double weight = draws[r / rows].weight;
    const T a = T(weight) * mine.weights[r], b = T(1 - weight) * theirs.weights[r], sum = a + b;
    __syncwarp();  // all have read the weights
    if (lane == 0) mine.weights[r] = a, theirs.weights[r] = b, weights[r] = sum;
    if (!mine.targets || b == 0) return;
    T *y = mine.targets + r * outputs, *z = theirs.targets + r * outputs;
    for (int k = lane; k < outputs; k += 32) y[k] = a == 0 ? z[k] : (a * y[k] + b * z[k]) / sum;
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
