"""Estimators: their parameters, and the fitted attributes that their classes name."""

from __future__ import annotations

from inspect import signature
from typing import Any

from fastdl import estimators
from fastdl._rules import Rule
from fastdl._saved import Field, read, short
from fastdl.fitting import checkpoint
from fastdl.fitting.network import Network
from fastdl.io import _values
from fastdl.io._fitted import FITTED, check_whole, derive, shown_weights
from fastdl.io._values import Decoder, Encoder

ESTIMATORS: dict[str, Any] = {name: getattr(estimators, name) for name in estimators.__all__}


def is_known(estimator: Any) -> bool:
    """Whether it is an estimator of fastdl itself: of a subclass we do not know what is in it."""
    return type(estimator) is ESTIMATORS.get(type(estimator).__name__)


def _store(encoder: Encoder, estimator: Any, where: str) -> Any:
    """Parameters and fitted attributes; not its callbacks, which are code."""
    prefix, kind = f"{where}." if where else "", type(estimator)
    if not is_known(estimator):
        raise TypeError(
            f"{where}={kind.__name__}() cannot be saved: it is not an estimator of fastdl, and a "
            "model file holds no code."
        )
    seen = checkpoint.seen_by_others(estimator)
    estimator = estimator if seen is None else seen
    parameters = {
        name: encoder.encode(value, prefix + name)
        for name, value in estimator.get_params(deep=False).items()
    }
    fitted: dict[str, Any] = {}
    attributes, shown = checkpoint.whole_state(vars(estimator)), shown_weights(estimator)
    for name, field in _fields(kind).items():
        if field.attribute not in attributes or (field.of_training and not encoder.optimizer):
            continue
        value = attributes[field.attribute]
        if isinstance(value, Network):
            stored = value.to_dict(optimizer=encoder.optimizer, shown=shown)
            fitted[name] = _store_network(encoder, stored, prefix, name)
        elif isinstance(field.kind, Rule):
            fitted[name] = encoder.encode(value, prefix + name)
        else:
            fitted[name] = encoder.encode(field.kind.to_dict(value), prefix + name)
    return {"class": kind.__name__, "parameters": parameters, "fitted": fitted}


def _store_network(encoder: Encoder, stored: dict[str, Any], prefix: str, name: str) -> Any:
    """The weights stand under their own names, "conv2d_1.weight", for other programs to read."""
    weights = {key: encoder.encode(v, prefix + key) for key, v in stored.pop("weights").items()}
    return {**encoder.encode(stored, prefix + name), "weights": weights}


def _fields(kind: Any) -> dict[str, Field]:
    """What is kept of a fitted estimator of this class, by name in the file."""
    return {
        name: field if isinstance(field, Field) else Field(name, field)
        for name, field in FITTED[kind.__name__].items()
    }


def _restore(decoder: Decoder, stored: Any) -> Any:
    parts = ("class", "parameters", "fitted")
    if not isinstance(stored, dict) or stored.keys() != set(parts):
        raise ValueError(f"it holds {short(stored)} in place of {', '.join(parts)}.")
    name, parameters, fitted = (stored[part] for part in parts)
    if not isinstance(name, str) or name not in ESTIMATORS:
        raise ValueError(f"it holds a {short(name)}, which this version of fastdl does not have.")
    kind = ESTIMATORS[name]
    for part in (parameters, fitted):
        if not isinstance(part, dict):
            raise ValueError(f"{name}: it holds {short(part)} in place of values by name.")
    for parameter in parameters:
        if parameter not in signature(kind).parameters:
            raise ValueError(f"{name} has a parameter {short(parameter)}, which is not known.")
    estimator = kind(**{key: decoder.decode(value) for key, value in parameters.items()})
    fields = _fields(kind)
    for key, value in fitted.items():
        if key not in fields:
            raise ValueError(f"{name} has an attribute {short(key)}, which is not known.")
        field, value = fields[key], decoder.decode(value)
        if isinstance(field.kind, Rule):
            value = read(field.kind, value, f"{name}: {key}")
        else:
            value = field.kind.from_dict(value)
        setattr(estimator, field.attribute, value)
    check_whole(name, fitted)
    if fitted:
        derive(estimator)
    return estimator


_values.RULES["$estimator"] = _values.Rule(tuple(ESTIMATORS.values()), _store, _restore)
