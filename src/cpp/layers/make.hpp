// One line at the end of a layer's file: its constructor for both element types, for registry.cpp.
#pragma once

#include "layers/layer.hpp"

#define FASTDL_LAYER(Name)                                                                            \
  LayerPtr<float> make_##Name(const LayerSpec& s, float) { return std::make_unique<Name<float>>(s); } \
  LayerPtr<double> make_##Name(const LayerSpec& s, double) { return std::make_unique<Name<double>>(s); }
