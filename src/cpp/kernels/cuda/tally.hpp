// The end of a step: what it came to, and the numbers of the next one.
#pragma once

#include "kernels/cuda/each.hpp"
#include "kernels/training.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

inline void end_step(const Team& team, const StepNumbers* table, std::int64_t n_batches, int n_sides, double* sides,
                     Tally* tally) {
  for_each(team, 1, [=] __device__(std::int64_t) { add_step(table, n_batches, n_sides, sides, *tally); });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
