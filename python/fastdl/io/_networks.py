"""Networks apart from estimators, and those that stand in the files of estimators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._saved import MATRIX, VECTOR, read, short
from fastdl.fitting.columns import CATEGORIES, Columns
from fastdl.fitting.preparation import Preparation
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.io import _values
from fastdl.io._errors import NoNetwork
from fastdl.io._values import Decoder, Encoder, named
from fastdl.losses import SquaredError
from fastdl.network import Network


def store_trained(encoder: Encoder, stored: dict[str, Any], prefix: str, name: str) -> Any:
    """The weights stand under their own names, "conv2d_1.weight", for other programs to read."""
    weights = {key: encoder.encode(v, prefix + key) for key, v in stored.pop("weights").items()}
    return {**encoder.encode(stored, prefix + name), "weights": weights}


def _store(encoder: Encoder, network: Network, where: str) -> Any:
    prefix, stored = f"{where}." if where else "", network.to_dict()
    trained = store_trained(encoder, stored.pop("network"), prefix, "network")
    return {**encoder.encode(stored, where), "network": trained}


def _restore(decoder: Decoder, stored: Any) -> Network:
    if not isinstance(stored, dict):
        raise ValueError(f"it holds {short(stored)} in place of a network.")
    return Network.from_dict({name: decoder.decode(value) for name, value in stored.items()})


_values.RULES["$network"] = _values.Rule((Network,), _store, _restore)


_MACHINES = ("BernoulliRBM", "GaussianRBM", "DBN")


def network_of(decoder: Decoder, content: Any) -> Network:
    """The network in the content of a file: one of its own, or an estimator's.

    Raises
    ------
    ValueError
        If there is none.
    """
    if isinstance(content, dict) and "$network" in content:
        (stored,) = named(content, "$network")
        return _restore(decoder, stored)
    if isinstance(content, dict) and "$sklearn" in content:
        raise NoNetwork("it holds a pipeline and no network. Read it with fastdl.load.")
    (stored,) = named(content, "$estimator")
    if isinstance(stored, dict):
        stored = {key: value for key, value in stored.items() if key != "set_output"}
    name, _, fitted = named(stored, "class", "parameters", "fitted")
    if not isinstance(fitted, dict):
        raise ValueError(f"{short(name)}: it holds {short(fitted)} in place of values by name.")
    if "network" in fitted:
        return _of_net(decoder, name, fitted)
    if name in _MACHINES and fitted:
        return _of_machines(decoder, name, fitted)
    if not fitted:
        raise NoNetwork(f"{short(name)} in it is not fitted. Read it with fastdl.load.")
    raise NoNetwork(f"{short(name)} in it is no network. Read it with fastdl.load.")


def _of_net(decoder: Decoder, who: Any, fitted: Mapping[str, Any]) -> Network:
    """Of an estimator that is one network; of its optimizer nothing is read."""
    stored = fitted["network"]
    if isinstance(stored, dict):
        stored = {**stored, "optimizer": None}
    trained = TrainableNetwork.from_dict(decoder.decode(stored))
    if "targets" not in fitted:
        raise ValueError("targets of the fitted estimator is missing.")
    targets = Targets.from_dict(decoder.decode(fitted["targets"]))
    if targets.kind == "answer":
        raise NoNetwork(f"{short(who)} in it is no network. Read it with fastdl.load.")  # a search
    columns = None
    if "preparation" in fitted:
        categories = decoder.decode(fitted.get("categories_"))
        limits = decoder.decode(fitted.get("limits"))
        columns = Columns(
            read(CATEGORIES, categories, "categories_"),
            Preparation.from_dict(decoder.decode(fitted["preparation"])),
            None if limits is None else read(MATRIX, limits, "limits"),
        )
    return Network._of(trained, targets, columns)


def _of_machines(decoder: Decoder, who: Any, fitted: Mapping[str, Any]) -> Network:
    """Of restricted Boltzmann machines: the way up, through the expectations of hidden units."""
    machines = fitted.get("rbms_", [{"$estimator": {"fitted": fitted}}])
    if not isinstance(machines, list) or not machines:
        raise ValueError(f"{short(who)}: rbms_ is {short(machines)}.")
    layers: list[L.Layer] = []
    weights: dict[str, NDArray[Any]] = {}
    for i, machine in enumerate(machines, start=1):
        w, b = _machine(decoder, who, machine)
        if i == 1 and "scale_" in fitted and fitted.get("visible_") == "gaussian":
            center, scale = (
                read(VECTOR, decoder.decode(fitted.get(name)), name)
                for name in ("center_", "scale_")
            )
            if len(center) != len(w) or len(scale) != len(w):
                raise ValueError(f"{short(who)}: center_ and scale_ are not of {len(w)} features.")
            w = w / scale[:, np.newaxis]
            b = b - center @ w
        layers += [L.Dense(len(b)), L.Activation("sigmoid")]
        weights |= {f"dense_{i}.weight": w, f"dense_{i}.bias": b}
    dtype, n_features = weights["dense_1.bias"].dtype, len(weights["dense_1.weight"])
    trained = TrainableNetwork.made(layers, (n_features,), SquaredError(), weights, dtype=dtype)
    return Network._of(trained, Targets("continuous", len(b)), n_hidden=len(layers))


def _machine(decoder: Decoder, who: Any, stored: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Weights (visible, hidden) and hidden biases."""
    try:
        fitted = stored["$estimator"]["fitted"]
        w, b = fitted["components_"], fitted["intercept_hidden_"]
    except (TypeError, KeyError) as error:
        raise ValueError(f"{short(who)}: weights of the fitted estimator are missing.") from error
    w = read(MATRIX, decoder.decode(w), "components_").T
    b = read(VECTOR, decoder.decode(b), "intercept_hidden_")
    return w, b
