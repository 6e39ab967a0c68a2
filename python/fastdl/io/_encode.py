"""Fitted estimators as JSON and arrays, and back, by a closed list of types: no code is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fastdl import estimators, initializers, layers, losses, optim, schedules
from fastdl import program as programs
from fastdl._spec import Spec
from fastdl.fitting.network import Network
from fastdl.fitting.progress import COLUMNS, LearningRate, Progress
from fastdl.fitting.targets import Targets
from fastdl.io._safetensors import Tensors, is_storable
from fastdl.schedules import Plateau


def _spec_name(spec: type[Spec]) -> str:
    """With the family, which has names of its own: "schedules.Constant"."""
    return f"{spec.__module__.split('.')[1]}.{spec.__name__}"


_SPECS: dict[str, type[Spec]] = {
    _spec_name(spec): spec
    for family in (
        layers.ALL,
        losses.BY_NAME.values(),
        optim.BY_NAME.values(),
        schedules.BY_NAME.values(),
        initializers.BY_NAME.values(),
    )
    for spec in family
}
_STATES = {c.__name__: c for c in (LearningRate, Progress, Targets)}
ESTIMATORS = {name: getattr(estimators, name) for name in estimators.__all__}


def encode(value: Any, tensors: Tensors, where: str) -> Any:
    """The value as JSON; arrays go to `tensors`, named after where they stand.

    A dict with one key, "$" and the name of a rule, stands for what JSON does not have.

    Raises
    ------
    TypeError
        If there is something in it that is neither data nor one of fastdl's own objects.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, type) and issubclass(value, (np.generic, float)):
        value = np.dtype(value)
    if type(value) is list:
        return [encode(v, tensors, f"{where}.{i}") for i, v in enumerate(value)]
    for tag, rule in _RULES.items():
        if isinstance(value, rule.kinds):
            return {tag: rule.store(value, tensors, where)}
    raise TypeError(
        f"{where}={value!r} cannot be saved: a model file holds data and no code. Set it to None, "
        "or to a name where there is one."
    )


def decode(value: Any, tensors: Tensors) -> Any:
    """What `encode` was given.

    Raises
    ------
    ValueError
        For a type that is not on the list, and for weights that do not fit the layers.
    """
    if isinstance(value, list):
        return [decode(v, tensors) for v in value]
    if not isinstance(value, dict):
        return value
    ((tag, stored),) = value.items()
    if tag not in _RULES:
        raise ValueError(f"it holds a {tag!r}, which this version of fastdl does not know.")
    return _RULES[tag].restore(stored, tensors)


class _Rule(NamedTuple):
    kinds: tuple[type, ...]
    store: Callable[[Any, Tensors, str], Any]
    restore: Callable[[Any, Tensors], Any]


def _encode_attributes(attributes: dict[str, Any], tensors: Tensors, where: str) -> dict[str, Any]:
    """Attributes by name; `where` ends in "." or is empty."""
    return {key: encode(value, tensors, where + key) for key, value in attributes.items()}


def _decode_attributes(stored: dict[str, Any], tensors: Tensors) -> dict[str, Any]:
    return {key: decode(value, tensors) for key, value in stored.items()}


def _store_tensor(array: Any, tensors: Tensors, where: str) -> Any:
    if is_storable(array):
        tensors[where] = array
        return where
    return {  # strings
        "dtype": array.dtype.str,
        "shape": array.shape,
        "values": [encode(v, tensors, where) for v in array.ravel().tolist()],
    }


def _restore_tensor(stored: Any, tensors: Tensors) -> Any:
    if isinstance(stored, str):
        return tensors[stored]
    array = np.empty(stored["shape"], stored["dtype"])
    array.ravel()[:] = decode(stored["values"], tensors)
    return array


def _store_dict(value: Any, tensors: Tensors, where: str) -> Any:
    if tuple(value) == COLUMNS:  # a history: how long it took is not the model's
        value = {**value, "seconds": [float("nan")] * len(value["epoch"])}
    return [
        [encode(k, tensors, where), encode(v, tensors, f"{where}.{k}")] for k, v in value.items()
    ]


def _restore_dict(stored: Any, tensors: Tensors) -> Any:
    return {decode(k, tensors): decode(v, tensors) for k, v in stored}


def _store_spec(spec: Any, tensors: Tensors, where: str) -> Any:
    fields = _encode_attributes(spec.get_params(deep=False), tensors, f"{where}.")
    return {"class": _spec_name(type(spec)), **fields}


def _restore_spec(stored: Any, tensors: Tensors) -> Any:
    fields = _decode_attributes(stored, tensors)
    return _SPECS[fields.pop("class")](**fields)


def _store_state(state: Any, tensors: Tensors, where: str) -> Any:
    return {"class": type(state).__name__, **_encode_attributes(vars(state), tensors, f"{where}.")}


def _restore_state(stored: Any, tensors: Tensors) -> Any:
    attributes = _decode_attributes(stored, tensors)
    kind = _STATES[attributes.pop("class")]
    state = kind.__new__(kind)
    vars(state).update(attributes)
    return state


_OF_NETWORK = (
    "layers",
    "input_shape",
    "loss",
    "dtype",
    "cap",
    "seed",
    "batch_size",
    "optimizer",
    "options",
)


def _store_network(network: Network, tensors: Tensors, where: str) -> Any:
    """Weights and running statistics under their own names, "conv2d_1.weight"."""
    program = network.ready()
    prefix = where.removesuffix("_network")
    values = programs.get_state(program)
    tensors.update({prefix + name: value for name, value in values.items()})
    attributes = {key: getattr(network, key) for key in _OF_NETWORK}
    return {
        **_encode_attributes(attributes, tensors, f"{where}."),
        "moments": encode(program.get_optimizer(), tensors, f"{prefix}optimizer.moments"),
        "steps": program.optimizer_steps,
        "weights": {name: prefix + name for name in values},
    }


def _restore_network(stored: Any, tensors: Tensors) -> Network:
    weights = {name: tensors[key] for name, key in stored.pop("weights").items()}
    a = _decode_attributes(stored, tensors)
    network = Network(
        a["layers"],
        a["input_shape"],
        a["loss"],
        dtype=a["dtype"],
        cap=a["cap"],
        seed=a["seed"],
        batch_size=a["batch_size"],
        n_jobs=1,
        random_state=0,
    )
    network.set_optimizer(a["optimizer"], **a["options"])
    program = network.ready(1)
    programs.set_state(program, weights)
    program.set_optimizer(a["moments"], a["steps"])
    return network


def _store_estimator(estimator: Any, tensors: Tensors, where: str) -> Any:
    """Parameters and fitted attributes; not its callbacks, which are code."""
    attributes = {k: v for k, v in estimator.__getstate__().items() if not k.startswith("_skl_")}
    prefix = f"{where}." if where else ""
    return {"class": type(estimator).__name__, **_encode_attributes(attributes, tensors, prefix)}


def _restore_estimator(stored: Any, tensors: Tensors) -> Any:
    name = stored.pop("class")
    if name not in ESTIMATORS:
        raise ValueError(f"it holds a {name!r}, which this version of fastdl does not have.")
    estimator = ESTIMATORS[name].__new__(ESTIMATORS[name])
    estimator.__setstate__(_decode_attributes(stored, tensors))
    return estimator


def _store_random(random: Any, tensors: Tensors, where: str) -> Any:
    return encode(random.get_state(legacy=False), tensors, where)


def _restore_random(stored: Any, tensors: Tensors) -> Any:
    random = np.random.RandomState()
    random.set_state(decode(stored, tensors))
    return random


# The first that fits is taken: a NamedTuple is a tuple, too.
_RULES: dict[str, _Rule] = {
    "$array": _Rule((np.ndarray,), _store_tensor, _restore_tensor),
    "$scalar": _Rule(
        (np.generic,),
        lambda v, tensors, where: [v.dtype.str, v.item()],
        lambda stored, tensors: np.dtype(stored[0]).type(stored[1]),
    ),
    "$dtype": _Rule(
        (np.dtype,),
        lambda v, tensors, where: v.str,
        lambda stored, tensors: np.dtype(stored),
    ),
    "$plateau": _Rule(
        (Plateau,),
        lambda v, tensors, where: encode(list(v), tensors, where),
        lambda stored, tensors: Plateau(*decode(stored, tensors)),
    ),
    "$tuple": _Rule(
        (tuple,),
        lambda v, tensors, where: encode(list(v), tensors, where),
        lambda stored, tensors: tuple(decode(stored, tensors)),
    ),
    "$dict": _Rule((dict,), _store_dict, _restore_dict),
    "$spec": _Rule((Spec,), _store_spec, _restore_spec),
    "$state": _Rule(tuple(_STATES.values()), _store_state, _restore_state),
    "$network": _Rule((Network,), _store_network, _restore_network),
    "$estimator": _Rule(tuple(ESTIMATORS.values()), _store_estimator, _restore_estimator),
    "$random": _Rule((np.random.RandomState,), _store_random, _restore_random),
}
