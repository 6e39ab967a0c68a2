// im2col: the patches of the user's x (n, h, w, c) as rows (n*oh*ow, kh*kw*c); col2im adds them back
#pragma once

#include "kernels/conv2d.hpp"
#include "kernels/cpu/vec.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void im2col(const Team& team, const Conv2DShape& s, const T* x, T* cols) {
  Range part = team.share(std::int64_t(s.n) * s.oh);
  for (std::int64_t r = part.begin; r < part.end; r++) {
    const T* image = x + r / s.oh * s.h * s.w * s.c;
    int i = int(r % s.oh);
    T* to = cols + r * s.ow * s.kh * s.kw * s.c;
    for (int j = 0; j < s.ow; j++)
      for (int a = 0; a < s.kh; a++)
        for (int b = 0; b < s.kw; b++, to += s.c) {
          int h = i * s.sh + a * s.dh - s.top, w = j * s.sw + b * s.dw - s.left;
          bool inside = h >= 0 && h < s.h && w >= 0 && w < s.w;
          for (int c = 0; c < s.c; c++) to[c] = inside ? image[(std::int64_t(h) * s.w + w) * s.c + c] : T(0);
        }
  }
  team.sync();
}

// A thread takes whole samples: patches overlap within a sample only.
template <class T>
void col2im(const Team& team, const Conv2DShape& s, const T* cols, T* x) {
  Range part = team.share(s.n);
  for (std::int64_t n = part.begin; n < part.end; n++) {
    T* image = x + n * s.h * s.w * s.c;
    const T* from = cols + n * s.oh * s.ow * s.kh * s.kw * s.c;
    for (std::int64_t i = 0; i < std::int64_t(s.h) * s.w * s.c; i++) image[i] = 0;
    for (int i = 0; i < s.oh; i++)
      for (int j = 0; j < s.ow; j++)
        for (int a = 0; a < s.kh; a++)
          for (int b = 0; b < s.kw; b++, from += s.c) {
            int h = i * s.sh + a * s.dh - s.top, w = j * s.sw + b * s.dw - s.left;
            if (h < 0 || h >= s.h || w < 0 || w >= s.w) continue;
            for (int c = 0; c < s.c; c++) image[(std::int64_t(h) * s.w + w) * s.c + c] += from[c];
          }
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
