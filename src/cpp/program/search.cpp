// Answers of a decoder: how likely they are, where they looked, and the search for them.
#include <algorithm>
#include <limits>

#include "core/threads.hpp"
#include "kernels/attention.hpp"
#include "kernels/loss_kind.hpp"
#include "kernels/memory.hpp"
#include "kernels/training.hpp"
#include "layers/chain.hpp"
#include "layers/decoding.hpp"
#include "program/finder.hpp"
#include "program/program.hpp"

namespace fastdl {
namespace {

constexpr int encoded_at_a_time = 64;  // of a thread: the states of an encoder stay in its cache

int units_of_states(const DecoderShape& s) {
  int units = 0;
  for (int l = 0; l < s.n_cells; l++) units += s.cells[l].units * (s.cells[l].cell == Cell::lstm ? 2 : 1);
  return units;
}

}  // namespace

template <class T>
template <class Body>
void Program<T>::each_gathered(const Data& data, int threads, int size, const Body& body) {
  each_part(data, size, [&](const Data& there, index from, index end) {
    run(threads, [&](const Team& team) {
      for (index begin = from; begin < end; begin += size) {
        Batch batch{.data = &data,
                    .there = &there,
                    .begin = begin,
                    .n = int(std::min<index>(size, end - begin)),
                    .shift = shift_of(there, from)};
        batch_.set_steps(batch);
        const Frame<T> f = frame(team, batch);
        batch_.gather(f, batch);
        body(f, batch);
        team.sync();
      }
    });
    return !failure_;
  });
  rethrow();
}

template <class T>
void Program<T>::search(const Data& data, const Search& how, const Answers& found) {
  last_.n = 0;
  if (data.count == 0) return;
  enter();
  make_room(to_learn_);
  const DecoderShape any = decoding_->shape(frame(team(), {.data = &data, .there = &data, .begin = 0, .n = 1}));
  const Block<T> packed(kernels_.attention.decoder_packed(any), backend_.memory);
  const int threads = backend_.device ? 1 : team_size(int(std::min<index>(data.count, settings_.batch)));
  const int most = int(std::min<index>({data.count, settings_.batch, index(encoded_at_a_time) * threads}));
  std::vector<Finder<T>> finders;
  for (int i = 0; i < threads; i++)
    finders.emplace_back(backend_, queue_.get(), how, units_of_states(any), any.outputs,
                         (most + threads - 1) / threads);
  each_gathered(data, threads, most, [&](const Frame<T>& f, const Batch& batch) {
    forward_chain(f, layers_, 0, n_layers() - 1);
    decoding_->prepare(f);
    const DecoderShape s = decoding_->shape(f);
    const DecoderArrays<T> a = decoding_->arrays(f);
    if (batch.begin == 0) kernels_.attention.decoder_pack(f.team, s, a, packed.data());
    const Range mine = f.team.share(f.n);
    Finder<T>& finder = finders[f.team.rank];
    for (index i = mine.begin; i < mine.end; i += finder.sources_at_a_time()) {
      const index at = (batch.begin + i) * how.n_best;
      finder.find(s, a, packed.data(), int(i), int(std::min<index>(finder.sources_at_a_time(), mine.end - i)),
                  {found.codes + at * how.max_length, found.log_likelihoods + at});
    }
  });
}

template <class T>
template <class Body>
void Program<T>::each_answered(const Data& data, const Body& body) {
  last_.n = 0;
  enter();
  make_room(to_learn_);
  const int threads = team_size(int(std::min<index>(data.count, settings_.batch)));
  each_gathered(data, threads, settings_.batch, [&](const Frame<T>& f, const Batch& batch) {
    batch_.gather_targets(f, batch);
    forward_chain(f, layers_, 0, n_layers());
    body(f, batch.begin);
  });
}

template <class T>
void Program<T>::log_likelihoods(const Data& data, double* of_each) {
  enter();
  Tally one{};
  one.norm = 1;
  reset(one);
  std::vector<double> losses(std::min<index>(data.count, settings_.batch) * output().steps());
  each_answered(data, [&](const Frame<T>& f, index begin) {
    kernels_.training.loss(f.team, {.kind = LossKind::softmax_cross_entropy,
                                    .param = T(0),
                                    .cap = std::numeric_limits<T>::infinity(),
                                    .n = batch_.rows(f),
                                    .outputs = output().c(),
                                    .pred = f.value(layers_.back()->out),
                                    .target = nullptr,
                                    .codes = batch_.codes(),
                                    .weight = batch_.weights(),
                                    .norm = &tally_.data()->norm,
                                    .share = 1,
                                    .value = batch_.losses(),
                                    .total = f.sums,
                                    .dpred = nullptr,
                                    .pairs = nullptr});
    if (f.team.rank) return;
    backend_.memory.copy_out(losses.data(), batch_.losses(), batch_.rows(f) * sizeof(double), queue_.get());
    for (index i = 0; i < f.n; i++) {
      double sum = 0;
      for (int t = 0; t < data.answer_lengths[begin + i]; t++) sum -= losses[index(t) * f.n + i];
      of_each[begin + i] = sum;
    }
  });
}

template <class T>
void Program<T>::attention(const Data& data, void* weights) {
  const index room = output().steps(), steps = input().steps();
  std::vector<T> read(std::min<index>(data.count, settings_.batch) * room * steps);
  each_answered(data, [&](const Frame<T>& f, index begin) {
    if (f.team.rank) return;
    const T* const from = decoding_->arrays(f).weights;
    const index source = decoding_->shape(f).source_steps, count = f.answer_steps * f.n * source;
    if (from) backend_.memory.copy_out(read.data(), from, count * sizeof(T), queue_.get());
    for (index i = 0; i < f.n; i++)
      for (index t = 0; t < room; t++) {
        T* to = static_cast<T*>(weights) + ((begin + i) * room + t) * steps;
        std::fill_n(to, steps, T(0));
        if (from && t < data.answer_lengths[begin + i]) std::copy_n(read.data() + (t * f.n + i) * source, source, to);
      }
  });
}

#define FASTDL_SEARCH(T)                                                        \
  template void Program<T>::search(const Data&, const Search&, const Answers&); \
  template void Program<T>::log_likelihoods(const Data&, double*);              \
  template void Program<T>::attention(const Data&, void*);
FASTDL_SEARCH(float)
FASTDL_SEARCH(double)

}  // namespace fastdl
