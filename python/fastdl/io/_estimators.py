"""Estimators: their parameters, and the fitted attributes that their classes name."""

from __future__ import annotations

from inspect import signature
from typing import Any

from fastdl import estimators, losses
from fastdl._rules import Rule
from fastdl._saved import read, short
from fastdl.estimators.parameters.words import saved as saved_of
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.fitting.training import checkpoint
from fastdl.io import _values
from fastdl.io._networks import store_trained
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
        name: encoder.encode(_as_spec(name, value), prefix + name)
        for name, value in estimator.get_params(deep=False).items()
    }
    fitted: dict[str, Any] = {}
    attributes = checkpoint.whole_state(vars(estimator))
    for name, (attribute, saved) in saved_of(kind).items():
        if attribute not in attributes or (saved.of_training and not encoder.optimizer):
            continue
        value = attributes[attribute]
        if isinstance(value, TrainableNetwork):
            shown = estimator._shown_weights()
            stored = value.to_dict(optimizer=encoder.optimizer, shown=shown)
            fitted[name] = store_trained(encoder, stored, prefix, name)
        elif isinstance(saved.form, Rule):
            fitted[name] = encoder.encode(value, prefix + name)
        else:
            fitted[name] = encoder.encode(saved.form.to_dict(value), prefix + name)
    stored = {"class": kind.__name__, "parameters": parameters, "fitted": fitted}
    output = vars(estimator).get(_OUTPUT)
    return {**stored, "set_output": encoder.encode(output, prefix)} if output else stored


def _as_spec(name: str, value: Any) -> Any:
    """A function as `loss` is the loss that it stands for, whose name can be kept."""
    is_function = callable(value) and not isinstance(value, (type, losses.Loss))
    return losses.get(value) if name == "loss" and is_function else value


def _restore(decoder: Decoder, stored: Any) -> Any:
    parts = ("class", "parameters", "fitted")
    if not isinstance(stored, dict) or stored.keys() - {"set_output"} != set(parts):
        raise ValueError(f"it holds {short(stored)} in place of {', '.join(parts)}.")
    name, parameters, fitted = (stored[part] for part in parts)
    if not isinstance(name, str) or name not in ESTIMATORS:
        raise ValueError(f"it holds a {short(name)}, which this version of fastdl does not have.")
    kind = ESTIMATORS[name]
    for part in (parameters, fitted):
        if not isinstance(part, dict):
            raise ValueError(f"{name}: it holds {short(part)} in place of values by name.")
    parameters = _renamed(parameters, signature(kind).parameters)
    for parameter in parameters:
        if parameter not in signature(kind).parameters:
            raise ValueError(f"{name} has a parameter {short(parameter)}, which is not known.")
    estimator = kind(**{key: decoder.decode(value) for key, value in parameters.items()})
    known = saved_of(kind)
    for key, value in fitted.items():
        if key not in known:
            raise ValueError(f"{name} has an attribute {short(key)}, which is not known.")
        (attribute, saved), value = known[key], decoder.decode(value)
        if isinstance(saved.form, Rule):
            value = read(saved.form, value, f"{name}: {key}")
        else:
            value = saved.form.from_dict(value)
        setattr(estimator, attribute, value)
    _check_whole(name, known, fitted)
    if fitted:
        estimator._restored()
    if "set_output" in stored:
        output = decoder.decode(stored["set_output"])
        if output not in ({"transform": kind} for kind in (None, "default", "pandas", "polars")):
            raise ValueError(f"{name}: set_output is {short(output)}.")
        setattr(estimator, _OUTPUT, output)
    return estimator


def _renamed(stored: dict[str, Any], known: Any) -> dict[str, Any]:
    """Parameters by the names that they have now: what files of format 2 call otherwise."""
    if "unknown_token" in known or "unknown_token" not in stored:
        return stored
    token = stored["unknown_token"]
    rest = {name: value for name, value in stored.items() if name != "unknown_token"}
    return {**rest, "unknown": "error" if token is None else token}


_OUTPUT = "_sklearn_output_config"  # what set_output sets
_TOGETHER = (  # all of these that a class has, or none
    ("targets", "network", "progress"),
    ("preparation", "categories_", "limits", "network"),
    ("source_form", "target_form", "longest", "network"),
    ("rbms_", "visible_"),
    ("components_", "intercept_hidden_", "intercept_visible_", "h_samples_", "history_"),
    ("n_dims_", "n_samples_seen_", "n_values_seen", "scale_", "offset_"),
    ("n_values_seen", "n_samples_seen_", "input_shape_", "scale_", "offset_"),
    ("vocabulary_", "vectors_", "loss_curve_", "n_iter_"),
)


def _check_whole(name: str, known: dict[str, Any], fitted: dict[str, Any]) -> None:
    """Raise ValueError if a part is missing that others need."""
    always = [key for key, (_, kept) in known.items() if kept.always]
    for group in (*_TOGETHER, always):
        needed = [key for key in group if group[0] in known and key in known]
        missing = [key for key in needed if key not in fitted]
        if (fitted and missing and group is always) or 0 < len(missing) < len(needed):
            raise ValueError(f"{name}: {', '.join(missing)} of the fitted estimator is missing.")


_values.RULES["$estimator"] = _values.Rule(tuple(ESTIMATORS.values()), _store, _restore)
