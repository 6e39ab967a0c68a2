// What a step comes to: numbers that one thread writes and all read.
#pragma once

#include "kernels/cpu/vec.hpp"
#include "kernels/training.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

void begin_step(const Team& team, const StepNumbers* table, Tally* t) {
  if (team.rank == 0) {
    t->now = table[t->batch];
    t->norm = t->loss = t->penalty = t->activity_penalty = t->squares = 0;
  }
  team.sync();
}

void judge(const Team& team, Tally* t, int n_sides, const double* share, double* sides) {
  if (team.rank == 0) {
    const double norm = t->norm;
    t->loss = norm == 0 ? 0 : t->loss / norm;
    t->penalty = norm == 0 ? 0 : t->penalty / norm + t->activity_penalty;
    double of_sides = 0;
    for (int i = 0; i < n_sides; i++) {
      sides[i] = norm == 0 ? 0 : sides[i] / norm;
      of_sides += share[i] * sides[i];
    }
    if (!__builtin_isfinite(t->loss + t->penalty + of_sides)) t->halted = 1;
  }
  team.sync();
}

void end_step(const Team& team, Tally* t, int n_sides, double* sides) {
  if (team.rank == 0 && !t->halted) {
    const double count = t->now.count < 0 ? t->norm : t->now.count;
    t->seen += count;
    t->losses += (t->loss + t->penalty) * count;
    t->penalties += t->penalty * count;
    for (int i = 0; i < n_sides; i++) sides[n_sides + i] += sides[i] * count;
    t->batch++;
  }
  team.sync();
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
