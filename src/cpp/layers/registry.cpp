// All layers, one line each: the stem, the C++ type, and the fields of its Python dataclass (test_registry.py
// compares the two).
#include "layers/registry.hpp"

#include "layers/layer.hpp"

#define FASTDL_LAYERS(X)                                                                                             \
  X(augment, Augment, "flip", "shift", "crop", "rotate", "scale", "shear", "brightness", "contrast", "saturation",   \
    "hue", "noise", "cutout", "mixup", "fill", "probability")                                                        \
  X(dense, Dense, "units", "bias", "weight_init", "bias_init", "trainable", "lr_multiplier")                         \
  X(conv2d, Conv2D, "filters", "kernel_size", "stride", "padding", "dilation", "groups", "bias", "weight_init",      \
    "bias_init", "trainable", "lr_multiplier")                                                                       \
  X(conv2d_transpose, Conv2DTranspose, "filters", "kernel_size", "stride", "padding", "output_padding", "dilation",  \
    "groups", "bias", "weight_init", "bias_init", "trainable", "lr_multiplier")                                      \
  X(depthwise_conv2d, DepthwiseConv2D, "kernel_size", "multiplier", "stride", "padding", "dilation", "bias",         \
    "weight_init", "bias_init", "trainable", "lr_multiplier")                                                        \
  X(separable_conv2d, SeparableConv2D, "filters", "kernel_size", "multiplier", "stride", "padding", "dilation",      \
    "bias", "weight_init", "bias_init", "trainable", "lr_multiplier")                                                \
  X(conv1d, Conv1D, "filters", "kernel_size", "stride", "padding", "dilation", "groups", "bias", "weight_init",      \
    "bias_init", "trainable", "lr_multiplier")                                                                       \
  X(max_pool2d, MaxPool2D, "size", "stride", "padding")                                                              \
  X(avg_pool2d, AvgPool2D, "size", "stride", "padding", "count_include_pad")                                         \
  X(max_pool1d, MaxPool1D, "size", "stride", "padding")                                                              \
  X(avg_pool1d, AvgPool1D, "size", "stride", "padding")                                                              \
  X(stochastic_pool2d, StochasticPool2D, "size", "stride")                                                           \
  X(spatial_pyramid_pool, SpatialPyramidPool, "levels", "mode")                                                      \
  X(upsample2d, Upsample2D, "factor", "interpolation")                                                               \
  X(resize2d, Resize2D, "size", "interpolation", "coordinates", "rounding", "cubic", "exclude_outside", "antialias", \
    "height_scale", "width_scale")                                                                                   \
  X(pad2d, Pad2D, "padding", "mode", "value")                                                                        \
  X(crop2d, Crop2D, "cropping")                                                                                      \
  X(transpose, Transpose, "axes")                                                                                    \
  X(pixel_shuffle, PixelShuffle, "factor")                                                                           \
  X(global_avg_pool, GlobalAvgPool)                                                                                  \
  X(global_max_pool, GlobalMaxPool)                                                                                  \
  X(last_step, LastStep)                                                                                             \
  X(flatten, Flatten)                                                                                                \
  X(reshape, Reshape, "shape")                                                                                       \
  X(activation, Activation, "function", "alpha")                                                                     \
  X(prelu, PReLU, "alpha_init", "trainable", "lr_multiplier")                                                        \
  X(rrelu, RReLU, "lower", "upper")                                                                                  \
  X(parametric_activation, ParametricActivation, "function", "alpha", "trainable", "lr_multiplier")                  \
  X(scale, Scale, "trainable", "lr_multiplier")                                                                      \
  X(numeric_embedding, NumericEmbedding, "columns", "units", "frequencies", "frequency_scale", "trainable",          \
    "lr_multiplier")                                                                                                 \
  X(embed_categories, EmbedCategories, "sizes", "units", "weight_init", "trainable", "lr_multiplier")                \
  X(dropout, Dropout, "rate")                                                                                        \
  X(spatial_dropout, SpatialDropout, "rate")                                                                         \
  X(batch_norm, BatchNorm, "momentum", "eps", "trainable", "lr_multiplier")                                          \
  X(layer_norm, LayerNorm, "eps", "trainable", "lr_multiplier")                                                      \
  X(group_norm, GroupNorm, "groups", "eps", "trainable", "lr_multiplier")                                            \
  X(local_response_norm, LocalResponseNorm, "size", "alpha", "beta", "k")                                            \
  X(unit_norm, UnitNorm, "eps")                                                                                      \
  X(maxout, Maxout, "units", "pieces", "bias", "weight_init", "bias_init", "trainable", "lr_multiplier")             \
  X(embedding, Embedding, "n_symbols", "units", "weight_init", "trainable", "lr_multiplier")                         \
  X(rnn, RNN, "units", "activation", "return_sequences", "reverse", "weight_init", "recurrent_init", "bias_init",    \
    "recurrent_dropout", "trainable", "lr_multiplier")                                                               \
  X(lstm, LSTM, "units", "peepholes", "forget_bias", "return_sequences", "reverse", "weight_init", "recurrent_init", \
    "bias_init", "recurrent_dropout", "trainable", "lr_multiplier")                                                  \
  X(gru, GRU, "units", "reset_after", "return_sequences", "reverse", "weight_init", "recurrent_init", "bias_init",   \
    "recurrent_dropout", "trainable", "lr_multiplier")                                                               \
  X(bidirectional, Bidirectional, "layer")                                                                           \
  X(weight_norm, WeightNorm, "layer")                                                                                \
  X(drop_connect, DropConnect, "layer", "rate")                                                                      \
  X(gate, Gate, "layers", "shortcut")                                                                                \
  X(residual, Residual, "layers", "shortcut")                                                                        \
  X(sequential, Sequential, "layers")                                                                                \
  X(concat, Concat, "branches")                                                                                      \
  X(aux_head, AuxHead, "layers", "weight")                                                                           \
  X(tied_dense, TiedDense, "tied_to", "bias", "bias_init", "trainable", "lr_multiplier")                             \
  X(corrupt, Corrupt, "noise", "rate")                                                                               \
  X(kl_sparsity, KLSparsity, "target", "strength")                                                                   \
  X(activity_l1, ActivityL1, "strength")                                                                             \
  X(contractive, Contractive, "layers", "strength")                                                                  \
  X(lambda, Lambda, "function", "params", "init", "form", "trainable", "lr_multiplier")

// Those that are no layers for lists of users': they read the answers that the program gathers.
#define FASTDL_INNER_LAYERS(X) X(decoder, Decoder)

namespace fastdl {

#define FASTDL_DECLARE(kind, Name, ...)                 \
  LayerPtr<float> make_##Name(const LayerSpec&, float); \
  LayerPtr<double> make_##Name(const LayerSpec&, double);
FASTDL_LAYERS(FASTDL_DECLARE)
FASTDL_INNER_LAYERS(FASTDL_DECLARE)

template <class T>
LayerPtr<T> make_layer(const LayerSpec& spec) {
#define FASTDL_MAKE(kind_, Name, ...) \
  if (spec.kind == #kind_) return make_##Name(spec, T{});
  FASTDL_LAYERS(FASTDL_MAKE)
  FASTDL_INNER_LAYERS(FASTDL_MAKE)
  throw Error("layer '" + spec.name + "': fastdl has no layer of kind '" + spec.kind + "'.");
}
template LayerPtr<float> make_layer<float>(const LayerSpec&);
template LayerPtr<double> make_layer<double>(const LayerSpec&);

const std::vector<LayerEntry>& layer_entries() {
#define FASTDL_ENTRY(kind, Name, ...) {#kind, {__VA_ARGS__}},
  static const std::vector<LayerEntry> entries = {FASTDL_LAYERS(FASTDL_ENTRY)};
  return entries;
}

}  // namespace fastdl
