// One thread or a team: whichever measured time speaks for.
#pragma once

#include <algorithm>
#include <chrono>

namespace fastdl {

class Stopwatch {
 public:
  double lap() {  // seconds since the last one
    const auto now = std::chrono::steady_clock::now(), before = last_;
    last_ = now;
    return std::chrono::duration<double>(now - before).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Of training steps shorter than half a millisecond, and predictions of about one, which lose more by threads that wait
// for a processor, on a machine that also does other work, than they gain by them. The first two milliseconds go alone:
// the shortest step of them is the pace to be compared with. A team is given up once it has lost four milliseconds on
// it: less is a thread that woke late after a rest. It is tried again after 16 milliseconds, then 32, to half a second,
// and after 16 again once it was of use.
class Pace {
 public:
  int threads(int wanted) {
    team_ = wanted > 1 && left_ <= 0;
    watch_.lap();
    return team_ ? wanted : 1;
  }

  // After each step, on one thread: whether the other way is to be taken from the next one on.
  bool turns(double n_samples) {
    const double seconds = watch_.lap();
    return team_ ? gives_up(seconds - alone_ * n_samples) : has_rested(seconds, n_samples);
  }

 private:
  bool has_rested(double seconds, double n_samples) {
    shortest_ = std::min(shortest_, seconds / n_samples);
    left_ -= seconds;
    if (left_ > 0) return false;
    alone_ = shortest_;
    shortest_ = 1e9;
    return true;
  }

  bool gives_up(double loss) {
    lost_ = std::max(0.0, lost_ + loss);
    balance_ += loss;
    if (balance_ < -limit) penalty_ = first;
    if (lost_ < limit) return false;
    lost_ = balance_ = 0;
    left_ = penalty_;
    penalty_ = std::min(2 * penalty_, longest);
    return true;
  }

  static constexpr double limit = 4e-3, first = 16e-3, longest = 0.512;  // seconds

  Stopwatch watch_;
  double alone_ = 0;                      // seconds a sample, as last measured
  double left_ = 2e-3, penalty_ = first;  // to go alone: now, and after the next failure
  double shortest_ = 1e9;                 // of its steps alone since the last turn, seconds a sample
  double lost_ = 0, balance_ = 0;         // of the team: since it was last level, and in all
  bool team_ = false;
};

}  // namespace fastdl
