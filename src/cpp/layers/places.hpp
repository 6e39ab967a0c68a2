// Tensors that are never needed at the same time stand in the same place: what is written then is still in cache.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace fastdl {

// Elements of the blocks that passes work in.
struct Room {
  std::int64_t values = 0, gradients = 0, saved = 0, scratch = 0;
  std::int64_t sum() const { return values + gradients + saved + scratch; }
};

class Places {
 public:
  // A tensor that needs so much room, while these others hold something.
  int add(std::int64_t size, const std::vector<int>& others) {
    sizes_.push_back(size);
    others_.push_back(others);
    return count() - 1;
  }
  int count() const { return int(sizes_.size()); }
  void keep_apart(int a, int b) {
    if (a != b) others_[std::max(a, b)].push_back(std::min(a, b));
  }

  // Where each tensor starts: in the first place that none of its others has taken.
  std::vector<std::int64_t> starts() const {
    std::vector<int> place(sizes_.size());
    std::vector<std::int64_t> room, starts;
    for (int i = 0; i < count(); i++) {
      auto taken = [&](int p) {
        return std::any_of(others_[i].begin(), others_[i].end(), [&](int other) { return place[other] == p; });
      };
      while (taken(place[i])) place[i]++;
      room.resize(std::max<std::size_t>(room.size(), place[i] + 1));
      room[place[i]] = std::max(room[place[i]], sizes_[i]);
    }
    std::vector<std::int64_t> first(room.size() + 1);
    for (std::size_t p = 0; p < room.size(); p++) first[p + 1] = first[p] + room[p];
    for (int p : place) starts.push_back(first[p]);
    return starts;
  }
  // Of all places together.
  std::int64_t room(const std::vector<std::int64_t>& starts) const {
    std::int64_t room = 0;
    for (int i = 0; i < count(); i++) room = std::max(room, starts[i] + sizes_[i]);
    return room;
  }

 private:
  std::vector<std::int64_t> sizes_;
  std::vector<std::vector<int>> others_;
};

}  // namespace fastdl
