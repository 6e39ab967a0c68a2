// Where a recurrent layer works: its scratch, the weights it keeps packed, and the samples that each thread takes.
#pragma once

#include "kernels/cpu/dense.hpp"
#include "kernels/cpu/packed.hpp"
#include "kernels/sequence.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

FASTDL_INLINE bool is_gru(Cell cell) { return cell == Cell::gru || cell == Cell::gru_reset_after; }
FASTDL_INLINE bool is_gated(Cell cell) { return cell == Cell::lstm || is_gru(cell); }
FASTDL_INLINE int cell_gates(Cell cell) { return cell == Cell::lstm ? 4 : is_gru(cell) ? 3 : 1; }

// --- scratch and shares ---------------------------------------------------------------------------------------------
// Gates that nobody goes back to lie in the place of those some steps before, which stays in a core's cache.
constexpr std::int64_t passing_gates = 1 << 18;  // bytes, for each thread

template <class T>
struct RecurrentSpace {
  T *zeros{}, *packed{}, *gates{}, *gemm{}, *dh{}, *dmasked{}, *dc{}, *dz{}, *dq{};
  int window;             // steps whose gates have places of their own
  std::int64_t size = 0;  // of all

  RecurrentSpace() = default;
  RecurrentSpace(const RecurrentShape& s, int threads, T* scratch) {
    const int units = s.units, gates = cell_gates(s.cell) * units;
    const std::int64_t states = std::int64_t(s.n) * units, step = std::int64_t(s.n) * gates;
    const std::int64_t fitting = threads * passing_gates / most<std::int64_t>(step * sizeof(T), 1);
    const bool passing = s.passing && is_gated(s.cell);
    window = passing ? int(most<std::int64_t>(least<std::int64_t>(fitting, s.steps), 1)) : s.steps;
    auto take = [&](std::int64_t count) {
      T* at = scratch + size;
      size += ceil_div<std::int64_t>(count, 64) * 64;
      return at;
    };
    zeros = take(states), this->gates = take(passing ? step * window : 0);
    packed = take(most(PackedWeights<T>::space(gates, units), PackedWeights<T>::space(units, gates)) +
                  PackedWeights<T>::space(units, units));
    gemm = take(threads * gemm_scratch<T>);
    if (s.passing) return;
    dh = take(states), dmasked = take(states), dc = take(states);
    dz = take(step * s.steps), dq = take(is_gru(s.cell) ? states * s.steps : 0);
  }
};

template <class T>
std::size_t recurrent_scratch(const RecurrentShape& s, int threads) {
  return RecurrentSpace<T>(s, threads, nullptr).size;
}

// --- predictions, with weights that are packed until they change -----------------------------------------------------
// Those of all gates with the state before, of a GRU w of r and z, w_n of n; and those with the input.
template <class T>
struct RecurrentForms {
  PackedWeights<T> w, w_n, w_ih;
  std::int64_t size = 0;  // of all

  RecurrentForms(Cell cell, int features, int units, T* space) {
    const int gates = cell_gates(cell) * units, main = is_gru(cell) ? 2 * units : gates;
    auto take = [&](int n, int depth) {
      const PackedWeights<T> form{n, depth, space + size};
      size += PackedWeights<T>::space(n, depth);
      return form;
    };
    w = take(main, units), w_n = take(gates - main, units), w_ih = take(gates, features);
  }
};

template <class T>
std::size_t recurrent_kept(Cell cell, int features, int units) {
  const std::size_t size = RecurrentForms<T>(cell, features, units, nullptr).size;
  return size * sizeof(T) < kept_bytes ? 0 : size;
}

template <class T>
void recurrent_keep(const Team& team, Cell cell, int features, int units, const T* w_ih, const T* w_hh, T* kept) {
  const RecurrentForms<T> forms(cell, features, units, kept);
  const int gates = forms.w_ih.n;
  pack_weights<T>(team, forms.w.n, units, {w_hh, gates, 1}, forms.w.data);
  if (forms.w_n.n) pack_weights<T>(team, forms.w_n.n, units, {w_hh + forms.w.n, gates, 1}, forms.w_n.data);
  pack_weights<T>(team, gates, features, {w_ih, gates, 1}, forms.w_ih.data);
  team.sync();
}

// This thread's samples: about as many steps for each thread. The last thread has those without a step, at the end,
// too: what they leave to the weights' gradients has to be cleared.
inline Range share_samples(const Team& team, const RecurrentShape& s) {
  std::int64_t total = 0, before = 0;
  for (int i = 0; i < s.n; i++) total += s.lengths[i];
  Range mine{s.n, s.n};
  for (int i = s.n - 1; i >= 0; i--) {
    before += s.lengths[i];
    if ((total - before) * team.size >= total * team.rank) mine.begin = i;
    if (team.rank + 1 < team.size && (total - before) * team.size >= total * (team.rank + 1)) mine.end = i;
  }
  return mine;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
