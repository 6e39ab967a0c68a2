// Where a decoder works: its packed weights and its scratch.
#pragma once

#include "kernels/attention.hpp"
#include "kernels/cpu/recurrent/space.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
FASTDL_INLINE T* take_space(T*& at, std::int64_t count) {
  T* taken = at;
  at += ceil_div<std::int64_t>(count, 64) * 64;
  return taken;
}

FASTDL_INLINE int units_of(const DecoderShape& s, int l) { return s.cells[l].units; }
FASTDL_INLINE int gates_of(const DecoderShape& s, int l) { return cell_gates(s.cells[l].cell) * s.cells[l].units; }
// Columns of the rows that the first cell's w_ih, or that of a higher one, is multiplied with.
FASTDL_INLINE int inputs_of(const DecoderShape& s, int l) {
  return l > 0 ? units_of(s, l - 1) : s.score == Score::additive ? s.features : 0;
}
// What the output sees: the state, and of an additive score what was found beside it.
FASTDL_INLINE int found_at_output(const DecoderShape& s) { return s.score == Score::additive ? s.features : 0; }

// --- the weights, packed for the walk -------------------------------------------------------------------------------
template <class T>
struct DecoderWeights {
  PackedWeights<T> in[most_cells]{};  // inputs_of a cell to its gates
  PackedWeights<T> query{}, combine{}, combine_found{}, out{}, out_found{};
  std::int64_t size = 0;

  DecoderWeights() = default;
  // With `space` null, only the size; the caller syncs.
  DecoderWeights(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a, T* space, bool transposed) {
    const auto pack = [&](PackedWeights<T>& to, const T* w, int inputs, int outputs) {
      const std::int64_t room =
          most(PackedWeights<T>::space(inputs, outputs), PackedWeights<T>::space(outputs, inputs));
      if (space && inputs)
        to = transposed ? pack_weights<T>(team, inputs, outputs, {w, 1, outputs}, space + size)
                        : pack_weights<T>(team, outputs, inputs, {w, outputs, 1}, space + size);
      size += ceil_div<std::int64_t>(room, 64) * 64;
    };
    const int top = s.top();
    for (int l = 0; l < s.n_cells; l++) pack(in[l], a.cells[l].w_ih, inputs_of(s, l), gates_of(s, l));
    if (s.score == Score::additive) pack(query, a.w_query, top, s.size);
    if (transposed) return;  // the others go back by GEMMs over all steps
    if (s.score == Score::dot) {
      pack(combine, a.w_combine, top, top);
      pack(combine_found, a.w_combine + std::int64_t(top) * top, s.features, top);
    }
    pack(out, a.w_out, top, s.outputs);
    pack(out_found, a.w_out + std::int64_t(top) * s.outputs, found_at_output(s), s.outputs);
  }
};

template <class T>
struct DecoderSpace {
  T *packed, *dweights, *gemm;
  std::int64_t size = 0;

  DecoderSpace(const DecoderShape& s, int threads, T* scratch) {
    T* at = scratch;
    packed = take_space(at, DecoderWeights<T>(Team{}, s, {}, nullptr, false).size);
    dweights = take_space(at, std::int64_t(s.n) * s.source_steps);
    gemm = take_space(at, threads * gemm_scratch<T>);
    size = at - scratch;
  }
};

template <class T>
std::size_t decoder_scratch(const DecoderShape& s, int threads) {
  return DecoderSpace<T>(s, threads, nullptr).size;
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
