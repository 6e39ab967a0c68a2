// One OpenMP team for a step.
#pragma once

#include <algorithm>
#include <chrono>

#include "core/denormals.hpp"
#include "core/team.hpp"

namespace fastdl {

// What OpenMP would use now: OMP_NUM_THREADS, threadpoolctl, affinity and cgroup limits obeyed.
int max_threads();

// 1 in a process forked after OpenMP ran: its threads did not survive the fork.
int usable_threads(int wanted);

// How often this process has been forked from its first one: what an older number says of threads no longer holds.
int forks();

void current_thread(int& rank, int& size);

// The threads of all teams at work in this process. A fit alone gets what it asks for; fits at once, from several
// Python threads, share the processors: bytes do not depend on how.
class Seats {
 public:
  explicit Seats(int wanted);
  ~Seats();
  const int taken;
};

// A step of less than about a millisecond loses more by threads that wait for a processor, on a machine that also does
// other work, than it gains by them: where they sleep often, the next steps go alone. (Digits, 64-200-10,
// 20 epochs, both processors taken by others: 118 ms without this, 40 with it, 17 with one thread.)
class Pace {
 public:
  bool crowded(const Team& team, int steps) const { return team.barrier && 4 * team.barrier->naps > steps + 8; }
  int threads(int wanted) { return rest_ > 0 ? rest_--, 1 : wanted; }
  void went(bool crowded) {
    rest_ = crowded ? longer_ : 0;
    longer_ = crowded ? std::min(2 * longer_, 128) : 8;
  }

 private:
  int rest_ = 0, longer_ = 8;  // runs
};

// One thread or a team, whichever took less time last; now and then the other has a try. For work of less than a
// millisecond in which threads meet a hundred times: how fast they meet is a matter of what else the machine does.
class Trial {
 public:
  bool team() {
    const bool other = ++calls_ % 128 == 0;
    team_ = (seconds_[1] < seconds_[0]) != other;
    start_ = std::chrono::steady_clock::now();
    return team_;
  }
  void done() { seconds_[team_] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double seconds_[2]{};
  std::chrono::steady_clock::time_point start_;
  int calls_ = 0;
  bool team_ = false;
};

// Runs work(team) on every thread of a team.
template <class Work>
void run_team(int threads, const Work& work) {
  const Seats seats(threads);
  if (seats.taken <= 1) {
    const NoDenormals no_denormals;
    work(Team{});
    return;
  }
  Barrier barrier;
#pragma omp parallel num_threads(seats.taken)
  {
    const NoDenormals no_denormals;
    Team team;
    current_thread(team.rank, team.size);
    team.barrier = &barrier;
    work(team);
  }
}

}  // namespace fastdl
