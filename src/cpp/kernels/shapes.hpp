// What more than one family of kernels takes.
#pragma once

#include <cstdint>

#include "core/team.hpp"

namespace fastdl {

// Rows: channels = features and pixels = 1. Images: pixels = h*w.
struct NormShape {
  int n;
  int channels;
  int pixels;
  bool image;
  bool lone = false;  // the n rows are the pixels of one image
};

struct SequenceShape {
  int n, steps, features;
  int room;                     // steps of the user's array
  const std::int32_t* lengths;  // (n,), at most steps
};

struct RandomKey {
  std::uint64_t seed;
  std::uint32_t layer, epoch;
  const std::int64_t* sample;  // (n,), the index of each sample in the user's array
  int n;                       // a sequence's steps, rows that many apart, share their draws
  bool by_step = false;        // but for this: each step has its own
  bool by_channel = false;     // all pixels of an image's channel share theirs
};

enum class ActivationKind {
  identity,
  sigmoid,
  tanh,
  relu,
  leaky_relu,
  elu,
  selu,
  softplus,
  gelu,
  swish,
  mish,
  exp,
  hard_sigmoid,
  hard_swish,
  celu,
  softsign,
  thresholded_relu,
  gelu_tanh,
  log,
  sqrt,
  abs,
  erf,
  power,
  softmax
};

enum class UpdateKind { sgd, momentum, nesterov, adagrad, adadelta, rmsprop, adam, adamw, nadam };

}  // namespace fastdl
