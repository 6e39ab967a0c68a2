// Which samples a batch has, how long they are, and what its loss compares with.
#pragma once

#include "kernels/cpu/vec.hpp"
#include "kernels/layout.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

void gather_order(const Team& team, const std::int64_t* order, std::int64_t begin, const std::int64_t* batch,
                  int n_before, int n, std::int64_t* to) {
  const std::int64_t first = begin + (batch ? *batch * n_before : 0);
  const Range part = team.share(n);
  for (std::int64_t i = part.begin; i < part.end; i++) to[i] = order ? order[first + i] : first + i;
  team.sync();
}

void gather_lengths(const Team& team, const std::int32_t* lengths, int steps, const std::int64_t* order, int n,
                    std::int64_t add, std::int64_t div, std::int32_t* to) {
  const Range part = team.share(n);
  for (std::int64_t i = part.begin; i < part.end; i++) {
    const std::int64_t length = (lengths ? lengths[order[i]] : steps) + add;
    to[i] = length > 0 ? std::int32_t(length / div) : 0;
  }
  team.sync();
}

template <class T>
void gather_targets(const Team& team, const Targets<T>& from, const std::int64_t* order, const SequenceShape& s,
                    int pixels, const BatchTargets<T>& to) {
  const std::int64_t outputs = std::int64_t(pixels) * s.features;  // of a step
  const Range part = team.share(s.n);
  for (int t = 0; t < s.steps; t++)
    for (std::int64_t i = part.begin; i < part.end; i++) {
      const std::int64_t row = t * std::int64_t(s.n) + i, source = order[i] * s.room + t;
      const bool goes_on = !s.lengths || t < s.lengths[i];
      for (std::int64_t p = 0; p < pixels; p++) {
        const std::int64_t weight = from.of_steps ? source * pixels + p : order[i];
        to.weights[row * pixels + p] = !goes_on ? T(0) : from.weights ? from.weights[weight] : T(1);
        if (from.codes) to.codes[row * pixels + p] = goes_on ? from.codes[source * pixels + p] : 0;
      }
      if (!from.targets) continue;
      if (goes_on)
        __builtin_memcpy(to.targets + row * outputs, from.targets + source * outputs, outputs * sizeof(T));
      else
        __builtin_memset(to.targets + row * outputs, 0, outputs * sizeof(T));
    }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
