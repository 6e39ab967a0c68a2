// One OpenMP team for a step.
#pragma once

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
