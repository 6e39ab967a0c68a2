// What L.Augment may do to a sample, and the draw that says what it does in an epoch.
#pragma once

#include <cstdint>
#include <string>

#include "core/shape.hpp"
#include "kernels/augment.hpp"
#include "layers/spec.hpp"

namespace fastdl {

class Augmentation {
 public:
  // Raises where the options do not fit images of this shape; number: the layer's, for the generator.
  Augmentation(const LayerSpec& spec, const Shape& input, std::uint32_t number = 0);

  // A function of these three alone.
  AugmentDraw draw(std::uint64_t seed, std::uint32_t epoch, std::int64_t sample) const;
  // The place among `count` samples of the one that is mixed in.
  static index partner(const AugmentDraw& draw, index count);

  const AugmentShape& shape() const { return shape_; }
  Shape output() const { return {{shape_.oh, shape_.ow, shape_.c}}; }
  bool crops() const { return shape_.oh != shape_.h || shape_.ow != shape_.w; }
  bool moves() const { return moves_ && probability_ > 0; }  // pixels come to other places
  bool mixes() const { return mixup_ > 0 && probability_ > 0; }
  int top() const { return (shape_.h - shape_.oh) / 2; }  // of the middle, which use sees
  int left() const { return (shape_.w - shape_.ow) / 2; }
  std::uint32_t number() const { return number_; }

 private:
  void place(AugmentDraw& draw, double turn, double factor, double lean, bool over_x, bool over_y, index down,
             index right) const;
  double mixing_weight(std::uint64_t seed, std::uint32_t epoch, std::int64_t sample) const;

  AugmentShape shape_{};
  std::uint32_t number_;
  bool flip_x_, flip_y_, moves_;
  int shift_y_, shift_x_, cutout_y_, cutout_x_;
  double rotate_, scale_, shear_;  // degrees, a part of 1, degrees
  double brightness_, contrast_, saturation_, hue_, noise_, mixup_, probability_;
};

}  // namespace fastdl
