// The end of a step: what it came to, and the numbers of the next one.
#pragma once

#include "kernels/cpu/vec.hpp"
#include "kernels/training.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

void end_step(const Team& team, const StepNumbers* table, std::int64_t n_batches, int n_sides, double* sides,
              Tally* t) {
  if (team.rank == 0) add_step(table, n_batches, n_sides, sides, *t);
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
