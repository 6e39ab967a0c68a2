// What a step comes to: a few numbers that one thread minds.
#pragma once

#include "kernels/cuda/each.hpp"
#include "kernels/training.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void begin_step(const Team& team, const StepNumbers* table, Tally* tally) {
  for_each(team, 1, [=] __device__(std::int64_t) {
    tally->now = table[tally->batch];
    tally->norm = tally->loss = tally->penalty = tally->activity_penalty = tally->squares = 0;
  });
}

template <class T>
void judge(const Team& team, Tally* tally, int n_sides, const double* share, double* sides) {
  for_each(team, 1, [=] __device__(std::int64_t) {
    Tally& t = *tally;
    if (t.halted) return;
    const bool counts = t.norm != 0;
    t.loss = counts ? t.loss / t.norm : 0.0;
    t.penalty = counts ? t.penalty / t.norm + t.activity_penalty : 0.0;
    double whole = t.loss + t.penalty;
    for (int i = 0; i < n_sides; i++) {
      sides[i] = counts ? sides[i] / t.norm : 0.0;
      whole += share[i] * sides[i];
    }
    if (!(whole - whole == 0)) t.halted = 1;
  });
}

template <class T>
void end_step(const Team& team, Tally* tally, int n_sides, double* sides) {
  for_each(team, 1, [=] __device__(std::int64_t) {
    Tally& t = *tally;
    if (t.halted) return;
    const double count = t.now.count < 0 ? t.norm : t.now.count;
    t.seen += count;
    t.losses += (t.loss + t.penalty) * count;
    t.penalties += t.penalty * count;
    for (int i = 0; i < n_sides; i++) sides[n_sides + i] += sides[i] * count;
    t.batch++;
  });
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
