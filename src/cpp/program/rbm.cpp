#include "program/rbm.hpp"

#include <algorithm>
#include <cmath>

#include "core/backend.hpp"
#include "core/threads.hpp"
#include "kernels/dense.hpp"
#include "kernels/layout.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/rbm.hpp"

namespace fastdl {
namespace {

constexpr double team_threshold = 1e6;   // operations of a batch below which one thread is faster than a team
constexpr double activity_memory = 0.9;  // of the running means (Hinton 2010, section 11)

}  // namespace

template <class T>
Rbm<T>::Rbm(const RbmSettings& settings)
    : AnyRbm(settings),
      backend_(find_backend(settings.backend)),
      kernels_(kernels_of<T>(backend_)),
      queue_(nullptr, [](void*) {}),
      resident_(backend_, sizeof(T), 1, 1) {
  if (const Device* device = backend_.device) queue_ = {device->open(precision_of(settings.precision)), device->close};
  const index n = settings.batch, visible = settings.visible, hidden = settings.hidden;
  const auto block = [&](index count) { return Block<T>(count, backend_.memory); };
  v_ = block(2 * n * visible), p_ = block(2 * n * hidden), h_ = block(n * hidden), shift_ = block(hidden);
  scratch_ = block(kernels_.dense.dense_scratch(2 * n, visible, hidden, settings.threads));
  rows_ = Block<std::int64_t>(n, backend_.memory), order_ = Block<std::int64_t>(n, backend_.memory);
}

template <class T>
Team Rbm<T>::team() const {
  Team team;
  team.queue = queue_.get();
  return team;
}

template <class T>
RbmWeights<T> Rbm<T>::there(Mirrors<T>& mirrors, const RbmWeights<void>& weights) const {
  const index visible = settings_.visible, hidden = settings_.hidden;
  return {mirrors.of(static_cast<T*>(weights.w), visible * hidden), mirrors.of(static_cast<T*>(weights.b), visible),
          mirrors.of(static_cast<T*>(weights.c), hidden)};
}

template <class T>
RbmLearning<T> Rbm<T>::there(Mirrors<T>& mirrors, const RbmLearning<void>& a) const {
  return {.rate = a.rate,
          .momentum = a.momentum,
          .weight_decay = a.weight_decay,
          .steps = a.steps,
          .target = a.target,
          .cost = a.cost,
          .weights = there(mirrors, a.weights),
          .velocity = there(mirrors, a.velocity),
          .chain = mirrors.of(static_cast<T*>(a.chain), index(a.chains) * settings_.hidden),
          .chains = a.chains,
          .activity = mirrors.of(static_cast<T*>(a.activity), settings_.hidden)};
}

template <class T>
int Rbm<T>::team_size(int rows) const {
  const double work = 2.0 * rows * settings_.visible * settings_.hidden;
  return work < team_threshold ? 1 : usable_threads(settings_.threads);
}

// Every thread of one team: work(team, first row, rows) for each batch; with the rows' numbers in rows_, for the draws.
template <class T>
template <class Work>
void Rbm<T>::each_batch(index count, int batch, const Work& work) {
  const auto run = [&](const Team& team) {
    for (index begin = 0; begin < count; begin += batch) {
      kernels_.layout.gather_order(team, nullptr, begin, nullptr, 0, settings_.batch, rows_.data());
      if (!work(team, begin, int(std::min<index>(batch, count - begin)))) break;
      team.sync();
    }
  };
  if (!backend_.device) return run_team(team_size(int(std::min<index>(batch, count))), run);
  run(team());
  backend_.device->wait(queue_.get());
}

template <class T>
void Rbm<T>::gather(const Team& team, const Data& data, index begin, int n, T* y) {
  kernels_.layout.gather_order(team, data.order, begin, nullptr, 0, n, order_.data());
  kernels_.layout.gather_rows(team, data.x, order_.data(), n, y);
}

template <class T>
template <class Make>
void Rbm<T>::answer(const Data& data, index features, void* y, const Make& make) {
  const bool far = backend_.device;
  if (far && answers_.size() < settings_.batch * features)
    answers_ = Block<T>(), answers_ = Block<T>(settings_.batch * features, backend_.memory);
  each_batch(data.count, settings_.batch, [&](const Team& team, index begin, int n) {
    T* const theirs = static_cast<T*>(y) + begin * features;
    T* const room = far ? answers_.data() : theirs;
    make(team, begin, n, room);
    if (far) backend_.memory.copy_out(theirs, room, n * features * sizeof(T), queue_.get());
    return true;
  });
}

// --- units ----------------------------------------------------------------------------------------------------------

// p = P(h = 1 | v) of its input v W + c
template <class T>
void Rbm<T>::activate_hidden(const Pass& pass, int n, T* p) {
  kernels_.pointwise.activation_forward(pass.team, ActivationKind::sigmoid, T(1), index(n) * settings_.hidden, p, p);
}

// v = E(v | h)
template <class T>
void Rbm<T>::expect_visible(const Pass& pass, int n, const T* h, T* v) {
  const int visible = settings_.visible;
  kernels_.rbm.dense_reconstruct(pass.team, n, visible, settings_.hidden, h, pass.weights.w, pass.weights.b, v,
                                 scratch_.data());
  if (!settings_.gaussian)
    kernels_.pointwise.activation_forward(pass.team, ActivationKind::sigmoid, T(1), index(n) * visible, v, v);
}

template <class T>
RandomKey Rbm<T>::key(const Pass& pass, std::uint32_t stream) const {
  return {.seed = pass.draws.seed,
          .layer = stream,
          .epoch = pass.draws.epoch,
          .sample = rows_.data(),
          .n = settings_.batch};
}

// NumPy's next draws (n, features), or null.
template <class T>
const double* Rbm<T>::draw(const Pass& pass, int n, int features) {
  const BitGenerator* numpy = pass.draws.numpy;
  if (!numpy) return nullptr;
  if (pass.team.rank == 0) {
    double* const uniform = uniform_.here();
    for (index i = 0; i < index(n) * features; i++) uniform[i] = numpy->next_double(numpy->state);
    uniform_.send(index(n) * features, pass.team.queue);
  }
  pass.team.sync();
  return uniform_.there();
}

// p = P(h = 1 | v) of its input, h ~ P(h | v)
template <class T>
void Rbm<T>::draw_hidden(const Pass& pass, std::uint32_t stream, int n, T* p, T* h) {
  const double* uniform = draw(pass, n, settings_.hidden);
  kernels_.rbm.bernoulli_units(pass.team, n, settings_.hidden, key(pass, stream), uniform, p, p, h);
}

// v ~ P(v | h)
template <class T>
void Rbm<T>::draw_visible(const Pass& pass, std::uint32_t stream, int n, const T* h, T* v) {
  const int visible = settings_.visible;
  kernels_.rbm.dense_reconstruct(pass.team, n, visible, settings_.hidden, h, pass.weights.w, pass.weights.b, v,
                                 scratch_.data());
  if (settings_.gaussian)
    kernels_.rbm.gaussian_units(pass.team, n, visible, key(pass, stream), v, v);
  else
    kernels_.rbm.bernoulli_units(pass.team, n, visible, key(pass, stream), draw(pass, n, visible), v, nullptr, v);
}

// --- learning -------------------------------------------------------------------------------------------------------

// From the data in the first rows of v_ to p_ of data and model; the number of rows of the model.
//   contrastive divergence: the model starts at the data and has its visible units as expectations (Hinton 2002, 2010)
//   persistent: it goes on from the chains, and samples all its units (Tieleman 2008)
template <class T>
int Rbm<T>::sample_model(const Pass& pass, int data, const RbmLearning<T>& learning) {
  const int visible = settings_.visible, hidden = settings_.hidden;
  const bool persistent = learning.chain;
  const int model = persistent ? learning.chains : data;
  T* const h = persistent ? learning.chain : h_.data();
  T *const v = v_.data() + data * visible, *const p = p_.data() + data * hidden;
  auto hidden_input = [&](int first) {
    kernels_.dense.dense_forward(pass.team, data + model - first, visible, hidden, v_.data() + first * visible,
                                 pass.weights.w, pass.weights.c, false, p_.data() + first * hidden, scratch_.data());
  };
  if (!persistent) {
    kernels_.dense.dense_forward(pass.team, data, visible, hidden, v_.data(), pass.weights.w, pass.weights.c, false,
                                 p_.data(), scratch_.data());
    draw_hidden(pass, 0, data, p_.data(), h);
  }
  for (int step = 1; step <= learning.steps; step++) {
    const bool last = step == learning.steps;
    if (persistent)
      draw_visible(pass, 2 * step - 1, model, h, v);
    else
      expect_visible(pass, model, h, v);
    if (persistent && last) {  // the data's, too: one pass over the weights
      hidden_input(0);
      activate_hidden(pass, data, p_.data());
    } else {
      hidden_input(data);
    }
    if (persistent || !last)
      draw_hidden(pass, 2 * step, model, p, h);
    else
      activate_hidden(pass, model, p);
  }
  return model;
}

// One step up the difference of data's and model's statistics.
template <class T>
void Rbm<T>::learn(const Pass& pass, int data, int model, const RbmLearning<T>& learning) {
  const int visible = settings_.visible, hidden = settings_.hidden;
  const index size = index(visible) * hidden;
  const Team& team = pass.team;
  const RbmWeights<T>&to = learning.weights, &velocity = learning.velocity;
  const double rate = learning.rate / data;
  const T decay = learning.rate * learning.weight_decay;
  const T ratio = pass.draws.numpy ? 1 : double(data) / model;  // scikit-learn divides both sums by data
  const T momentum = learning.momentum;
  const RbmWeights<T>& d = velocity.w ? velocity : to;
  if (velocity.w) {
    kernels_.rbm.blend(team, size, momentum, -decay, to.w, d.w);
    kernels_.rbm.blend(team, visible, momentum, T(0), to.b, d.b);
    kernels_.rbm.blend(team, hidden, momentum, T(0), to.c, d.c);
  } else if (decay != 0) {
    kernels_.rbm.blend(team, size, T(1), -decay, to.w, d.w);
  }
  if (learning.activity) pull_to_target(team, data, learning);
  // The hidden units' terms carry the signs, so that dW and dc are sums over all rows.
  kernels_.rbm.phase_difference(team, data, model, visible, rate, ratio, nullptr, v_.data(), nullptr, d.b);
  kernels_.rbm.phase_difference(team, data, model, hidden, rate, ratio, learning.activity ? shift_.data() : nullptr,
                                p_.data(), p_.data(), d.c);
  kernels_.rbm.dense_accumulate(team, data + model, visible, hidden, T(rate), v_.data(), p_.data(), d.w,
                                scratch_.data());
  if (velocity.w) {
    kernels_.pointwise.add(team, size, to.w, d.w, to.w);
    kernels_.pointwise.add(team, visible, to.b, d.b, to.b);
    kernels_.pointwise.add(team, hidden, to.c, d.c, to.c);
  }
}

// shift_ = cost (target - activity): added to the data's hidden units it moves weights and biases alike.
template <class T>
void Rbm<T>::pull_to_target(const Team& team, int data, const RbmLearning<T>& learning) {
  const int hidden = settings_.hidden;
  const double take = (1 - activity_memory) / data;
  kernels_.rbm.blend(team, hidden, T(activity_memory), T(0), learning.activity, learning.activity);
  kernels_.rbm.phase_difference(team, data, 0, hidden, take, T(0), nullptr, p_.data(), nullptr, learning.activity);
  kernels_.rbm.pull_to_target(team, hidden, learning.target, learning.cost, learning.activity, shift_.data());
}

template <class T>
EpochResult Rbm<T>::train_epoch(const Data& theirs, int batch, const RbmLearning<void>& of_theirs, const Draws& draws,
                                const Poll& poll) {
  if (backend_.device) backend_.device->enter();
  Mirrors<T> mirrors(backend_, queue_.get());
  const RbmLearning<T> learning = there(mirrors, of_theirs);
  const Data& data = resident_.place(theirs, queue_.get());
  EpochResult result{0, 0, 0, Status::done};
  PollClock clock{poll};
  if (draws.numpy && !uniform_.size())
    uniform_ = Staged<double>(index(settings_.batch) * std::max(settings_.visible, settings_.hidden), backend_.memory);
  each_batch(data.count, batch, [&](const Team& team, index begin, int n) {
    const Pass pass{team, learning.weights, draws};
    gather(team, data, begin, n, v_.data());
    learn(pass, n, sample_model(pass, n, learning), learning);
    if (team.rank == 0) {
      result.n_batches++;
      if (clock.interrupts()) result.status = Status::interrupted;
    }
    team.sync();
    return result.status == Status::done;
  });
  mirrors.give_back();
  if (clock.error) std::rethrow_exception(clock.error);
  return result;
}

// --- use ------------------------------------------------------------------------------------------------------------

template <class T>
void Rbm<T>::hidden(const RbmWeights<void>& of_theirs, const Data& theirs, void* y) {
  if (backend_.device) backend_.device->enter();
  Mirrors<T> mirrors(backend_, queue_.get());
  const RbmWeights<T> weights = there(mirrors, of_theirs);
  const Data& data = resident_.place(theirs, queue_.get());
  answer(data, settings_.hidden, y, [&](const Team& team, index begin, int n, T* p) {
    gather(team, data, begin, n, v_.data());
    kernels_.dense.dense_forward(team, n, settings_.visible, settings_.hidden, v_.data(), weights.w, weights.c, false,
                                 p, scratch_.data());
    activate_hidden({team, weights, {}}, n, p);
  });
}

template <class T>
void Rbm<T>::visible(const RbmWeights<void>& of_theirs, const Data& theirs, void* y) {
  if (backend_.device) backend_.device->enter();
  Mirrors<T> mirrors(backend_, queue_.get());
  const RbmWeights<T> weights = there(mirrors, of_theirs);
  const Data& data = resident_.place(theirs, queue_.get());
  answer(data, settings_.visible, y, [&](const Team& team, index begin, int n, T* v) {
    gather(team, data, begin, n, p_.data());
    expect_visible({team, weights, {}}, n, p_.data(), v);
  });
}

// F = -b v (Gaussian: (v - b)^2 / 2) - sum of log(1 + exp(c + v W))
template <class T>
void Rbm<T>::free_energy(const RbmWeights<void>& of_theirs, const Data& theirs, void* y) {
  if (backend_.device) backend_.device->enter();
  Mirrors<T> mirrors(backend_, queue_.get());
  const RbmWeights<T> weights = there(mirrors, of_theirs);
  const Data& data = resident_.place(theirs, queue_.get());
  const int visible = settings_.visible, hidden = settings_.hidden;
  answer(data, 1, y, [&](const Team& team, index begin, int n, T* energy) {
    gather(team, data, begin, n, v_.data());
    kernels_.dense.dense_forward(team, n, visible, hidden, v_.data(), weights.w, weights.c, false, p_.data(),
                                 scratch_.data());
    kernels_.pointwise.activation_forward(team, ActivationKind::softplus, T(1), index(n) * hidden, p_.data(),
                                          p_.data());
    kernels_.rbm.free_energy(team, n, visible, hidden, settings_.gaussian, v_.data(), weights.b, p_.data(), energy);
  });
}

template <class T>
void Rbm<T>::gibbs(const RbmWeights<void>& of_theirs, const Data& theirs, int rounds, bool mean, const Draws& draws,
                   void* y) {
  if (backend_.device) backend_.device->enter();
  Mirrors<T> mirrors(backend_, queue_.get());
  const RbmWeights<T> weights = there(mirrors, of_theirs);
  const Data& data = resident_.place(theirs, queue_.get());
  const int visible = settings_.visible, hidden = settings_.hidden;
  answer(data, visible, y, [&](const Team& team, index begin, int n, T* v) {
    const Pass pass{team, weights, draws};
    gather(team, data, begin, n, v);
    for (int round = 1; round <= rounds; round++) {
      kernels_.dense.dense_forward(team, n, visible, hidden, v, weights.w, weights.c, false, p_.data(),
                                   scratch_.data());
      draw_hidden(pass, 2 * round, n, p_.data(), h_.data());
      if (mean && round == rounds)
        expect_visible(pass, n, h_.data(), v);
      else
        draw_visible(pass, 2 * round + 1, n, h_.data(), v);
    }
  });
}

template class Rbm<float>;
template class Rbm<double>;

std::unique_ptr<AnyRbm> make_rbm(const RbmSettings& settings) {
  if (settings.dtype == DType::f32) return std::make_unique<Rbm<float>>(settings);
  return std::make_unique<Rbm<double>>(settings);
}

}  // namespace fastdl
