// Boxes as what a map of outputs is to show: a peak where the centre of an object is, in the map of its class, and
// beside it where the centre lies in that cell, and how large the object is (Zhou, Wang and Kraehenbuehl, "Objects as
// points", 2019, section 3). A sample is a block's, one object after the other.
#pragma once

#include "kernels/augment.hpp"
#include "kernels/cuda/each.hpp"
#include "kernels/layout.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

constexpr double least_part = 0.25;     // of a box, within the image: what is left of less is no object
constexpr double spread = 0.09;         // standard deviation of a peak, in widths and heights of its box
constexpr double least_size = 1. / 16;  // of a box, in cells

struct Box {
  double x1, y1, x2, y2;
  __device__ double width() const { return x2 - x1; }
  __device__ double height() const { return y2 - y1; }
  __device__ double area() const { return width() * height(); }
};

// The upright box around the moved corners. The draw leads from the centres of pixels that come out to those of the
// image; the centre of pixel k is at k + 0.5.
__device__ inline Box moved(const AugmentDraw& d, const Box& b) {
  const double determinant = d.row[0] * d.column[1] - d.row[1] * d.column[0], far = __builtin_inf();
  Box hull{far, far, -far, -far};
  for (int corner = 0; corner < 4; corner++) {
    const double y = (corner & 1 ? b.y2 : b.y1) - 0.5 - d.row[2], x = (corner & 2 ? b.x2 : b.x1) - 0.5 - d.column[2];
    const double to_y = (d.column[1] * y - d.row[1] * x) / determinant + 0.5;
    const double to_x = (d.row[0] * x - d.column[0] * y) / determinant + 0.5;
    hull = {least(hull.x1, to_x), least(hull.y1, to_y), most(hull.x2, to_x), most(hull.y2, to_y)};
  }
  return hull;
}

// Whether enough of a box lies within the image, and the box cut off at its border.
__device__ inline bool cut(const PointsShape& s, Box& b) {
  const double whole = b.area();
  b = {most(b.x1, 0.0), most(b.y1, 0.0), least(b.x2, double(s.w)), least(b.y2, double(s.h))};
  return b.width() > 0 && b.height() > 0 && b.area() >= least_part * whole;
}

// A peak of 1 in the cell (row, column), a Gaussian around it; where peaks meet, the higher one counts.
template <class T>
__device__ void draw_peak(const PointsShape& s, int row, int column, double width, double height, T* map) {
  const double across = most(spread * width, least_size), down = most(spread * height, least_size);
  const int top = most(row - int(3 * down), 0), left = most(column - int(3 * across), 0);
  const int rows = least(row + int(3 * down), s.oh - 1) - top + 1;
  const int columns = least(column + int(3 * across), s.ow - 1) - left + 1;
  for (int k = threadIdx.x; k < rows * columns; k += blockDim.x) {
    const int i = top + k / columns, j = left + k % columns;
    const double y = (i - row) / down, x = (j - column) / across;
    T& cell = map[(std::int64_t(i) * s.ow + j) * s.outputs];
    cell = most(cell, vexp(T(-0.5 * (x * x + y * y))));
  }
}

// Where two centres share a cell, its box is that of the smaller object.
template <class T>
__device__ void put_object(const PointsShape& s, int code, const Box& b, T* targets) {
  const double cells_x = double(s.ow) / s.w, cells_y = double(s.oh) / s.h;
  const double x = (b.x1 + b.x2) / 2 * cells_x, y = (b.y1 + b.y2) / 2 * cells_y;
  const int column = least(int(x), s.ow - 1), row = least(int(y), s.oh - 1);
  const double width = most(b.width() * cells_x, least_size), height = most(b.height() * cells_y, least_size);
  draw_peak(s, row, column, width, height, targets + box_outputs + code);
  if (threadIdx.x) return;
  T* cell = targets + (std::int64_t(row) * s.ow + column) * s.outputs;
  const T across = vlog(T(width)), down = vlog(T(height));
  if (cell[0] == cell[0] && cell[2] + cell[3] <= across + down) return;
  cell[0] = T(x - column), cell[1] = T(y - row), cell[2] = across, cell[3] = down;
}

template <class T>
__global__ void __launch_bounds__(block_threads)
    points_of_sample(Boxes<T> from, const std::int64_t* order, PointsShape s, const AugmentDraw* draws,
                     BatchTargets<T> to, T* of_images) {
  const std::int64_t i = blockIdx.x, cells = std::int64_t(s.oh) * s.ow;
  T* targets = to.targets + i * cells * s.outputs;
  for (std::int64_t k = threadIdx.x; k < cells * s.outputs; k += blockDim.x)
    targets[k] = k % s.outputs < box_outputs ? T(__builtin_nan("")) : T(0);
  int objects = 0;
  for (std::int64_t k = 0; k < from.room; k++) {
    const T* row = from.rows + (order[i] * from.room + k) * 5;
    if (row[0] < 0) break;
    Box box{row[1], row[2], row[3], row[4]};
    box = draws ? moved(draws[i], box) : Box{box.x1 - s.left, box.y1 - s.top, box.x2 - s.left, box.y2 - s.top};
    if (!cut(s, box)) continue;
    __syncthreads();  // peaks of the object before, and at first the empty map
    put_object(s, int(row[0]), box, targets);
    objects++;
  }
  const T weight = from.weights ? from.weights[order[i]] : T(1);
  if (threadIdx.x == 0) of_images[i] = weight;
  for (std::int64_t k = threadIdx.x; k < cells; k += blockDim.x)
    to.weights[i * cells + k] = weight / T(most(objects, 1));
}

template <class T>
void gather_points(const Team& team, const Boxes<T>& from, const std::int64_t* order, const PointsShape& s,
                   const AugmentDraw* draws, const BatchTargets<T>& to, T* of_images) {
  if (s.n <= 0) return;
  launch({unsigned(s.n), block_threads, 0, stream_of(team)}, points_of_sample<T>, from, order, s, draws, to, of_images);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
