// The search for the answers of some sources. A thread takes its sources through all steps and meets no other; on a
// device there is one, which sends a step, and fetches what it gives.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "core/arena.hpp"
#include "kernels/attention.hpp"
#include "kernels/kernels.hpp"
#include "kernels/memory.hpp"
#include "program/any_program.hpp"

namespace fastdl {

constexpr int rows_at_a_time = 256;  // of a thread
constexpr double no_likelihood = -std::numeric_limits<double>::infinity();

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
  Finder(const Backend& backend, void* queue, const Search& how, int units, int outputs, int sources)
      : memory_(backend.memory),
        kernels_(kernels_of<T>(backend)),
        alone_{.queue = queue},
        how_(how),
        outputs_(outputs),
        sources_at_a_time_(std::clamp(rows_at_a_time / how.beam_size, 1, sources)) {
    const std::size_t rows = std::size_t(sources_at_a_time_) * how.beam_size;
    states_ = Block<T>(rows * units, memory_), next_ = Block<T>(rows * units, memory_);
    y_ = Fetched<T>(rows * outputs, memory_);
    for (auto* of_rows : {&symbols_, &before_, &sources_, &new_sources_})
      *of_rows = Staged<std::int32_t>(rows, memory_);
    for (auto* answers : {&written_, &then_, &ended_symbols_}) answers->resize(rows * how.max_length);
    totals_.resize(rows), new_totals_.resize(rows), ended_.resize(rows), best_.reserve(how.beam_size);
    n_ended_.resize(sources_at_a_time_);
  }

  int sources_at_a_time() const { return sources_at_a_time_; }

  // Of sources first .. first + count; to: of the first one.
  void find(const DecoderShape& s, const DecoderArrays<T>& a, const T* packed, int first, int count,
            const Answers& to) {
    const std::size_t scratch = kernels_.attention.decoder_step_scratch(s, int(symbols_.size()));
    if (std::size_t(scratch_.size()) < scratch) scratch_ = Block<T>(), scratch_ = Block<T>(scratch, memory_);
    std::fill_n(n_ended_.begin(), count, 0);
    begin(s, a, first, count);
    int rows_before = count;
    for (int t = 0; n_ > 0; t++) {
      for (auto* of_rows : {&symbols_, &before_, &sources_}) of_rows->send(n_, alone_.queue);
      kernels_.attention.decoder_step(alone_, s, a, packed,
                                      {.n = n_,
                                       .symbols = symbols_.there(),
                                       .sources = sources_.there(),
                                       .before = before_.there(),
                                       .source_lengths = s.source_lengths,
                                       .n_sources = s.n,
                                       .keys = a.keys,
                                       .values = a.values,
                                       .states_before = states_.data(),
                                       .rows_before = rows_before,
                                       .states = next_.data(),
                                       .y = y_.there()},
                                      scratch_.data());
      y_.fetch(index(n_) * outputs_, alone_.queue);
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
        kernels_.memory.copy(alone_, count * units, from + first * units, to);
        to += count * units;
      }
    n_ = count;
    std::fill_n(symbols_.here(), count, s.start), std::fill_n(totals_.data(), count, 0);
    std::iota(before_.here(), before_.here() + count, 0), std::iota(sources_.here(), sources_.here() + count, first);
  }

  // The best of all ways on, for each source whose answers may still change.
  void go_on(const DecoderShape& s, int t, int first) {
    const std::int32_t* sources = sources_.here();
    int n = 0;
    for (int begin = 0, end; begin < n_; begin = end) {
      for (end = begin; end < n_ && sources[end] == sources[begin];) end++;
      choose(s, t, begin, end);
      const int source = sources[begin] - first;
      for (const Candidate& c : best_)
        if (c.symbol == s.start) keep(source, c, t);
      if (is_over(source, t, s)) continue;
      for (const Candidate& c : best_) {
        if (c.symbol == s.start) continue;
        std::int32_t* to = then_.data() + index(n) * how_.max_length;
        std::copy_n(written_.data() + index(c.row) * how_.max_length, t, to);
        to[t] = c.symbol;
        new_sources_.here()[n] = sources[begin], new_totals_[n] = c.total;
        symbols_.here()[n] = c.symbol, before_.here()[n] = c.row;
        n++;
      }
    }
    n_ = n;
    std::swap(sources_, new_sources_), std::swap(totals_, new_totals_), std::swap(written_, then_);
  }

  // beam_size candidates of rows begin .. end, the best first, of equal ones the first; at max_length answers end.
  void choose(const DecoderShape& s, int t, int begin, int end) {
    best_.clear();
    for (int row = begin; row < end; row++) {
      const T* y = y_.here() + index(row) * outputs_;
      for (std::int32_t j = t < how_.max_length ? 0 : s.start; j < outputs_; j++) {
        const double total = totals_[row] + double(y[j]);
        const bool full = int(best_.size()) == how_.beam_size;
        if (!(total > (full ? best_.back().total : no_likelihood))) continue;
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
      to.log_likelihoods[at] = no_likelihood;
      if (b >= n_ended_[source]) continue;
      const Ended& answer = of(source)[b];
      std::copy_n(ended_symbols_.data() + answer.place * how_.max_length, answer.length, codes);
      to.log_likelihoods[at] = answer.total;
    }
  }

  const Memory& memory_;
  const Kernels<T>& kernels_;
  const Team alone_;
  const Search how_;
  int outputs_, sources_at_a_time_, n_ = 0;  // rows
  Block<T> states_, next_, scratch_;
  Fetched<T> y_;
  Staged<std::int32_t> symbols_, before_, sources_, new_sources_;
  std::vector<std::int32_t> written_, then_, ended_symbols_;
  std::vector<double> totals_, new_totals_;
  std::vector<Candidate> best_;
  std::vector<Ended> ended_;
  std::vector<int> n_ended_;
};

}  // namespace fastdl
