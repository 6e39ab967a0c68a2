// The arithmetic of sliding windows, for convolution and pooling. It is done in index, where it cannot overflow: what
// the kernels get is so small that theirs, in int, cannot either.
#pragma once

#include "layers/layer.hpp"

namespace fastdl {

struct Window {
  int kh, kw, sh, sw, dh = 1, dw = 1;
  int top = 0, bottom = 0, left = 0, right = 0;  // padding
  int oh = 0, ow = 0;                            // output

  index reach_h() const { return index(dh) * (kh - 1) + 1; }  // from the first to the last tap
  index reach_w() const { return index(dw) * (kw - 1) + 1; }
  std::string text() const { return std::to_string(kh) + "x" + std::to_string(kw); }
};

template <class T>
void check_image(const Layer<T>& layer) {
  check(layer.in.shape.is_image(), layer.who() + " takes images (height, width, channels), but its input is " +
                                       layer.in.shape.what() + (layer.in.shape.is_row() ? " features" : "") +
                                       ". Pass input_shape=(height, width, channels), or put Reshape((height, "
                                       "width, channels)) before it.");
}

// The word that names the padding, or null where it is numbers, or where the layer knows none.
inline const std::string* named_padding(const LayerSpec& spec) {
  const auto found = spec.fields.find("padding");
  return found == spec.fields.end() ? nullptr : std::get_if<std::string>(&found->second);
}

// The spec's numbers: `size`, stride, dilation where given, and padding where it has no name.
template <class T>
Window window_fields(const Layer<T>& layer, const std::string& size) {
  const LayerSpec& spec = layer.spec;
  check_image(layer);
  auto pair = [&](const std::string& field, int i) { return int(spec.integers(field)[i]); };
  Window w{pair(size, 0), pair(size, 1), pair("stride", 0), pair("stride", 1)};
  if (spec.has("dilation")) w.dh = pair("dilation", 0), w.dw = pair("dilation", 1);
  if (!named_padding(spec) && spec.has("padding")) {
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
  return "layer '" + spec.name + "' (" + spec.title + ", " + what + " " + w.text() +
         (spec.has("padding") ? ", padding " + padding : "") + ")";
}

// Raises for an image, with its padding, that the kernels cannot count in ints. A stride beyond all of it leaves a
// single window; it is taken as no larger than that.
template <class T>
void limit_window(const Layer<T>& layer, Window& w, index padded_h, index padded_w) {
  check(times(padded_h, padded_w) <= index(1) << 30 && times(w.reach_h(), padded_w) < index(1) << 27,
        layer.who() + ": an image of " + std::to_string(padded_h) + "x" + std::to_string(padded_w) +
            ", padding included, is too large for windows of " + std::to_string(w.reach_h()) + "x" +
            std::to_string(w.reach_w()) + ".");
  w.sh = int(std::min<index>(w.sh, padded_h)), w.sw = int(std::min<index>(w.sw, padded_w));
}

// Raises, naming the layer, where not a single window fits its input.
template <class T>
Window window_of(const Layer<T>& layer, const std::string& size, const std::string& what) {
  Window w = window_fields(layer, size);
  int h = layer.in.shape.h(), width = layer.in.shape.w();
  const auto* named = named_padding(layer.spec);
  if (named && *named == "same") {  // out = ceil(in / stride); the odd row and column at the bottom and right
    auto pads = [&](index in, index stride, index reach) {
      index out = (in + stride - 1) / stride;
      return layer.as_int(std::max<index>(0, (out - 1) * stride + reach - in), "the padding");
    };
    int ph = pads(h, w.sh, w.reach_h()), pw = pads(width, w.sw, w.reach_w());
    w.top = ph / 2, w.bottom = ph - w.top, w.left = pw / 2, w.right = pw - w.left;
  }
  const index padded_h = index(h) + w.top + w.bottom, padded_w = index(width) + w.left + w.right;
  const index room_h = padded_h - w.reach_h(), room_w = padded_w - w.reach_w();
  check(room_h >= 0 && room_w >= 0,
        window_text(layer.spec, w, what) + " gets an input of " + std::to_string(h) + "x" + std::to_string(width) +
            (layer.spec.has("padding") ? ". Use padding=\"same\", or fewer poolings; see summary()."
                                       : ". Use fewer poolings; see summary()."));
  limit_window(layer, w, padded_h, padded_w);
  w.oh = int(room_h / w.sh) + 1, w.ow = int(room_w / w.sw) + 1;
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
    const int ph = layer.as_int(std::max<index>(0, w.reach_h() - w.sh), "the padding");
    const int pw = layer.as_int(std::max<index>(0, w.reach_w() - w.sw), "the padding");
    w.top = ph / 2, w.bottom = ph - w.top, w.left = pw / 2, w.right = pw - w.left;
    const index oh = times(h, w.sh), ow = times(width, w.sw);
    limit_window(layer, w, oh + ph, ow + pw);
    w.oh = int(oh), w.ow = int(ow);
    return w;
  }
  const auto& extra = spec.integers("output_padding");
  const index oh = times(h - 1, w.sh) + w.reach_h() - w.top - w.bottom + extra[0];
  const index ow = times(width - 1, w.sw) + w.reach_w() - w.left - w.right + extra[1];
  check(oh > 0 && ow > 0, window_text(spec, w, "kernel") + " leaves nothing of an input of " + std::to_string(h) + "x" +
                              std::to_string(width) + ": the output would be " + std::to_string(oh) + "x" +
                              std::to_string(ow) + ". Use less padding.");
  limit_window(layer, w, oh + w.top + w.bottom, ow + w.left + w.right);
  w.oh = int(oh), w.ow = int(ow);
  return w;
}

}  // namespace fastdl
