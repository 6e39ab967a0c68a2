// The arithmetic of sliding windows, for convolution and pooling.
#pragma once

#include "layers/layer.hpp"

namespace fastdl {

struct Window {
  int kh, kw, sh, sw, dh = 1, dw = 1;
  int top = 0, bottom = 0, left = 0, right = 0;  // padding
  int oh = 0, ow = 0;                            // output

  std::string text() const { return std::to_string(kh) + "x" + std::to_string(kw); }
};

// From a spec with `size`, `stride`, `padding` (and dilation where given) and an input of h x w; raises, naming the
// layer, where not a single window fits.
template <class T>
Window window_of(const Layer<T>& layer, const std::string& size, const std::string& what) {
  const LayerSpec& spec = layer.spec;
  check(layer.in.shape.is_image(), layer.who() + " takes images (height, width, channels), but its input is " +
                                       layer.in.shape.what() + (layer.in.shape.is_row() ? " features" : "") +
                                       ". Pass input_shape=(height, width, channels), or put Reshape((height, "
                                       "width, channels)) before it.");
  auto pair = [&](const std::string& field, int i) { return int(spec.integers(field)[i]); };
  Window w{pair(size, 0), pair(size, 1), pair("stride", 0), pair("stride", 1)};
  if (spec.has("dilation")) w.dh = pair("dilation", 0), w.dw = pair("dilation", 1);
  int h = layer.in.shape.h(), width = layer.in.shape.w();
  int eh = w.dh * (w.kh - 1) + 1, ew = w.dw * (w.kw - 1) + 1;  // the window's extent
  const auto* named = std::get_if<std::string>(&spec.fields.at("padding"));
  if (named && *named == "same") {  // out = ceil(in / stride); the odd row and column at the bottom and right
    auto pads = [](int in, int stride, int extent) {
      int out = (in + stride - 1) / stride;
      return std::max(0, (out - 1) * stride + extent - in);
    };
    int ph = pads(h, w.sh, eh), pw = pads(width, w.sw, ew);
    w.top = ph / 2, w.bottom = ph - w.top, w.left = pw / 2, w.right = pw - w.left;
  } else if (named) {
    w.top = w.bottom = w.left = w.right = 0;
  } else {
    const auto& p = spec.integers("padding");
    w.top = int(p[0]), w.bottom = int(p[1]), w.left = int(p[2]), w.right = int(p[3]);
  }
  std::string padding = named ? "'" + *named + "'"
                              : "((" + std::to_string(w.top) + ", " + std::to_string(w.bottom) + "), (" +
                                    std::to_string(w.left) + ", " + std::to_string(w.right) + "))";
  int room_h = h + w.top + w.bottom - eh, room_w = width + w.left + w.right - ew;
  check(room_h >= 0 && room_w >= 0, "layer '" + spec.name + "' (" + spec.title + ", " + what + " " + w.text() +
                                        ", padding " + padding + ") gets an input of " + std::to_string(h) + "x" +
                                        std::to_string(width) +
                                        ". Use padding=\"same\", or fewer poolings; see summary().");
  w.oh = room_h / w.sh + 1, w.ow = room_w / w.sw + 1;
  return w;
}

}  // namespace fastdl
