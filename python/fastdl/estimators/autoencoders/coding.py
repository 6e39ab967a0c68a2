"""From the words of the autoencoders to layers: encoder, code, decoder, and what goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from scipy import sparse

from fastdl import layers as L
from fastdl._warn import warn
from fastdl.layers import Layer


def sizes_of(estimator: Any) -> list[int]:
    """Units of the hidden layers.

    Raises
    ------
    ValueError
        If there is none, or one is not positive.
    """
    sizes = estimator.hidden_layer_sizes
    sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    if not sizes or any(not isinstance(size, Integral) or size < 1 for size in sizes):
        raise ValueError(
            f"{type(estimator).__name__}: hidden_layer_sizes={estimator.hidden_layer_sizes!r}; "
            "expected positive integers, at least one."
        )
    return [int(size) for size in sizes]


def is_crossed(estimator: Any) -> bool:
    """Whether that is the cross-entropy; `_loss_word` is the parameter that says so."""
    return bool(getattr(estimator, estimator._loss_word) == "cross_entropy")


def out_activation_of(estimator: Any) -> str:
    """What the decoder ends in."""
    e, crossed = estimator, is_crossed(estimator)
    if crossed and e.out_activation not in (None, "sigmoid"):
        raise ValueError(
            f"{type(e).__name__}: {e._loss_word}='cross_entropy' compares probabilities, but "
            f"out_activation={e.out_activation!r} gives none. Leave out_activation out, or use "
            f"{e._loss_word}='squared_error'."
        )
    return e.out_activation or ("sigmoid" if crossed else "identity")


def check_sparsity(estimator: Any) -> None:
    """Raise where `sparsity` is for other activations than there are."""
    e = estimator
    if e.sparsity is not None and e.activation != "sigmoid":
        raise ValueError(
            f"{type(e).__name__}: sparsity={e.sparsity!r} is a mean activation between 0 and "
            f"1, which activation={e.activation!r} does not keep to. Use "
            "activation='sigmoid', or activity_l1 instead of sparsity."
        )


def encoder(sizes: Sequence[int], activation: str, *, trainable: bool = True) -> list[Layer]:
    """A dense layer and its activation for each size; the last activation is the code."""
    names = [*(f"hidden_{i}" for i in range(1, len(sizes))), "code"]
    layers: list[Layer] = []
    for i, (size, name) in enumerate(zip(sizes, names, strict=True), 1):
        layers += [
            L.Dense(size, name=f"encoder_{i}", trainable=trainable),
            L.Activation(activation, name=name),
        ]
    return layers


def regularised(estimator: Any, layers: list[Layer]) -> list[Layer]:
    """The encoder's layers with the corruption before them and the penalties of the code."""
    e = estimator
    layers = list(layers)
    if e.contraction:
        *layers, dense, code = layers
        pair = [dense, code.replace(name=None)]
        layers.append(L.Contractive(pair, float(e.contraction), name="code"))
    if e.corruption:
        layers.insert(0, L.Corrupt(e.noise, float(e.corruption), name="corruption"))
    check_sparsity(e)
    if e.sparsity is not None:
        layers.append(L.KLSparsity(float(e.sparsity), float(e.sparsity_weight)))
    if e.activity_l1:
        layers.append(L.ActivityL1(float(e.activity_l1)))
    return layers


def decoder(estimator: Any, sizes: Sequence[int], n_features: int) -> list[Layer]:
    """The mirror image of the encoder: decoder_i undoes encoder_i."""
    e, layers = estimator, list[Layer]()
    last = out_activation_of(e)
    if is_crossed(e):  # which has the sigmoid
        last = "identity"
    for i, size in reversed(list(enumerate([n_features, *sizes[:-1]], 1))):
        name = f"decoder_{i}"
        layers.append(
            L.TiedDense(f"encoder_{i}", name=name) if e.tied_weights else L.Dense(size, name=name)
        )
        function = e.activation if i > 1 else last
        if function != "identity":
            layers.append(L.Activation(function))
    return layers


def is_regularised(estimator: Any) -> bool:
    """Whether something keeps a wide code from copying the input."""
    e = estimator
    return bool(e.corruption or e.sparsity or e.activity_l1 or e.contraction)


def warn_of_width(estimator: Any, sizes: Sequence[int], n_features: int) -> None:
    """Warn of a code that may copy its input."""
    if min(sizes) > n_features and not is_regularised(estimator):
        warn(
            f"{type(estimator).__name__}: every hidden layer is wider than the input of "
            f"{n_features} features, so that the network may learn to copy it. Use fewer units, or "
            "corruption, sparsity, activity_l1 or contraction.",
        )


def warn_of_wide_layers(estimator: Any, n_features: int) -> None:
    """Warn of layers that a user chose, whose own autoencoder may copy its input."""
    sizes = sizes_of(estimator)
    if tuple(sizes) == estimator._defaults["hidden_layer_sizes"]:
        return
    for i, (n_inputs, size) in enumerate(zip([n_features, *sizes], sizes, strict=False), 1):
        if size > n_inputs and not is_regularised(estimator):
            warn(
                f"{type(estimator).__name__}: layer {i} has {size} units for {n_inputs} inputs, so "
                "that its autoencoder may learn to copy them. Use fewer units, or corruption, "
                "sparsity, activity_l1 or contraction.",
            )


def warn_of_wide_code(
    estimator: Any, layers: Sequence[Layer], n_units: int, n_features: int
) -> None:
    """Warn of a code with as much room as its input, if nothing else holds it back."""
    if n_units >= n_features and not any(x.draws or x.penalises for x in L.walk(layers)):
        warn(
            f"{type(estimator).__name__}: the code has {n_units} values for {n_features} of the "
            "input, so that the network may learn to copy it. Let the encoder end in fewer "
            "channels or units, or use corruption or activity_l1.",
        )


def check_range(estimator: Any, X: Any, what: str = "X") -> None:
    """Compare X, or y in its place (`what`), with what the decoder can give.

    Raises
    ------
    ValueError
        If the loss is the cross-entropy and X leaves [0, 1].
    """
    e, name, function = estimator, type(estimator).__name__, out_activation_of(estimator)
    top = 1.0 if function == "sigmoid" else np.inf
    if function == "identity":
        return
    low, high = _extremes(X)
    bad = np.flatnonzero((low < 0) | (high > top))
    if not len(bad):
        return
    column = (
        f"column {bad[0]} goes from {low[bad[0]]:g} to {high[bad[0]]:g}"
        f"{f' (and {len(bad) - 1} more do likewise)' if len(bad) > 1 else ''}"
    )
    if is_crossed(e):
        raise ValueError(
            f"{name}: {e._loss_word}='cross_entropy' takes {what} from 0 to 1, but {column}. "
            f"Scale {what}, for example by MinMaxScaler(clip=True), or use "
            f"{e._loss_word}='squared_error'."
        )
    warn(
        f"{name}: out_activation={function!r} cannot give all of {what}: {column}. "
        f"Scale {what}, or use out_activation='identity'.",
    )


def _extremes(X: Any) -> tuple[Any, Any]:
    """The smallest and the largest value of each column."""
    if sparse.issparse(X):
        return X.min(axis=0).toarray().ravel(), X.max(axis=0).toarray().ravel()
    return X.min(axis=0), X.max(axis=0)
