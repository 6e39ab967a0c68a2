// The end of a step: what it came to, and the numbers of the next one.
#pragma once

#include "kernels/cuda/each.hpp"
#include "kernels/training.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

// The next step's numbers are read before this one's are weighed, and all of a tally at once: trips to memory are most
// of the time.
__global__ void add_steps(const StepNumbers* table, std::int64_t n_batches, int n_sides, double* sides, Tally* tally) {
  Tally t = *tally;
  const std::int64_t following = t.batch + 1;
  const StepNumbers next = table[least(following, n_batches - 1)];
  t.batch = -1;  // as if the table began with the next step
  add_step(&next, n_batches - following, n_sides, sides, t);
  t.batch += following;
  *tally = t;
}

inline void end_step(const Team& team, const StepNumbers* table, std::int64_t n_batches, int n_sides, double* sides,
                     Tally* tally) {
  launch({1, 1, 0, stream_of(team)}, add_steps, table, n_batches, n_sides, sides, tally);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
