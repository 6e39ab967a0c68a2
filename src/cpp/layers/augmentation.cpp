#include "layers/augmentation.hpp"

#include <algorithm>
#include <cmath>

#include "math/philox.hpp"

namespace fastdl {
namespace {

constexpr double degree = 3.14159265358979323846 / 180;
constexpr std::uint32_t mixing_block = 1u << 27;  // far past the noise of any image

// Random words of a sample: block 0 has one for each thing that is drawn, whatever else is.
struct Words {
  RandomKey key;
  std::int64_t sample;
  std::uint64_t first;  // element of the block

  Words(std::uint64_t seed, std::uint32_t layer, std::uint32_t epoch, std::int64_t sample, std::uint32_t block)
      : key{.seed = seed, .layer = layer, .epoch = epoch, .sample = nullptr, .n = 1},
        sample(sample),
        first(std::uint64_t(block) * generic::philox_block) {}
  std::uint32_t operator[](int i) const { return generic::philox_word(key, sample, first + i); }
  double uniform(int i) const { return double((*this)[i] >> 8) * 0x1p-24; }          // in [0, 1)
  double open(int i) const { return (double((*this)[i]) + 0.5) * 0x1p-32; }          // in (0, 1)
  double within(int i, double range) const { return range * (2 * uniform(i) - 1); }  // in [-range, range)
  index below(int i, index n) const { return index(std::uint64_t((*this)[i]) * std::uint64_t(n) >> 32); }
};

enum Word {
  chance,
  over_x,
  over_y,
  down,
  right,
  turn,
  factor,
  lean,
  brightness,
  contrast,
  saturation,
  hue,
  cut_y,
  cut_x,
  partner_low,
  partner_high
};

}  // namespace

Augmentation::Augmentation(const LayerSpec& spec, const Shape& input, std::uint32_t number) : number_(number) {
  const std::string who = "layer '" + spec.name + "' (" + spec.title + ")";
  check(input.is_image() && input.h() > 1,
        who + " takes images, but its input is " +
            (input.is_image() ? "rows, images of " + input.text() : input.what()) +
            ". Pass images (n, height, width, channels), or rows and input_shape=(height, width, channels).");
  const auto pair = [&](const char* field) { return spec.integers(field); };
  const std::string flip = spec.has("flip") ? spec.text("flip") : "", fill = spec.text("fill");
  flip_x_ = flip == "horizontal" || flip == "both", flip_y_ = flip == "vertical" || flip == "both";
  shift_y_ = int(pair("shift")[0]), shift_x_ = int(pair("shift")[1]);
  cutout_y_ = int(pair("cutout")[0]), cutout_x_ = int(pair("cutout")[1]);
  rotate_ = spec.number("rotate"), scale_ = spec.number("scale"), shear_ = spec.number("shear");
  brightness_ = spec.number("brightness"), contrast_ = spec.number("contrast");
  saturation_ = spec.number("saturation"), hue_ = spec.number("hue"), noise_ = spec.number("noise");
  mixup_ = spec.number("mixup"), probability_ = spec.number("probability");
  shape_ = {.h = input.h(),
            .w = input.w(),
            .c = input.c(),
            .oh = input.h(),
            .ow = input.w(),
            .fill = fill == "edge"      ? Fill::edge
                    : fill == "reflect" ? Fill::reflect
                                        : Fill::constant};
  if (spec.has("crop")) {
    shape_.oh = int(pair("crop")[0]), shape_.ow = int(pair("crop")[1]);
    check(shape_.oh <= shape_.h && shape_.ow <= shape_.w,
          who + ": crop=" + std::to_string(shape_.oh) + "x" + std::to_string(shape_.ow) + " is larger than images of " +
              input.text() + ". Crop at most their size; shift=4 pads them by 4 pixels on each side before.");
  }
  moves_ = flip_x_ || flip_y_ || shift_y_ || shift_x_ || crops() || rotate_ > 0 || scale_ > 0 || shear_ > 0;
  check((saturation_ == 0 && hue_ == 0) || shape_.c == 3,
        who + ": saturation and hue are of colours (red, green, blue), but its input is " + input.what() +
            ". Leave them out; brightness and contrast are for any image.");
}

AugmentDraw Augmentation::draw(std::uint64_t seed, std::uint32_t epoch, std::int64_t sample) const {
  AugmentDraw d{.sample = sample,
                .row = {},
                .column = {},
                .whole = true,
                .brightness = 1,
                .contrast = 1,
                .saturation = 1,
                .hue = 0,
                .noise = 0,
                .cut_top = 0,
                .cut_bottom = 0,
                .cut_left = 0,
                .cut_right = 0,
                .weight = 1,
                .partner = 0};
  const Words w(seed, number_, epoch, sample, 0);
  if (w.uniform(chance) >= probability_) {
    place(d, 0, 1, 0, false, false, top(), left());
    return d;
  }
  const AugmentShape& s = shape_;
  place(d, w.within(turn, rotate_), 1 + w.within(factor, scale_), w.within(lean, shear_),
        flip_x_ && w.uniform(over_x) < 0.5, flip_y_ && w.uniform(over_y) < 0.5,
        w.below(down, s.h - s.oh + 2 * index(shift_y_) + 1) - shift_y_,
        w.below(right, s.w - s.ow + 2 * index(shift_x_) + 1) - shift_x_);
  d.brightness = 1 + w.within(brightness, brightness_), d.contrast = 1 + w.within(contrast, contrast_);
  d.saturation = 1 + w.within(saturation, saturation_), d.hue = w.within(hue, hue_);
  d.noise = noise_;
  if (cutout_y_ > 0 && cutout_x_ > 0) {
    const index y = w.below(cut_y, s.oh) - cutout_y_ / 2, x = w.below(cut_x, s.ow) - cutout_x_ / 2;
    d.cut_top = int(std::max<index>(y, 0)), d.cut_bottom = int(std::min<index>(y + cutout_y_, s.oh));
    d.cut_left = int(std::max<index>(x, 0)), d.cut_right = int(std::min<index>(x + cutout_x_, s.ow));
  }
  if (mixup_ > 0) {
    d.weight = mixing_weight(seed, epoch, sample);
    d.partner = std::uint64_t(w[partner_high]) << 32 | w[partner_low];
  }
  return d;
}

index Augmentation::partner(const AugmentDraw& draw, index count) {
  return index(static_cast<unsigned __int128>(draw.partner) * std::uint64_t(count) >> 64);
}

// The way back from a pixel that comes out: where it was before the window was moved, then about the middle of the
// image, with x to the right and y down, before it was scaled, sheared, turned against the clock and flipped.
void Augmentation::place(AugmentDraw& d, double turn, double factor, double lean, bool over_x, bool over_y, index down,
                         index right) const {
  d.whole = turn == 0 && factor == 1 && lean == 0;
  const double cosine = d.whole ? 1 : std::cos(turn * degree), sine = d.whole ? 0 : std::sin(turn * degree);
  const double slope = d.whole ? 0 : std::tan(lean * degree), fx = over_x ? -1 : 1, fy = over_y ? -1 : 1;
  // x = fx (cosine (x' - slope y') - sine y') / factor, y = fy (sine (x' - slope y') + cosine y') / factor
  const double x_of_x = fx * cosine / factor, x_of_y = -fx * (cosine * slope + sine) / factor;
  const double y_of_x = fy * sine / factor, y_of_y = fy * (cosine - sine * slope) / factor;
  const double cy = (shape_.h - 1) / 2.0, cx = (shape_.w - 1) / 2.0;
  const double y = double(down) - cy, x = double(right) - cx;  // of the first pixel
  d.row[0] = y_of_y, d.row[1] = y_of_x, d.row[2] = cy + y_of_y * y + y_of_x * x;
  d.column[0] = x_of_y, d.column[1] = x_of_x, d.column[2] = cx + x_of_y * y + x_of_x * x;
}

// Beta(alpha, alpha): Joehnk 1964 for alpha up to 1, in logarithms, since powers of small alphas would underflow; above
// that Cheng 1978, algorithm BB.
double Augmentation::mixing_weight(std::uint64_t seed, std::uint32_t epoch, std::int64_t sample) const {
  const double a = mixup_, root = std::sqrt(a);
  for (std::uint32_t block = mixing_block;; block++) {
    const Words w(seed, number_, epoch, sample, block);
    for (int i = 0; i < 64; i += 2) {
      const double u = w.open(i), v = w.open(i + 1);
      if (a <= 1) {
        const double x = std::log(u) / a, y = std::log(v) / a, top = std::max(x, y);
        const double sum = top + std::log(std::exp(x - top) + std::exp(y - top));
        if (sum <= 0) return std::exp(x - sum);
      } else {
        const double odds = std::log(u / (1 - u)) / root, part = a * std::exp(odds), z = u * u * v;
        const double r = (a + root) * odds - std::log(4.0), t = std::log(z);
        if (r + 2 * a * std::log(2 * a / (a + part)) >= t) return part / (a + part);
      }
    }
  }
}

}  // namespace fastdl
