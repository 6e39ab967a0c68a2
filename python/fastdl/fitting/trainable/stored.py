"""A network in a model file: plain data, and checked data back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastdl import _core
from fastdl import layers as L
from fastdl._rules import INPUT_SHAPE, Rule, choice
from fastdl._saved import ANYTHING, ARRAYS, NATURAL, REAL, SIZE, array, short, spec, take
from fastdl.losses import Loss
from fastdl.optim import SGD, Optimizer
from fastdl.program import Snapshot
from fastdl.program.weights import check

if TYPE_CHECKING:
    from fastdl.fitting.trainable.network import TrainableNetwork

_LARGEST_BATCH = 256  # of a network from a file


def to_dict(
    network: TrainableNetwork,
    *,
    optimizer: bool = True,
    shown: Mapping[str, NDArray[Any]] | None = None,
) -> dict[str, Any]:
    """Plain data for a model file; weights by name, in the user's layout.

    Parameters
    ----------
    optimizer : bool, default=True
        Whether the optimizer and its moments are kept, which only further training needs.
    shown : dict of str to ndarray, optional
        Weights in place of the network's own.
    """
    snapshot, weights = network.snapshot(), network.by_name()
    weights |= {name: np.asarray(value, network.dtype) for name, value in (shown or {}).items()}
    check(weights, *_core.outline(L.to_dict(network.layers), network.input_shape))
    stored = {
        **{name: getattr(network, name) for name in _KEPT},
        "batch_size": min(network.batch_size, _LARGEST_BATCH),
        "layers": list(network.layers),
        "input_shape": list(network.input_shape),
        "weights": weights,
        "optimizer": None,
    }
    if optimizer:
        stored["optimizer"] = {
            "rule": network.optimizer,
            "options": network.options,
            "moments": snapshot.moments,
            "steps": snapshot.steps,
        }
    return stored


def from_dict(cls: type[TrainableNetwork], stored: Any) -> TrainableNetwork:
    """What `to_dict` gave; ValueError for anything else.

    The shapes of the weights are compared before memory is taken for the network.
    """
    fields = take(stored, _NETWORK, "network", later={"convolution": "auto"})
    layers, shape = L.with_names(fields["layers"]), tuple(fields["input_shape"])
    dtype = np.dtype(fields["dtype"])
    outline = _core.outline(L.to_dict(layers), shape)
    snapshot = Snapshot.of_named(fields["weights"], outline, dtype)
    kept, n_weights = fields["optimizer"], len(snapshot.weights)
    state: dict[str, Any] = {"rule": SGD(), "options": {}}
    if kept is not None:
        state = take(kept, _OPTIMIZER, "optimizer")
        moments, expected = state["moments"], (_core.n_moments(state["rule"].kind), n_weights)
        if (moments.shape, moments.dtype) != (expected, dtype):
            raise ValueError(
                f"optimizer: moments is {short(moments)}; expected {dtype} of shape {expected}."
            )
        snapshot = snapshot._replace(moments=moments, steps=state["steps"])
    network = cls(
        layers,
        shape,
        fields["loss"],
        dtype=dtype,
        cap=fields["cap"],
        seed=fields["seed"],
        convolution=fields["convolution"],
        batch_size=min(fields["batch_size"], _LARGEST_BATCH),  # grows when asked
        snapshot=snapshot,
    )
    network.optimizer, network.options = state["rule"], state["options"]
    network.without_optimizer = kept is None
    return network


def _are_options(value: object) -> bool:
    """Whether they are numbers for `fastdl.program.set_optimizer`."""
    return isinstance(value, dict) and all(
        (name in _OPTIONS and (v is None or REAL.accepts(v)))
        or (name in _MULTIPLIERS and isinstance(v, list) and all(map(REAL.accepts, v)))
        for name, v in value.items()
    )


_OPTIONS = ("l1", "l2", "weight_decay", "max_norm", "clip_value", "clip_norm")
_MULTIPLIERS = ("lr_multipliers", "decay_multipliers")  # one for each parameter
_KEPT = ("loss", "dtype", "cap", "seed", "convolution")
_NETWORK = {
    "layers": Rule("a list of layers", lambda v: isinstance(v, list), list),
    "input_shape": INPUT_SHAPE,
    "loss": spec(Loss, "a loss"),
    "dtype": choice("float32", "float64"),
    "cap": REAL,
    "seed": NATURAL,
    "convolution": choice("auto", "direct"),
    "batch_size": SIZE,
    "weights": ARRAYS,
    "optimizer": ANYTHING,
}
_OPTIMIZER = {
    "rule": spec(Optimizer, "an optimizer"),
    "options": Rule("numbers by name", _are_options, dict),
    "moments": array("f", 2, "an array of two dimensions"),
    "steps": NATURAL,
}
