// The loss of a batch, of side heads and of a user's function, and the gradient of the outputs.
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/loss_kind.hpp"
#include "kernels/memory.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/training.hpp"
#include "program/program.hpp"

namespace fastdl {

LossKind loss_kind(const std::string& name) {
  constexpr std::pair<const char*, LossKind> kinds[] = {
      {"softmax_cross_entropy", LossKind::softmax_cross_entropy},
      {"binary_cross_entropy", LossKind::binary_cross_entropy},
      {"squared_error", LossKind::squared_error},
      {"absolute_error", LossKind::absolute_error},
      {"huber", LossKind::huber},
      {"hinge", LossKind::hinge},
      {"poisson", LossKind::poisson},
      {"pinball", LossKind::pinball},
      {"focal", LossKind::focal},
      {"binary_focal", LossKind::binary_focal},
      {"objects_as_points", LossKind::objects_as_points},
      {"triplet", LossKind::triplet},
      {"contrastive", LossKind::contrastive},
  };
  for (const auto& [text, kind] : kinds)
    if (name == text) return kind;
  throw Error("loss '" + name + "' is not known to the core.");
}

bool loss_takes_codes(LossKind kind) {
  return kind == LossKind::softmax_cross_entropy || kind == LossKind::hinge || kind == LossKind::focal ||
         loss_pairs(kind);
}

bool loss_compares(LossKind kind) { return kind == LossKind::hinge; }

bool loss_takes_boxes(LossKind kind) { return kind == LossKind::objects_as_points; }
bool loss_pairs(LossKind kind) { return kind == LossKind::triplet || kind == LossKind::contrastive; }

template <class T>
void Program<T>::ready_for_loss(const Data& data) {
  check(penalising_.empty() || output().is_row(),
        "penalties of activations need one output for each sample, but the last layer gives " + output().what() + ".");
  for (const Layer<T>* layer : sides_)
    check(layer->side_output()->shape == output() && output().is_row() && !input_.shape.is_sequence(),
          layer->who() + " needs rows or images as input, and layers that give as many outputs as the network, one " +
              "row for each sample; but its layers give " + layer->side_output()->shape.what() + ", and the network " +
              output().what() + ", of " + input_.shape.what() + ".");
  check(output().clock == 0, "an answer for every step needs as many steps at the end as X has, but the layers make " +
                                 std::to_string(output().steps()) + " of " + std::to_string(input().steps()) +
                                 ". Use stride 1 and padding=\"same\" or \"causal\" in layers over time.");
  check(!loss_.pairs || (output().is_row() && !batch_.may_mix()),
        "a loss of pairs of samples needs one row of outputs for each, and Augment without mixup.");
  batch_.check_targets(data, layers_[0]->who());
  make_room(to_learn_);
  batch_.make_room();
  if (loss_.pairs) batch_.make_room_for_pairs();
  batch_.make_room_to_augment(settings_.threads);
}

// The sum of the weighted losses of these outputs, and where wanted their gradient, times a weight.
template <class T>
void Program<T>::run_loss(const Frame<T>& f, const Data& data, const Tensor& out, double weight, bool gradient,
                          double* total) {
  T* slopes = gradient ? f.gradient(out) : nullptr;
  const bool two = batch_.has_two_codes(f, data);
  LossArgs<T> args{.kind = loss_.kind,
                   .param = T(loss_.param),
                   .cap = T(loss_.cap),
                   .n = batch_.rows(f),
                   .outputs = out.shape.c(),
                   .pred = batch_.outputs_of(f, f.value(out)),
                   .target = two ? nullptr : batch_.targets_of(f, data),
                   .codes = batch_.codes(),
                   .weight = two ? batch_.own_parts().weights : batch_.weights(),
                   .norm = f.norm,
                   .share = weight,
                   .value = batch_.losses(),
                   .total = total,
                   .dpred = slopes ? batch_.slopes_for(slopes) : nullptr,
                   .pairs = batch_.pairs()};
  if (!loss_.takes_codes) args.codes = nullptr;
  const auto run = [&] {
    if (loss_.own)
      run_own_loss(f.team, args);
    else
      kernels_.training.loss(f.team, args);
  };
  run();
  if (two) {  // of mixed samples, the loss of each of their classes
    T* whole = args.dpred;
    args.codes = batch_.other_parts().codes, args.weight = batch_.other_parts().weights;
    args.dpred = slopes ? batch_.other_slopes() : nullptr, args.total = f.sums;
    run();
    kernels_.memory.add_scaled(f.team, 1, f.sums, nullptr, nullptr, total);
    if (slopes) kernels_.pointwise.add(f.team, args.n * index(args.outputs), whole, args.dpred, whole);
  }
  if (slopes) batch_.write_slopes(f, slopes);
}

// The sums of the losses of side heads in training, and the gradients of their outputs.
template <class T>
void Program<T>::run_side_losses(const Frame<T>& f, const Data& data) {
  for (std::size_t i = 0; i < sides_.size(); i++)
    run_loss(f, data, *sides_[i]->side_output(), sides_[i]->spec.number("weight"), true, of_sides_.data() + i);
}

// The loss of a user is asked by the thread that began the pass, while the others wait; not a number where it failed.
template <class T>
void Program<T>::run_own_loss(const Team& team, const LossArgs<T>& args) {
  team.sync();
  if (team.rank == 0) {
    double sum = 0;
    try {
      sum = backend_.device ? ask_from_afar(args) : ask_own_loss(args, *args.norm);
    } catch (...) {
      failure_ = std::current_exception();
      sum = std::numeric_limits<double>::quiet_NaN();
    }
    backend_.memory.copy_in(args.total, &sum, sizeof sum, team.queue);
  }
  team.sync();
}

template <class T>
double Program<T>::ask_own_loss(const LossArgs<T>& args, double norm) const {
  return loss_.own({.rows = args.n,
                    .outputs = args.outputs,
                    .pred = args.pred,
                    .target = args.target,
                    .codes = args.codes,
                    .weight = args.weight,
                    .norm = double(T(norm / args.share)),
                    .dpred = args.dpred});
}

// The same with copies of what lies on a device.
template <class T>
double Program<T>::ask_from_afar(LossArgs<T> args) const {
  const index rows = args.n, numbers = rows * args.outputs;
  std::vector<T> pred(numbers), target(args.target ? numbers : 0), weight(rows), slopes(args.dpred ? numbers : 0);
  std::vector<std::int32_t> codes(args.codes ? rows : 0);
  const auto fetch = [&](auto& to, const auto*& from) {
    using E = std::remove_reference_t<decltype(to[0])>;
    if (from) backend_.memory.copy_out(to.data(), from, to.size() * sizeof(E), queue_.get()), from = to.data();
  };
  fetch(pred, args.pred), fetch(target, args.target), fetch(codes, args.codes), fetch(weight, args.weight);
  double norm = 0;
  backend_.memory.copy_out(&norm, args.norm, sizeof norm, queue_.get());
  if (norm == 0) return 0;
  T* const dpred = args.dpred;
  args.dpred = dpred ? slopes.data() : nullptr;
  const double sum = ask_own_loss(args, norm);
  if (dpred) backend_.memory.copy_in(dpred, slopes.data(), numbers * sizeof(T), queue_.get());
  return sum;
}

template <class T>
void Program<T>::add_penalties(const Frame<T>& f, double* total) const {
  for (const Layer<T>* layer : penalising_) layer->add_penalty(f, total);
}

#define FASTDL_LOSSES(T)                                                                                  \
  template void Program<T>::ready_for_loss(const Data&);                                                  \
  template void Program<T>::run_loss(const Frame<T>&, const Data&, const Tensor&, double, bool, double*); \
  template void Program<T>::run_side_losses(const Frame<T>&, const Data&);                                \
  template void Program<T>::add_penalties(const Frame<T>&, double*) const;
FASTDL_LOSSES(float)
FASTDL_LOSSES(double)

}  // namespace fastdl
