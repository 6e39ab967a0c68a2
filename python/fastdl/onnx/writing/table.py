"""Which function writes which layer into a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.onnx.writing.graph import Graph, Value

Writer = Callable[[Graph, Any, Value], Value]

# Layers of which nothing stands in a graph that predicts, and why.
LEFT_OUT: dict[type[Layer], str] = {
    L.Dropout: "acts in training only",
    L.SpatialDropout: "acts in training only",
    L.Corrupt: "acts in training only",
    L.AuxHead: "acts in training only",
    L.KLSparsity: "adds to the loss only",
    L.ActivityL1: "adds to the loss only",
}

# Layers that have no form in ONNX, and why.
NOT_WRITTEN: dict[type[Layer], str] = {
    L.Lambda: "holds a function of Python",
}


def writers() -> dict[type[Layer], Writer]:
    """A function for each layer that is written."""
    from fastdl.onnx.writing import (
        activations,
        columns,
        containers,
        dense,
        images,
        moves,
        norms,
        sequences,
        shapes,
        steps,
    )

    return {
        L.Dense: dense.dense,
        L.Maxout: dense.maxout,
        L.TiedDense: dense.tied_dense,
        L.Augment: images.augment,
        L.Conv2D: images.conv2d,
        L.Conv2DTranspose: images.conv2d_transpose,
        L.Conv1D: steps.conv1d,
        L.MaxPool1D: steps.max_pool1d,
        L.AvgPool1D: steps.avg_pool1d,
        L.MaxPool2D: images.max_pool2d,
        L.AvgPool2D: images.avg_pool2d,
        L.Upsample2D: images.upsample2d,
        L.Resize2D: moves.resize2d,
        L.Pad2D: moves.pad2d,
        L.Crop2D: moves.crop2d,
        L.Transpose: moves.transpose,
        L.GlobalAvgPool: shapes.global_avg_pool,
        L.GlobalMaxPool: shapes.global_max_pool,
        L.Flatten: shapes.flatten,
        L.Reshape: shapes.reshape,
        L.Activation: activations.activation,
        L.ParametricActivation: activations.parametric_activation,
        L.PReLU: activations.prelu,
        L.RReLU: activations.rrelu,
        L.DepthwiseConv2D: images.depthwise_conv2d,
        L.SeparableConv2D: images.separable_conv2d,
        L.PixelShuffle: images.pixel_shuffle,
        L.StochasticPool2D: images.stochastic_pool2d,
        L.SpatialPyramidPool: images.spatial_pyramid_pool,
        L.WeightNorm: containers.weight_norm,
        L.DropConnect: containers.drop_connect,
        L.Scale: activations.scale,
        L.BatchNorm: norms.batch_norm,
        L.LayerNorm: norms.layer_norm,
        L.GroupNorm: norms.group_norm,
        L.LocalResponseNorm: norms.local_response_norm,
        L.UnitNorm: norms.unit_norm,
        L.NumericEmbedding: columns.numeric_embedding,
        L.EmbedCategories: columns.embed_categories,
        L.Embedding: sequences.embedding,
        L.RNN: sequences.recurrent,
        L.LSTM: sequences.recurrent,
        L.GRU: sequences.recurrent,
        L.Bidirectional: sequences.bidirectional,
        L.LastStep: sequences.last_step,
        L.Sequential: containers.inside,
        L.Contractive: containers.inside,
        L.Gate: containers.gate,
        L.Residual: containers.residual,
        L.Concat: containers.concat,
    }


_WRITERS: dict[type[Layer], Writer] = {}


def write(graph: Graph, layer: Layer, x: Value) -> Value:
    """Add what a layer makes of `x`.

    Raises
    ------
    TypeError
        For a layer that has no form in ONNX.
    """
    if type(layer) in LEFT_OUT:
        return x
    if not _WRITERS:
        _WRITERS.update(writers())
    if type(layer) not in _WRITERS:
        why = NOT_WRITTEN.get(type(layer), "is not known to the writer")
        raise TypeError(f"{layer.who} has no form in ONNX: it {why}.")
    if layer.paths() and not isinstance(layer, L.Bidirectional):
        return _WRITERS[type(layer)](graph, layer, x)
    with graph.within(layer.name or layer.kind):
        return _WRITERS[type(layer)](graph, layer, x)
