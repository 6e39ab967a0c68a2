// One thread or a team, whichever measured time speaks for.
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

// Of training steps shorter than half a millisecond, which lose more by threads that wait for a processor, on a machine
// that also does other work, than they gain by them. The first millisecond goes alone, to be compared with. A team is
// given up once it has lost four milliseconds on one thread's pace: less is a thread that woke late after a rest. It is
// tried again after 16 milliseconds, then 32, to half a second, and after 16 again once it was of use.
class Pace {
 public:
  int threads(int wanted) {
    team_ = wanted > 1 && left_ <= 0;
    watch_.lap();
    return team_ ? wanted : 1;
  }

  // After each step, on one thread: whether the other way is to be taken from the next one on.
  bool turns(int n_samples) {
    const double seconds = watch_.lap();
    return team_ ? gives_up(seconds - alone_ * n_samples) : has_rested(seconds, n_samples);
  }

 private:
  bool has_rested(double seconds, int n_samples) {
    seconds_ += seconds;
    samples_ += n_samples;
    left_ -= seconds;
    if (left_ > 0) return false;
    alone_ = seconds_ / samples_;
    seconds_ = samples_ = 0;
    return true;
  }

  bool gives_up(double loss) {
    lost_ = std::max(0.0, lost_ + loss);
    balance_ += loss;
    if (balance_ < -limit) penalty_ = shortest;
    if (lost_ < limit) return false;
    lost_ = balance_ = 0;
    left_ = penalty_;
    penalty_ = std::min(2 * penalty_, longest);
    return true;
  }

  static constexpr double limit = 4e-3, shortest = 16e-3, longest = 0.512;  // seconds

  Stopwatch watch_;
  double alone_ = 0;                         // seconds a sample, as last measured
  double left_ = 1e-3, penalty_ = shortest;  // to go alone: now, and after the next failure
  double seconds_ = 0, samples_ = 0;         // alone, since the last turn
  double lost_ = 0, balance_ = 0;            // of the team: since it was last level, and in all
  bool team_ = false;
};

// Of predictions of less than a millisecond: what took less time a sample last; now and then the other has a try.
class Trial {
 public:
  bool team() {
    const bool other = ++calls_ % 128 == 0;
    team_ = (seconds_[1] < seconds_[0]) != other;
    watch_.lap();
    return team_;
  }
  void done(double n_samples) { seconds_[team_] = watch_.lap() / n_samples; }

 private:
  Stopwatch watch_;
  double seconds_[2]{};  // a sample, alone and with a team
  int calls_ = 0;
  bool team_ = false;
};

}  // namespace fastdl
