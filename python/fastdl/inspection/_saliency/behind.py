"""What stands behind an estimator: the steps of a pipeline, the network, checked X."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from fastdl._pipelines import parted as _parted
from fastdl.estimators.heads.itself import Itself
from fastdl.estimators.inputs.forms import cut
from fastdl.fitting.trainable import windows
from fastdl.samples import Sequences, core_input, lengths_of

if TYPE_CHECKING:
    from fastdl._core import Program


_WAY_OUT = " There is no gradient to follow: use method='occlusion'."


class Behind(NamedTuple):
    """A fitted network, and X as it reads it."""

    estimator: Any
    X: Any  # checked
    program: Program
    layers: tuple[Any, ...]  # of autoencoders up to the code

    @property
    def lengths(self) -> NDArray[np.int32] | None:
        """Of sequences."""
        return lengths_of(self.X)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of a sample, all steps of the longest sequence included."""
        if isinstance(self.X, Sequences):
            return (self.X.shape[1], *self.program.input_shape[1:])
        return tuple(self.program.input_shape)

    def outputs(self, layer: int) -> NDArray[Any]:
        """What a layer gives for X."""
        return windows.predict(self.program, core_input(self.X), self.lengths, layer=layer)


def parted(estimator: Any) -> tuple[list[Any], Any]:
    """As `fastdl._pipelines.parted`, of what is fitted."""
    steps, final = _parted(estimator)
    check_is_fitted(final)
    return steps, final


def behind(final: Any, X: Any, lengths: Any = None, *, way_out: str = _WAY_OUT) -> Behind:
    """The network of an estimator that is no pipeline, ready for X.

    Raises
    ------
    ValueError
        If there is none, or it reads something else than X; `way_out` says what to do.
    """
    name = type(final).__name__
    if not hasattr(final, "program_"):
        raise ValueError(f"{name} is no network of fastdl.{way_out}")
    if hasattr(final, "_preparation"):
        raise ValueError(
            f"{name} prepares the columns of its tables before the network sees them.{way_out}"
        )
    if final._network.layers[-1].kind == "decoder":
        raise ValueError(f"{name} answers with sequences: see attention_weights.")
    X = final._inputs.check(final, cut(X, lengths), reset=False)
    if isinstance(X, list):
        raise ValueError(f"{name} reads images one by one: see transform(X, layer=...).")
    if isinstance(X, Sequences):
        X = final._with_room(X)
    layers = tuple(final._network.layers)
    if is_coder(final):
        layers = layers[: final._layer_index(None) % len(layers) + 1]
    return Behind(final, X, final.program_, layers)


def is_coder(final: Any) -> bool:
    """Whether it answers with a code: an autoencoder, or a transformer of another kind."""
    return isinstance(getattr(final, "_head", None), Itself) or not hasattr(final, "predict")
