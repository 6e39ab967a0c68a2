// conv2d: the weights' gradient dw = seen^T dy, db the sums of dy's rows, both over stretches of pixels whose sums
// sum_parts adds up.
#pragma once

#include "kernels/cuda/conv2d/depthwise_weights.hpp"
#include "kernels/cuda/conv2d/product.hpp"
#include "kernels/cuda/conv2d/rows.hpp"
#include "kernels/cuda/conv2d/sum_parts.hpp"
#include "kernels/cuda/conv2d/weights_tiles.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// dw of `source`: Source group(int) says what the filters of a group see. Stretch by stretch, for each group.
template <class T, class Sources, int V>
struct WeightsGradient {
  using Value = T;
  Sources sources;
  const T* dy;  // (outputs, f)
  Parts<T> parts;
  int f, groups;

  using Source = decltype(sources.group(0));
  __device__ Part<SeenAcross<T, Source, V>, Columns<T, V, true>, Rows<T>> part(int number) const {
    const int group = number % groups, stretch = number / groups, filters = f / groups, first = group * filters;
    const Source source = sources.group(group);
    const std::int64_t begin = stretch * parts.length, end = least(source.rows(), begin + parts.length);
    T *dw = parts.dw(stretch) + first, *db = parts.db(stretch);
    return {.a = {source, begin, end},
            .b = {dy + first, begin, end, f, filters},
            .out = {dw, nullptr, source.depth(), filters, f, db ? db + first : nullptr},
            .depth = end - begin};
  }
};

template <class T, class Sources>
void weights_gradient(const Team& team, const Sources& sources, const T* x, const T* dy, T* dw, T* db, int f,
                      int groups) {
  const auto source = sources.group(0);
  const int filters = f / groups, depth = source.depth(), many = 1 << 16;  // stretches: as many as it takes
  with_tiles(team, T{}, depth, filters, many, [&]<class Engine>() {
    const auto parts = parts_of(team, source.rows(), depth, f, tiles_of<Engine>(depth, filters) * groups, dw, db);
    const auto multiply = [&](const auto& problem) {
      multiply_by<Engine>(team, problem, depth, filters, groups * parts.count);
    };
    if (in_packs<T>(source.channels, filters, x, dy))
      multiply(WeightsGradient<T, Sources, pack<T>>{sources, dy, parts, f, groups});
    else
      multiply(WeightsGradient<T, Sources, 1>{sources, dy, parts, f, groups});
    sum_parts(team, parts, dw, db);
  });
}

template <class T>
struct Conv2DSources {
  Shape2D s;
  const T* x;
  FASTDL_INLINE Images<T> group(int number) const { return images_of(s, x, number); }
};

template <class T>
void conv2d_backward_weights(const Team& team, const Conv2DShape& s, const T* x, const T* dy, T* dw, T* db, T*) {
  if (s.c == s.groups && s.groups > 1) return depthwise_backward_weights(team, s, x, dy, dw, db);
  if (weights_by_tiles(team, shape_of(s), x, dy, dw, db)) return;
  weights_gradient(team, Conv2DSources<T>{shape_of(s), x}, x, dy, dw, db, s.f, s.groups);
}

inline std::size_t no_weights_scratch(const Conv2DShape&, int) { return 0; }

}  // namespace
}  // namespace fastdl::FASTDL_ISA
