// decoder: recurrent layers that write an answer and attend to a source, all of it one walk through time. As in the
// recurrent layers a thread takes its samples through all steps and meets no other; it multiplies with weights that are
// packed once. The states of all steps are known after the walk, so the output, and each gradient of weights, is one
// GEMM. The way back adds up the gradients of keys and values.
#pragma once

#include "kernels/cpu/recurrent/decoder_walk.hpp"

namespace fastdl::FASTDL_ISA {
namespace {

template <class T>
void decoder_forward(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a) {
  const DecoderWalk<T> walk(team, s, a, false);
  for (int t = 0; t < s.steps; t++) walk.forward(t);
  team.sync();
  if (!a.teacher) walk.outputs();
}

template <class T>
void decoder_backward(const Team& team, const DecoderShape& s, const DecoderArrays<T>& a,
                      const DecoderGradients<T>& d) {
  const DecoderWalk<T> walk(team, s, a, true);
  walk.outputs_backward(d);
  for (int l = 0; l < s.n_cells; l++) walk.cells[l].begin_backward();
  const Range mine = walk.cells[0].mine;
  for (std::int64_t i = mine.begin; i < mine.end && s.score != Score::none; i++) {
    for (int j = 0; j < s.source_steps; j++) {
      clear(d.dkeys + (std::int64_t(j) * s.n + i) * s.size, s.size);
      clear(d.dvalues + (std::int64_t(j) * s.n + i) * s.features, s.features);
    }
    clear(d.dw_score_of_each + i * s.size, s.size);
  }
  for (int t = s.steps - 1; t >= 0; t--) walk.backward(t, d);
  for (int l = 0; l < s.n_cells; l++) {
    RecurrentGradients<T> of_cell{};
    of_cell.dh0 = d.cells[l].dh0, of_cell.dc0 = d.cells[l].dc0;
    walk.cells[l].end_backward(of_cell);
  }
  team.sync();
  walk.backward_weights(d);
}

}  // namespace
}  // namespace fastdl::FASTDL_ISA
