// Predictions: batches, or samples alone, one after the other or several at a time.
#include <algorithm>
#include <type_traits>

#include "core/platform.hpp"
#include "core/threads.hpp"
#include "kernels/pointwise.hpp"
#include "layers/chain.hpp"
#include "program/program.hpp"

namespace fastdl {
namespace {

constexpr double few_threshold = 4e6;  // operations that threads which share a sample, and meet often, are worth
constexpr double paced_below = 2e8;    // a millisecond
// Samples from which on the first prediction with some weights puts them into the form that is kept; the second does.
constexpr index kept_at_once = 256;

// Whether X (n_x values) holds rows or lone samples as the program has them, and y (n_y) is no part of it: then no copy
// is made of either.
template <class T>
bool lies_as_here(const Data& data, const T* y, index n_x, index n_y) {
  constexpr DType dtype = std::is_same_v<T, float> ? DType::f32 : DType::f64;
  const T* x = static_cast<const T*>(data.x.data);
  return data.x.type == dtype && !data.x.indptr && !data.order && (x + n_x <= y || y + n_y <= x);
}

}  // namespace

// What is decided before the threads start.
template <class T>
struct Program<T>::Prediction {
  ActivationKind link;
  int layers;  // so many, from the first on
  const Tensor* out;
  T* y;
  bool few;
  bool in_place = false;  // X is read, and y written, where the user has them
  bool keeps = false;     // batches meet weights in the form that is kept
  bool paced = false, timed = false;
  int threads = 1, batch = 1;
  Split split = {};
};

template <class T>
int Program<T>::threads_to_predict(index n, int batch) const {
  const int threads = team_size(int(std::min<index>(n, batch)));
  const bool share = !abreast_ || n < threads;
  return are_few(n) && share && work_ * double(n) < few_threshold ? 1 : threads;
}

template <class T>
auto Program<T>::plan_prediction(const Data& data, ActivationKind link, int layer, T* y) -> Prediction {
  const index n = data.count;
  Prediction p{.link = link, .layers = layer + 1, .out = &layers_[layer]->out, .y = y, .few = are_few(n)};
  const Shape &in = input_.shape, &out = p.out->shape;
  p.in_place = !backend_.device && p.out->place != 0 && !in.is_sequence() && !out.is_sequence() &&
               lies_as_here(data, y, n * in.size(), n * out.size());
  p.batch = data.stateful ? settings_.batch : at_once_;
  p.threads = threads_to_predict(n, p.batch);
  p.paced = p.threads > 1 && work_ * double(n) < paced_below;
  if (p.paced) p.threads = paces_[p.few].threads(p.threads);
  const int lanes = kernels_.lanes, abreast = abreast_ ? p.threads : 1;
  if (alone_)
    p.split = {.lanes = lanes, .batch = std::max(p.batch, abreast), .most_alone = lanes, .abreast = abreast};
  else if (lone_)
    p.split = splitters_[p.threads > 1].split(lanes, p.batch, abreast, n);
  else
    p.split = {.lanes = lanes, .batch = p.batch, .most_alone = 0, .abreast = 1};
  p.timed = p.split.tried > 0 && p.layers == n_layers();
  p.keeps = kept_size_ && (has_predicted_ || n >= kept_at_once);
  return p;
}

template <class T>
void Program<T>::predict(const Data& data, ActivationKind link, int layer, void* y) {
  last_.n = 0;
  const Prediction p = plan_prediction(data, link, layer < 0 ? layer + n_layers() : layer, static_cast<T*>(y));
  const bool meets[2] = {p.split.meets(false, data.count), p.split.meets(true, data.count)};
  enter();
  if ((meets[1] || p.keeps) && kept_.size() < kept_size_) kept_ = Block<T>(kept_size_, backend_.memory);
  if (const index room = p.split.abreast > 1 && meets[1] ? p.threads * room_alone_.sum() : 0; own_.size() < room)
    own_ = Block<T>(), own_ = Block<T>(room, backend_.memory);
  each_part(data, p.batch, [&](const Data& there, index from, index end) {
    run(p.threads, [&](const Team& team) { predict_samples(p, team, data, there, from, end); });
    return !failure_;
  });
  for (const bool alone : {false, true})
    if (meets[alone] && (alone || p.keeps) && !failure_)
      kept_through_[alone] = std::max(kept_through_[alone], p.layers);
  has_predicted_ |= data.count > 0;
  if (p.paced) paces_[p.few].turns(double(data.count));
  rethrow();
}

// Samples from .. end of the order, on each thread.
template <class T>
void Program<T>::predict_samples(const Prediction& p, const Team& team, const Data& data, const Data& there, index from,
                                 index end) {
  int kept[2] = {std::min(kept_through_[0], p.layers), std::min(kept_through_[1], p.layers)};
  Split::Part part;
  for (index begin = from; begin < end && !failure_; begin += part.n) {
    part = p.split.next(begin, end);
    if (part.alone && kept[1] < p.layers) part.n = 1;  // all threads put the weights into their form
    const double start = p.timed && team.rank == 0 ? thread_seconds() : 0;
    Batch batch{.data = &data,
                .there = &there,
                .begin = begin,
                .n = part.n,
                .shift = shift_of(there, from),
                .stateful = data.stateful,
                .lone = part.alone};
    batch_.set_steps(batch);
    if (part.alone && part.n > 1) {
      predict_abreast(p, team, batch);
    } else {
      Frame<T> f = frame(team, batch);
      f.values = values_.data(), f.value_starts = value_starts_.data();
      f.saved_starts = saved_starts_in_predict_.data();
      predict_batch(p, f, batch, kept[part.alone]);
      if (part.alone || p.keeps) kept[part.alone] = p.layers;
    }
    if (p.timed && team.rank == 0 && begin > 0)
      splitters_[p.threads > 1].took(part, kernels_.lanes, thread_seconds() - start);
  }
}

// Each thread takes its share of a batch's samples, one after the other, in places of its own: nobody waits for
// another.
template <class T>
void Program<T>::predict_abreast(const Prediction& p, const Team& team, Batch batch) {
  const Range mine = team.share(batch.n);
  const index first = batch.begin;
  batch.n = 1, batch.place = team.rank;
  T* const own = own_.data() + team.rank * room_alone_.sum();
  for (index i = mine.begin; i < mine.end; i++) {
    batch.begin = first + i;
    Frame<T> f = frame(Team{}, batch);
    f.values = own, f.saves = own + room_alone_.values, f.scratch = f.saves + room_alone_.saved;
    f.value_starts = value_starts_alone_.data(), f.saved_starts = saved_starts_alone_.data();
    predict_batch(p, f, batch, p.layers);
  }
  team.sync();  // the next batch writes its order over that of all threads
}

// One batch, or a sample alone; weights of so many layers are in the form that is kept.
template <class T>
void Program<T>::predict_batch(const Prediction& p, Frame<T> f, const Batch& batch, int kept_through) {
  const Shape &in = input_.shape, &out = p.out->shape;
  T* const to = p.y + batch.begin * out.size();
  f.kept = f.lone || p.keeps ? kept_.data() : nullptr;
  if (p.in_place && (f.lone || in.is_row()))
    f.samples = static_cast<const T*>(batch.there->x.data) + batch.begin * in.size();
  if (p.in_place && (f.lone || out.is_row())) f.results = to, f.result = p.out->place;
  batch_.gather(f, batch);
  forward_chain(f, layers_, 0, kept_through);
  f.renews_kept = true;
  forward_chain(f, layers_, kept_through, p.layers);
  T *z = f.value(*p.out), *answers = room_for(to, f.n * out.size());
  const bool by_pixels = p.link == ActivationKind::softmax && out.is_image();
  if (p.link == ActivationKind::softmax && !by_pixels)
    kernels_.pointwise.softmax_forward(f.team, norm_shape(f, out), z, z);
  else if (p.link != ActivationKind::identity && !by_pixels)
    kernels_.pointwise.activation_forward(f.team, p.link, T(1), f.elements(out), z, z);
  if (z != answers) batch_.read(f, out, z, answers);
  // In the user's layout each pixel is a row: its sum has one order, alone and in a batch.
  const NormShape pixels{f.n * out.pixels(), out.c(), 1, false};
  if (by_pixels) kernels_.pointwise.softmax_forward(f.team, pixels, answers, answers);
  give(to, f.n * out.size());
}

#define FASTDL_PREDICT(T) template void Program<T>::predict(const Data&, ActivationKind, int, void*);
FASTDL_PREDICT(float)
FASTDL_PREDICT(double)

}  // namespace fastdl
