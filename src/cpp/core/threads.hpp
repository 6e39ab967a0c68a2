// One OpenMP team for a step.
#pragma once

#include "core/team.hpp"

namespace fastdl {

// What OpenMP would use now: OMP_NUM_THREADS, threadpoolctl, affinity and cgroup limits obeyed.
int max_threads();

// 1 in a process forked after OpenMP ran: its threads did not survive the fork.
int usable_threads(int wanted);

void current_thread(int& rank, int& size);

// Runs work(team) on every thread of a team.
template <class Work>
void run_team(int threads, const Work& work) {
  if (threads <= 1) {
    work(Team{});
    return;
  }
  Barrier barrier;
#pragma omp parallel num_threads(threads)
  {
    Team team;
    current_thread(team.rank, team.size);
    team.barrier = &barrier;
    work(team);
  }
}

}  // namespace fastdl
