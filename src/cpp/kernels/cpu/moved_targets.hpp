// Targets of pixels moved along with their images, and targets mixed as these are. A sample is one thread's.
#pragma once

#include "kernels/cpu/vec.hpp"
#include "kernels/moved_targets.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void gather_moved_targets(const Team& team, const Targets<T>& from, const MovedShape& m, const AugmentDraw* draws,
                          int n, const BatchTargets<T>& to) {
  const MovedTargets<T> move{m, from, to};
  const Range part = team.share(n);
  for (std::int64_t u = part.begin; u < part.end; u++) {
    const TargetMaps maps(m, draws[u]);
    std::int64_t pixel = u * m.of.oh * m.of.ow;
    for (int i = 0; i < m.of.oh; i++)
      for (int j = 0; j < m.of.ow; j++) move(draws[u].sample, maps, i, j, pixel++);
    if (!m.masks) to.weights[u] = move.weight_of(draws[u].sample, 0);
  }
  team.sync();
}

// Shares and weights go together: of numbers, the mean; of codes, each has a part of the loss.
template <class T>
void mix_targets(const Team& team, int n, int rows, int outputs, const AugmentDraw* draws, const BatchTargets<T>& own,
                 const BatchTargets<T>& other, T* weights) {
  const Range part = team.share(n);
  for (std::int64_t i = part.begin; i < part.end; i++)
    for (std::int64_t r = i * rows; r < (i + 1) * rows; r++) {
      const T a = T(draws[i].weight) * own.weights[r], b = T(1 - draws[i].weight) * other.weights[r], sum = a + b;
      own.weights[r] = a, other.weights[r] = b, weights[r] = sum;
      if (!own.targets || b == 0) continue;
      T *y = own.targets + r * outputs, *z = other.targets + r * outputs;
      for (int k = 0; k < outputs; k++) y[k] = a == 0 ? z[k] : (a * y[k] + b * z[k]) / sum;
    }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
