// Images in predict: samples alone, or blocks, which take as long for one sample as for all lanes. Which is sooner done
// depends on the layers (1x1 convolutions go well alone, wide 3x3 ones in blocks).
#pragma once

#include <algorithm>
#include <cstdint>

namespace fastdl {

// One call, cut into parts.
struct Split {
  int lanes, batch;
  int most_alone;  // samples that go alone where they would not fill a block; from `lanes` on all do
  int abreast;     // samples alone that threads take at the same time, each its own; 1: they share each
  int tried = 0;   // the first ones go alone, to be timed

  struct Part {
    int n;
    bool alone;
  };
  Part next(std::int64_t begin, std::int64_t end) const {
    const int n = int(std::min<std::int64_t>(batch, end - begin));
    if (begin < tried) return alone(std::min(n, abreast));
    if (n <= most_alone || most_alone >= lanes) return alone(n);
    return {n % lanes <= most_alone ? n - n % lanes : n, false};
  }
  bool meets(bool alone, std::int64_t n) const {
    for (std::int64_t begin = 0; begin < n;) {
      const Part part = next(begin, n);
      if (part.alone == alone) return true;
      begin += part.n;
    }
    return false;
  }

 private:
  Part alone(int n) const { return {abreast == 1 || n < abreast ? 1 : n / abreast * abreast, true}; }
};

// By the processor time of both, in calls that are often at first and later now and then; before that a quarter of the
// lanes goes alone. The least counts, and is slowly forgotten.
class Splitter {
 public:
  Split split(int lanes, int batch, int abreast, std::int64_t n) {
    const int usual = lanes / 4;
    const bool measures = calls_ % 128 == 0 || (calls_ & (calls_ - 1)) == 0;
    if (n > std::max(usual, 2 * abreast) && ++calls_ && measures) return {lanes, batch, 0, abreast, 2 * abreast};
    const bool known = alone_ > 0 && block_ > 0;
    return {lanes, batch, known ? int(std::min(block_ / alone_, double(lanes))) : usual, abreast};
  }
  void took(const Split::Part& part, int lanes, double seconds) {
    double& known = part.alone ? alone_ : block_;
    seconds /= part.alone ? part.n : (part.n - 1) / lanes + 1;
    known = known > 0 ? std::min(1.1 * known, seconds) : seconds;
  }

 private:
  double alone_ = 0, block_ = 0;  // of a sample, of a block
  unsigned calls_ = 0;
};

}  // namespace fastdl
