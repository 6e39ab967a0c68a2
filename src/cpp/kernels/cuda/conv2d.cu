// Convolutions, forward and back to the data.
#include "kernels/conv2d.hpp"
#include "kernels/cuda/conv2d/conv2d.hpp"
#include "kernels/cuda/conv2d/im2col.hpp"
#include "kernels/cuda/pointwise.hpp"
#include "kernels/cuda/tables.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void conv2d_then_relu(const Team& team, const Conv2DShape& s, const T* x, const T* w, const T* b, bool relu, T* y,
                      T* scratch) {
  conv2d_forward(team, s, x, w, b, y, scratch);
  const std::int64_t count = std::int64_t(s.n) * s.oh * s.ow * s.f;
  if (relu) activation_forward(team, ActivationKind::relu, T(1), count, y, y);
}

// A sample alone is like any other.
template <class T>
void conv2d_lone_forward(const Team& team, const Conv2DShape& s, const T* x, const T* w, const T* b, bool relu,
                         const T*, T* y, T* scratch) {
  conv2d_then_relu(team, s, x, w, b, relu, y, scratch);
}
template <class T>
void conv2d_lone_data(const Team& team, const Conv2DShape& s, const T* dy, const T* w, const T* b, const T*, T* dx,
                      T* scratch) {
  conv2d_backward_data(team, s, dy, w, b, dx, scratch);
}
inline std::size_t conv2d_lone_kept(const Conv2DShape&) { return 0; }
template <class T>
void conv2d_lone_keep(const Team&, const Conv2DShape&, const T*, T*) {}

template <class T>
constexpr Conv2DKernels<T> conv2d_rows() {
  return {
      .conv2d_scratch = no_scratch,
      .conv2d_forward = conv2d_then_relu<T>,
      .conv2d_backward_data = conv2d_backward_data<T>,
      .conv2d_lone_scratch = no_scratch,
      .conv2d_lone_forward = conv2d_lone_forward<T>,
      .conv2d_lone_kept = conv2d_lone_kept,
      .conv2d_lone_keep = conv2d_lone_keep<T>,
      .conv2d_lone_data_scratch = no_scratch,
      .conv2d_lone_data = conv2d_lone_data<T>,
      .conv2d_lone_data_kept = conv2d_lone_kept,
      .conv2d_lone_data_keep = conv2d_lone_keep<T>,
      .im2col = im2col<T>,
      .col2im = col2im<T>,
  };
}

}  // namespace

FASTDL_ROWS(Conv2DKernels, conv2d)

}  // namespace fastdl::FASTDL_ISA
