// taps: values as sums of others along one axis: pads, crops, resizes and turns images, forward and backward.
#pragma once

#include "kernels/cpu/views.hpp"
#include "kernels/pool2d.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void taps(const Team& team, const TapsShape& s, const Taps<T>& t, const T* x, T* y) {
  const Range part = team.share(s.outer * s.to);
  for (std::int64_t u = part.begin; u < part.end; u++) {
    const std::int64_t j = u % s.to;
    const T *from = x + u / s.to * s.from * s.inner, value = t.value ? t.value[j] : 0;
    const int begin = t.start[j], end = t.start[j + 1];
    const bool copies = end - begin == 1 && t.weight[begin] == 1;
    for_slices<T>(0, s.inner, [&](Slice<T> at) {
      Vec<T> sum = splat(value);
      if (copies)
        sum = at.read(from + t.index[begin] * s.inner);
      else
        for (int k = begin; k < end; k++) sum += t.weight[k] * at.read(from + t.index[k] * s.inner);
      at.write(y + u * s.inner, sum);
    });
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
