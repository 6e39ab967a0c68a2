// The arithmetic of sliding windows, for convolution and pooling.
#pragma once

#include "layers/layer.hpp"

namespace fastdl {

struct Window {
  int kh, kw, sh, sw, dh = 1, dw = 1;
  int top = 0, bottom = 0, left = 0, right = 0;  // padding
  int oh = 0, ow = 0;                            // output

  int reach_h() const { return dh * (kh - 1) + 1; }  // from the first to the last tap
  int reach_w() const { return dw * (kw - 1) + 1; }
  std::string text() const { return std::to_string(kh) + "x" + std::to_string(kw); }
};

template <class T>
void check_image(const Layer<T>& layer) {
  check(layer.in.shape.is_image(), layer.who() + " takes images (height, width, channels), but its input is " +
                                       layer.in.shape.what() + (layer.in.shape.is_row() ? " features" : "") +
                                       ". Pass input_shape=(height, width, channels), or put Reshape((height, "
                                       "width, channels)) before it.");
}

// The word that names the padding, or null where it is numbers.
inline const std::string* named_padding(const LayerSpec& spec) {
  return std::get_if<std::string>(&spec.fields.at("padding"));
}

// The spec's numbers: `size`, stride, dilation where given, and padding where it has no name.
template <class T>
Window window_fields(const Layer<T>& layer, const std::string& size) {
  const LayerSpec& spec = layer.spec;
  check_image(layer);
  auto pair = [&](const std::string& field, int i) { return int(spec.integers(field)[i]); };
  Window w{pair(size, 0), pair(size, 1), pair("stride", 0), pair("stride", 1)};
  if (spec.has("dilation")) w.dh = pair("dilation", 0), w.dw = pair("dilation", 1);
  if (!named_padding(spec)) {
    const auto& p = spec.integers("padding");
    w.top = int(p[0]), w.bottom = int(p[1]), w.left = int(p[2]), w.right = int(p[3]);
  }
  return w;
}

// "layer 'conv1' (Conv2D, kernel 3x3, padding 'valid')"
inline std::string window_text(const LayerSpec& spec, const Window& w, const std::string& what) {
  const auto* named = named_padding(spec);
  std::string padding = named ? "'" + *named + "'"
                              : "((" + std::to_string(w.top) + ", " + std::to_string(w.bottom) + "), (" +
                                    std::to_string(w.left) + ", " + std::to_string(w.right) + "))";
  return "layer '" + spec.name + "' (" + spec.title + ", " + what + " " + w.text() + ", padding " + padding + ")";
}

// Raises, naming the layer, where not a single window fits its input.
template <class T>
Window window_of(const Layer<T>& layer, const std::string& size, const std::string& what) {
  Window w = window_fields(layer, size);
  int h = layer.in.shape.h(), width = layer.in.shape.w();
  const auto* named = named_padding(layer.spec);
  if (named && *named == "same") {  // out = ceil(in / stride); the odd row and column at the bottom and right
    auto pads = [](int in, int stride, int reach) {
      int out = (in + stride - 1) / stride;
      return std::max(0, (out - 1) * stride + reach - in);
    };
    int ph = pads(h, w.sh, w.reach_h()), pw = pads(width, w.sw, w.reach_w());
    w.top = ph / 2, w.bottom = ph - w.top, w.left = pw / 2, w.right = pw - w.left;
  }
  int room_h = h + w.top + w.bottom - w.reach_h(), room_w = width + w.left + w.right - w.reach_w();
  check(room_h >= 0 && room_w >= 0, window_text(layer.spec, w, what) + " gets an input of " + std::to_string(h) + "x" +
                                        std::to_string(width) +
                                        ". Use padding=\"same\", or fewer poolings; see summary().");
  w.oh = room_h / w.sh + 1, w.ow = room_w / w.sw + 1;
  return w;
}

// Of a transposed convolution: padding is taken from the output, to which `output_padding` adds at the end.
template <class T>
Window transposed_window_of(const Layer<T>& layer) {
  const LayerSpec& spec = layer.spec;
  Window w = window_fields(layer, "kernel_size");
  int h = layer.in.shape.h(), width = layer.in.shape.w();
  const auto* named = named_padding(spec);
  if (named && *named == "same") {  // out = stride * in
    int ph = std::max(0, w.reach_h() - w.sh), pw = std::max(0, w.reach_w() - w.sw);
    w.top = ph / 2, w.bottom = ph - w.top, w.left = pw / 2, w.right = pw - w.left;
    w.oh = h * w.sh, w.ow = width * w.sw;
    return w;
  }
  const auto& extra = spec.integers("output_padding");
  w.oh = (h - 1) * w.sh + w.reach_h() - w.top - w.bottom + int(extra[0]);
  w.ow = (width - 1) * w.sw + w.reach_w() - w.left - w.right + int(extra[1]);
  check(w.oh > 0 && w.ow > 0, window_text(spec, w, "kernel") + " leaves nothing of an input of " + std::to_string(h) +
                                  "x" + std::to_string(width) + ": the output would be " + std::to_string(w.oh) + "x" +
                                  std::to_string(w.ow) + ". Use less padding.");
  return w;
}

}  // namespace fastdl
