// Answers of a decoder: how likely they are, where they looked, and the search for them. A thread takes its sources
// through all steps and meets no other.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/threads.hpp"
#include "kernels/attention.hpp"
#include "kernels/loss_kind.hpp"
#include "kernels/memory.hpp"
#include "kernels/training.hpp"
#include "layers/chain.hpp"
#include "layers/decoding.hpp"
#include "program/program.hpp"

namespace fastdl {
namespace {

constexpr int rows_at_a_time = 256;    // of a thread
constexpr int encoded_at_a_time = 64;  // of a thread: the states of an encoder stay in its cache
constexpr double nothing = -std::numeric_limits<double>::infinity();

// One way to go on: a row and the symbol after it.
struct Candidate {
  double total;
  int row;
  std::int32_t symbol;
};

// An answer that has ended, and where its symbols stand.
struct Ended {
  double score, total;
  int length;
  index place;
};

// The search for the answers of some sources of a batch, on one thread. All memory is taken at first.
template <class T>
class Finder {
 public:
  // For at most so many sources of a batch.
  Finder(const Kernels<T>& kernels, const Search& how, int units, int outputs, int sources)
      : kernels_(kernels),
        how_(how),
        outputs_(outputs),
        sources_at_a_time_(std::clamp(rows_at_a_time / how.beam_size, 1, sources)) {
    const std::size_t rows = std::size_t(sources_at_a_time_) * how.beam_size;
    states_ = Block<T>(rows * units), next_ = Block<T>(rows * units), y_ = Block<T>(rows * outputs);
    for (auto* of_rows : {&symbols_, &sources_, &before_, &new_symbols_, &new_sources_, &new_before_})
      of_rows->resize(rows);
    for (auto* answers : {&written_, &then_, &ended_symbols_}) answers->resize(rows * how.max_length);
    totals_.resize(rows), new_totals_.resize(rows), ended_.resize(rows), best_.reserve(how.beam_size);
    n_ended_.resize(sources_at_a_time_);
  }

  int sources_at_a_time() const { return sources_at_a_time_; }

  // Of sources first .. first + count; to: of the first one.
  void find(const DecoderShape& s, const DecoderArrays<T>& a, const T* packed, int first, int count,
            const Answers& to) {
    const std::size_t scratch = kernels_.attention.decoder_step_scratch(s, int(symbols_.size()));
    if (std::size_t(scratch_.size()) < scratch) scratch_ = Block<T>(scratch);
    std::fill_n(n_ended_.begin(), count, 0);
    begin(s, a, first, count);
    int rows_before = count;
    for (int t = 0; n_ > 0; t++) {
      kernels_.attention.decoder_step(s, a, packed,
                                      {.n = n_,
                                       .symbols = symbols_.data(),
                                       .sources = sources_.data(),
                                       .before = before_.data(),
                                       .source_lengths = s.source_lengths,
                                       .n_sources = s.n,
                                       .keys = a.keys,
                                       .values = a.values,
                                       .states_before = states_.data(),
                                       .rows_before = rows_before,
                                       .states = next_.data(),
                                       .y = y_.data()},
                                      scratch_.data());
      rows_before = n_;
      go_on(s, t, first);
      std::swap(states_, next_);
    }
    for (int i = 0; i < count; i++) give(i, to);
  }

 private:
  void begin(const DecoderShape& s, const DecoderArrays<T>& a, int first, int count) {
    T* to = states_.data();
    for (int l = 0; l < s.n_cells; l++)
      for (const T* from : {a.cells[l].h0, s.cells[l].cell == Cell::lstm ? a.cells[l].c0 : nullptr}) {
        const index units = s.cells[l].units;
        if (!from) continue;
        kernels_.memory.copy(Team{}, count * units, from + first * units, to);
        to += count * units;
      }
    n_ = count;
    for (int i = 0; i < count; i++) symbols_[i] = s.start, sources_[i] = first + i, before_[i] = i, totals_[i] = 0;
  }

  // The best of all ways on, for each source whose answers may still change.
  void go_on(const DecoderShape& s, int t, int first) {
    int n = 0;
    for (int begin = 0, end; begin < n_; begin = end) {
      for (end = begin; end < n_ && sources_[end] == sources_[begin];) end++;
      choose(s, t, begin, end);
      const int source = sources_[begin] - first;
      for (const Candidate& c : best_)
        if (c.symbol == s.start) keep(source, c, t);
      if (is_over(source, t, s)) continue;
      for (const Candidate& c : best_) {
        if (c.symbol == s.start) continue;
        std::int32_t* to = then_.data() + index(n) * how_.max_length;
        std::copy_n(written_.data() + index(c.row) * how_.max_length, t, to);
        to[t] = c.symbol;
        new_sources_[n] = sources_[begin], new_totals_[n] = c.total;
        new_symbols_[n] = c.symbol, new_before_[n] = c.row;
        n++;
      }
    }
    n_ = n;
    std::swap(sources_, new_sources_), std::swap(totals_, new_totals_), std::swap(symbols_, new_symbols_);
    std::swap(before_, new_before_), std::swap(written_, then_);
  }

  // beam_size candidates of rows begin .. end, the best first, of equal ones the first; at max_length answers end.
  void choose(const DecoderShape& s, int t, int begin, int end) {
    best_.clear();
    for (int row = begin; row < end; row++) {
      const T* y = y_.data() + index(row) * outputs_;
      for (std::int32_t j = t < how_.max_length ? 0 : s.start; j < outputs_; j++) {
        const double total = totals_[row] + double(y[j]);
        const bool full = int(best_.size()) == how_.beam_size;
        if (!(total > (full ? best_.back().total : nothing))) continue;
        if (full) best_.pop_back();
        auto at = best_.end();
        while (at != best_.begin() && total > (at - 1)->total) --at;
        best_.insert(at, {total, row, j});
      }
    }
  }

  double score(double total, int length) const { return total / std::pow(double(length), how_.length_penalty); }

  // Among the best ended answers of a source, the best first.
  void keep(int source, const Candidate& c, int t) {
    Ended* all = of(source);
    int& n = n_ended_[source];
    const double of_answer = score(c.total, t + 1);
    if (n == how_.beam_size && !(of_answer > all[n - 1].score)) return;
    const index place = n < how_.beam_size ? index(source) * how_.beam_size + n++ : all[n - 1].place;
    int at = n - 1;
    for (; at > 0 && of_answer > all[at - 1].score; at--) all[at] = all[at - 1];
    all[at] = {of_answer, c.total, t, place};
    std::copy_n(written_.data() + index(c.row) * how_.max_length, t, ended_symbols_.data() + place * how_.max_length);
  }
  Ended* of(int source) { return ended_.data() + index(source) * how_.beam_size; }

  // Whether no row can come before those that are asked for: totals fall, and the longest is divided by most.
  bool is_over(int source, int t, const DecoderShape& s) {
    if (t == how_.max_length) return true;
    if (n_ended_[source] < how_.n_best) return false;
    for (const Candidate& c : best_)
      if (c.symbol != s.start) return !(score(c.total, how_.max_length + 1) > of(source)[how_.n_best - 1].score);
    return true;
  }

  void give(int source, const Answers& to) {
    for (int b = 0; b < how_.n_best; b++) {
      const index at = index(source) * how_.n_best + b;
      std::int32_t* codes = to.codes + at * how_.max_length;
      std::fill_n(codes, how_.max_length, -1);
      to.log_likelihoods[at] = nothing;
      if (b >= n_ended_[source]) continue;
      const Ended& answer = of(source)[b];
      std::copy_n(ended_symbols_.data() + answer.place * how_.max_length, answer.length, codes);
      to.log_likelihoods[at] = answer.total;
    }
  }

  const Kernels<T>& kernels_;
  const Search how_;
  int outputs_, sources_at_a_time_, n_ = 0;  // rows
  Block<T> states_, next_, y_, scratch_;
  std::vector<std::int32_t> symbols_, sources_, before_, new_symbols_, new_sources_, new_before_;
  std::vector<std::int32_t> written_, then_, ended_symbols_;
  std::vector<double> totals_, new_totals_;
  std::vector<Candidate> best_;
  std::vector<Ended> ended_;
  std::vector<int> n_ended_;
};

int units_of_states(const DecoderShape& s) {
  int units = 0;
  for (int l = 0; l < s.n_cells; l++) units += s.cells[l].units * (s.cells[l].cell == Cell::lstm ? 2 : 1);
  return units;
}

}  // namespace

template <class T>
void Program<T>::search(const Data& data, const Search& how, const Answers& found) {
  last_.n = 0;
  if (data.count == 0) return;
  make_room(to_learn_);
  const DecoderShape any = decoding_->shape(frame(Team{}, {.data = &data, .there = &data, .begin = 0, .n = 1}));
  const Block<T> packed(kernels_.attention.decoder_packed(any), backend_.memory);
  const int threads = team_size(int(std::min<index>(data.count, settings_.batch)));
  const int most = int(std::min<index>({data.count, settings_.batch, index(encoded_at_a_time) * threads}));
  std::vector<Finder<T>> finders;
  for (int i = 0; i < threads; i++)
    finders.emplace_back(kernels_, how, units_of_states(any), any.outputs, (most + threads - 1) / threads);
  run_team(threads, [&](const Team& team) {
    int n;
    for (index begin = 0; begin < data.count; begin += n) {
      n = int(std::min<index>(most, data.count - begin));
      Batch batch{.data = &data, .there = &data, .begin = begin, .n = n};
      batch_.set_steps(batch);
      Frame<T> f = frame(team, batch);
      batch_.gather(f, batch);
      forward_chain(f, layers_, 0, n_layers() - 1);
      decoding_->prepare(f);
      const DecoderShape s = decoding_->shape(f);
      const DecoderArrays<T> a = decoding_->arrays(f);
      if (begin == 0) kernels_.attention.decoder_pack(team, s, a, packed.data());
      const Range mine = team.share(n);
      Finder<T>& finder = finders[team.rank];
      for (index i = mine.begin; i < mine.end; i += finder.sources_at_a_time()) {
        const index at = (begin + i) * how.n_best;
        finder.find(s, a, packed.data(), int(i), int(std::min<index>(finder.sources_at_a_time(), mine.end - i)),
                    {found.codes + at * how.max_length, found.log_likelihoods + at});
      }
      team.sync();
    }
  });
  rethrow();
}

template <class T>
void Program<T>::each_answered(const Data& data, const std::function<void(const Frame<T>&, index)>& body) {
  last_.n = 0;
  make_room(to_learn_);
  run_team(team_size(int(std::min<index>(data.count, settings_.batch))), [&](const Team& team) {
    int n;
    for (index begin = 0; begin < data.count; begin += n) {
      n = int(std::min<index>(settings_.batch, data.count - begin));
      Batch batch{.data = &data, .there = &data, .begin = begin, .n = n};
      batch_.set_steps(batch);
      Frame<T> f = frame(team, batch);
      batch_.gather(f, batch);
      batch_.gather_targets(f, batch);
      forward_chain(f, layers_, 0, n_layers());
      body(f, begin);
      team.sync();
    }
  });
  rethrow();
}

template <class T>
void Program<T>::log_likelihoods(const Data& data, double* of_each) {
  const double one = 1;
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
                                    .norm = &one,
                                    .share = 1,
                                    .value = batch_.losses(),
                                    .total = f.sums,
                                    .dpred = nullptr,
                                    .pairs = nullptr});
    const Range mine = f.team.share(f.n);
    for (index i = mine.begin; i < mine.end; i++) {
      double sum = 0;
      for (int t = 0; t < f.answer_lengths[i]; t++) sum -= batch_.losses()[index(t) * f.n + i];
      of_each[begin + i] = sum;
    }
  });
}

template <class T>
void Program<T>::attention(const Data& data, void* weights) {
  const index room = output().steps(), steps = input().steps();
  each_answered(data, [&](const Frame<T>& f, index begin) {
    const T* from = decoding_->arrays(f).weights;
    const index source = decoding_->shape(f).source_steps;
    const Range mine = f.team.share(f.n);
    for (index i = mine.begin; i < mine.end; i++)
      for (index t = 0; t < room; t++) {
        T* to = static_cast<T*>(weights) + ((begin + i) * room + t) * steps;
        std::fill_n(to, steps, T(0));
        if (from && t < f.answer_lengths[i]) std::copy_n(from + (t * f.n + i) * source, source, to);
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
