"""Vectors of words that are known already, as the start of an embedding."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.frozen import FrozenEstimator

from fastdl import layers as L
from fastdl.estimators.inputs.symbols import n_codes
from fastdl.estimators.parameters.words import Meaning

if TYPE_CHECKING:
    from fastdl._core import Program
    from fastdl.layers import Layer

_FIRST = 2  # the code of symbols[0]

EMBEDDING = Meaning(
    rule="no_validation",
    kind="WordVectors, dict or None",
    text="Vectors of symbols to start from: a fitted `WordVectors`, a dictionary from symbols to "
    "vectors, or anything else with ``symbol in it`` and ``it[symbol]``, such as gensim's "
    "KeyedVectors. Symbols of X that it does not have, the unknown one too, start at random, with "
    "the variance of those that it has (Kim, EMNLP 2014). None: all start at random. A search "
    "clones its candidates: give it ``sklearn.frozen.FrozenEstimator(words)``, or a dictionary.",
)


def vectors_of(name: str, embedding: Any, symbols: Sequence[Hashable]) -> dict[int, NDArray[Any]]:
    """The vectors of those symbols that have one, by their codes.

    Raises
    ------
    ValueError
        If `embedding` is no table of vectors, has none of the symbols, or vectors of several
        lengths or that are not finite.
    """
    if isinstance(embedding, FrozenEstimator):
        embedding = embedding.estimator
    is_table = hasattr(embedding, "__contains__") and hasattr(embedding, "__getitem__")
    if not is_table or isinstance(embedding, (str, list, tuple)):
        raise ValueError(
            f"{name}: embedding={embedding!r}; expected a fitted WordVectors, a dictionary from "
            "symbols to vectors, or None."
        )
    found: dict[int, NDArray[Any]] = {}
    for code, symbol in enumerate(symbols, start=_FIRST):
        if symbol not in embedding:
            continue
        vector = np.asarray(embedding[symbol])
        first = next(iter(found.values()), vector)
        if vector.ndim != 1 or vector.dtype.kind not in "iuf" or vector.shape != first.shape:
            raise ValueError(
                f"{name}: the vector of {symbol!r} in embedding has shape {vector.shape} and dtype "
                f"{vector.dtype}; expected numbers of shape {first.shape if found else '(size,)'}."
            )
        if not np.isfinite(vector).all():
            raise ValueError(
                f"{name}: the vector of {symbol!r} in embedding holds NaN or infinity."
            )
        found[code] = vector
    if not found:
        raise ValueError(
            f"{name}: embedding has none of the symbols of X, such as {symbols[0]!r}. See analyzer "
            "(characters or words?) and lowercase."
        )
    return found


def embedding_layer(
    name: str, embedding: Any, symbols: Sequence[Hashable] | None, size: int, *, frozen: bool
) -> list[Layer]:
    """An embedding of the symbols, if there are any, with vectors as long as those that it has."""
    if symbols is None:
        if embedding is not None:
            raise ValueError(
                f"{name}: embedding holds vectors of symbols, but X holds numbers. Leave it out."
            )
        return []
    if embedding is not None:
        size = len(next(iter(vectors_of(name, embedding, symbols).values())))
    return [L.Embedding(n_codes(symbols), size, trainable=not frozen)]


def start_from(
    program: Program, layer: str, name: str, embedding: Any, symbols: Sequence[Hashable]
) -> None:
    """Write the vectors into the weight of a layer, whose others keep what was drawn, scaled."""
    known = vectors_of(name, embedding, symbols)
    weight = program.get_parameter(f"{layer}.weight")
    given = np.stack(list(known.values())).astype(np.float64)
    if given.shape[1] != weight.shape[1]:
        raise ValueError(
            f"{name}: the vectors of embedding have {given.shape[1]} numbers, but layer {layer!r} "
            f"has {weight.shape[1]} units. Leave the layer out, or give it as many."
        )
    drawn = weight.std(dtype=np.float64)
    if drawn > 0 and given.std() > 0:
        weight = (weight * (given.std() / drawn)).astype(weight.dtype)
    weight[list(known)] = given
    program.set_parameter(f"{layer}.weight", weight)
