"""Values as JSON and arrays, and back, by a closed list of types: no code is stored."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl import initializers, layers, losses, optim, schedules
from fastdl._saved import short
from fastdl._spec import Spec
from fastdl.io._safetensors import DTYPES, Arrays, Tensors, is_storable

_FAMILIES: dict[str, tuple[type[Spec], Any]] = {
    "layers": (layers.Layer, (*layers.ALL, *layers.INNER)),
    "losses": (losses.Loss, losses.BY_NAME.values()),
    "optim": (optim.Optimizer, optim.BY_NAME.values()),
    "schedules": (schedules.Schedule, schedules.BY_NAME.values()),
    "initializers": (initializers.Initializer, initializers.BY_NAME.values()),
}
SPECS: dict[str, type[Spec]] = {
    f"{family}.{spec.__name__}": spec for family, (_, specs) in _FAMILIES.items() for spec in specs
}
_SPEC_NAMES = {spec: name for name, spec in SPECS.items()}


class Encoder:
    """Makes JSON of values, and collects the arrays among them.

    A dictionary with one name, "$" and a tag, stands for what JSON does not have.

    Parameters
    ----------
    optimizer : bool
        Whether what only further training needs is kept.

    Attributes
    ----------
    tensors : dict of str to ndarray
        The arrays, called after where they stand.
    """

    def __init__(self, *, optimizer: bool = True) -> None:
        self.optimizer = optimizer
        self.tensors: Tensors = {}

    def encode(self, value: Any, where: str) -> Any:
        """The value as JSON.

        Raises
        ------
        TypeError
            If there is something in it that is neither data nor one of fastdl's own objects.
        """
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float and math.isfinite(value):
            return value
        if isinstance(value, type) and issubclass(value, (np.generic, float)):
            value = np.dtype(value)
        if type(value) is list:
            return [self.encode(v, f"{where}.{i}") for i, v in enumerate(value)]
        if type(value) is dict and all(type(key) is str and key[:1] != "$" for key in value):
            return {key: self.encode(v, f"{where}.{key}") for key, v in value.items()}
        for tag, rule in RULES.items():
            if isinstance(value, rule.kinds):
                return {tag: rule.store(self, value, where)}
        raise TypeError(
            f"{where}={value!r} cannot be saved: a model file holds data and no code. Set it to "
            "None, or to a name where there is one, or pickle the estimator."
        )

    def add(self, array: NDArray[Any], where: str) -> str:
        """Keep an array; the name under which it stands."""
        name, n = where, 1
        while name in self.tensors:
            name, n = f"{where}.{n}", n + 1
        self.tensors[name] = array
        return name


class Decoder:
    """Makes values of JSON and arrays.

    Each array is given out once, so that no more memory is taken than the file has bytes.

    Parameters
    ----------
    arrays : Arrays
    """

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays

    def decode(self, stored: Any) -> Any:
        """What `Encoder.encode` was given.

        Raises
        ------
        ValueError
            For anything that it does not write.
        """
        if isinstance(stored, list):
            return [self.decode(v) for v in stored]
        if not isinstance(stored, dict):
            return stored
        if not any(key.startswith("$") for key in stored):
            return {key: self.decode(v) for key, v in stored.items()}
        tag, *others = stored
        if others or tag not in RULES:
            raise ValueError(
                f"it holds a {short(tag)}, which this version of fastdl does not know."
            )
        return RULES[tag].restore(self, stored[tag])

    def take(self, name: Any) -> NDArray[Any]:
        """An array of the file."""
        if not isinstance(name, str) or name not in self._arrays:
            raise ValueError(f"{short(name)} is missing, or stands in two places.")
        return self._arrays.pop(name)


class Rule(NamedTuple):
    """How objects of some classes are stored and restored."""

    kinds: tuple[type, ...]
    store: Callable[[Encoder, Any, str], Any]
    restore: Callable[[Decoder, Any], Any]


def named(stored: Any, *names: str) -> list[Any]:
    """The values of a JSON object with exactly these names."""
    if not isinstance(stored, dict) or stored.keys() != set(names):
        raise ValueError(f"it holds {short(stored)} in place of {', '.join(names)}.")
    return [stored[name] for name in names]


# --- arrays


def _store_array(encoder: Encoder, array: Any, where: str) -> Any:
    """Numbers as they are, texts as the numbers of their characters, objects one by one."""
    if is_storable(array):
        return encoder.add(array, where)
    if array.dtype.kind == "U":
        codes = array.astype(array.dtype.newbyteorder("="), order="C")[..., np.newaxis]
        return {"text": encoder.add(codes.view(np.uint32), where)}
    if array.dtype.kind == "O":
        values = [encoder.encode(v, where) for v in array.ravel()]
        return {"shape": list(array.shape), "objects": values}
    raise TypeError(
        f"{where} is an array of dtype {array.dtype}, which cannot be saved; numbers, texts and "
        "objects can."
    )


def _restore_array(decoder: Decoder, stored: Any) -> Any:
    if isinstance(stored, str):
        return decoder.take(stored)
    if isinstance(stored, dict) and "text" in stored:
        (name,) = named(stored, "text")
        codes = decoder.take(name)
        if codes.dtype != np.uint32 or codes.ndim == 0 or codes.shape[-1] == 0:
            raise ValueError(f"{short(name)} is {short(codes)}; expected characters.")
        if codes.size and codes.max() > 0x10FFFF:
            raise ValueError(f"{short(name)} holds numbers that are no characters.")
        return codes.view(f"=U{codes.shape[-1]}")[..., 0]
    shape, values = named(stored, "shape", "objects")
    sizes = isinstance(shape, list) and all(type(n) is int and 0 <= n < 2**31 for n in shape)
    if not sizes or not isinstance(values, list) or math.prod(shape) != len(values):
        raise ValueError(f"it holds an array of shape {short(shape)} with other values.")
    array = np.empty(len(values), object)
    array[:] = [_scalar(decoder.decode(v)) for v in values]
    return array.reshape(shape)


def _scalar(value: Any) -> Any:
    if isinstance(value, (list, dict, np.ndarray)):
        raise ValueError(f"it holds {short(value)} as an element of an array.")
    return value


# --- scalars


def _code(dtype: np.dtype[Any], where: str) -> str:
    for code, text in DTYPES.items():
        if dtype.newbyteorder("<").str == text:
            return code
    raise TypeError(f"{where}={dtype!r} cannot be saved; expected a dtype of numbers.")


def _dtype(code: Any) -> np.dtype[Any]:
    if not isinstance(code, str) or code not in DTYPES:
        raise ValueError(f"it holds the dtype {short(code)}, which fastdl does not know.")
    return np.dtype(DTYPES[code])


def _store_scalar(encoder: Encoder, value: Any, where: str) -> Any:
    if isinstance(value, np.str_):
        return ["STR", str(value)]
    return [_code(value.dtype, where), encoder.encode(value.item(), where)]


def _restore_scalar(decoder: Decoder, stored: Any) -> Any:
    if not isinstance(stored, list) or len(stored) != 2:
        raise ValueError(f"it holds {short(stored)} in place of a dtype and a number.")
    code, value = stored[0], decoder.decode(stored[1])
    if code == "STR" and isinstance(value, str):
        return np.str_(value)
    dtype = _dtype(code)
    kinds: Any = {"b": bool, "f": (int, float)}.get(dtype.kind, int)
    if not isinstance(value, kinds) or (dtype.kind != "b" and isinstance(value, bool)):
        raise ValueError(f"it holds {short(value)} as a number of {dtype}.")
    if dtype.kind in "iu" and not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
        raise ValueError(f"it holds {short(value)} as a number of {dtype}.")
    return dtype.type(value)


def _restore_float(decoder: Decoder, stored: Any) -> float:
    if stored not in ("nan", "inf", "-inf"):
        raise ValueError(f"it holds {short(stored)} in place of nan, inf or -inf.")
    return float(stored)


# --- tuples, dictionaries with other keys than names, random states


def _restore_tuple(decoder: Decoder, stored: Any) -> Any:
    if not isinstance(stored, list):
        raise ValueError(f"it holds {short(stored)} in place of a list.")
    return tuple(decoder.decode(stored))


def _restore_dict(decoder: Decoder, stored: Any) -> Any:
    pairs = decoder.decode(stored)
    restored = {}
    if not isinstance(pairs, list):
        raise ValueError(f"it holds {short(pairs)} in place of keys and values.")
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], Hashable):
            raise ValueError(f"it holds {short(pair)} in place of a key and a value.")
        restored[pair[0]] = pair[1]
    return restored


def _store_random(encoder: Encoder, random: Any, where: str) -> Any:
    state = random.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        raise TypeError(
            f"{where} is a RandomState of {state['bit_generator']}, which cannot be saved; one of "
            "MT19937, which np.random.RandomState(seed) makes, can."
        )
    fields = {"key": state["state"]["key"], "pos": int(state["state"]["pos"])}
    fields |= {"has_gauss": int(state["has_gauss"]), "gauss": float(state["gauss"])}
    return encoder.encode(fields, where)


def _restore_random(decoder: Decoder, stored: Any) -> Any:
    fields = named(decoder.decode(stored), "key", "pos", "has_gauss", "gauss")
    key, pos, has_gauss, gauss = fields
    if not (
        isinstance(key, np.ndarray)
        and (key.dtype, key.shape) == (np.uint32, (624,))
        and (type(pos), type(has_gauss), type(gauss)) == (int, int, float)
        and 0 <= pos <= 624
        and has_gauss in (0, 1)
    ):
        raise ValueError("it holds a RandomState that cannot be one.")
    random = np.random.RandomState()
    random.set_state(("MT19937", key, pos, has_gauss, gauss))
    return random


# --- specs


def _store_spec(encoder: Encoder, spec: Any, where: str) -> Any:
    if type(spec) not in _SPEC_NAMES:
        families = [name for name, (base, _) in _FAMILIES.items() if isinstance(spec, base)]
        home = f"fastdl.{families[0] if families else 'layers'}"
        raise TypeError(
            f"{where}={spec!r} cannot be saved: {type(spec).__name__} is not one of {home}, and a "
            f"model file holds no code. Take one of {home}, or pickle the estimator."
        )
    if isinstance(spec, layers.Lambda):
        raise TypeError(
            f"{spec.who} in {where} cannot be saved: its function is code, and a model file holds "
            "none. Pickle the estimator, or build the layer from others of fastdl.layers."
        )
    fields = {
        name: encoder.encode(_as_lists(value), f"{where}.{name}")
        for name, value in spec.get_params(deep=False).items()
    }
    return {"class": _SPEC_NAMES[type(spec)], **fields}


def _as_lists(value: Any) -> Any:
    """Tuples as lists: a spec's constructor makes tuples of them."""
    return list(map(_as_lists, value)) if type(value) in (list, tuple) else value


def _store_own_loss(_encoder: Encoder, loss: Any, _where: str) -> Any:
    """Its name; the function is code."""
    return {"name": loss.name, "link": loss.link, "y": loss.y}


def _restore_own_loss(_decoder: Decoder, stored: Any) -> Any:
    name, link, y = named(stored, "name", "link", "y")
    if not all(isinstance(value, str) for value in (name, link, y)):
        raise ValueError(f"it holds the loss {short(stored)}.")
    loss = losses.Custom(losses.NotInFile(name), link=link, y=y)
    loss.check()
    return loss


def _restore_spec(decoder: Decoder, stored: Any) -> Any:
    if not isinstance(stored, dict) or stored.get("class") not in list(SPECS):
        name = stored.get("class") if isinstance(stored, dict) else stored
        raise ValueError(f"it holds a {short(name)}, which this version of fastdl does not have.")
    spec = SPECS[stored["class"]]
    if spec is layers.Lambda:
        raise ValueError("it holds a Lambda, whose function is code.")
    fields = {f.name: f for f in dataclasses.fields(spec)}
    values = {name: decoder.decode(value) for name, value in stored.items() if name != "class"}
    for name in values:
        if name not in fields:
            raise ValueError(f"{spec.__name__} has a field {short(name)}, which is not known.")
    for name, field in fields.items():
        if field.default is dataclasses.MISSING and name not in values:
            raise ValueError(f"{spec.__name__} has no field {name!r}.")
    return spec(**values)


_OBJECT = "OBJECT"  # of texts, in transformers of scikit-learn

# The first that fits is taken. `fastdl.io._estimators` adds that of estimators.
RULES: dict[str, Rule] = {
    "$array": Rule((np.ndarray,), _store_array, _restore_array),
    "$scalar": Rule((np.generic,), _store_scalar, _restore_scalar),
    "$float": Rule((float,), lambda _, value, where: repr(value), _restore_float),
    "$dtype": Rule(
        (np.dtype,),
        lambda _, value, where: _OBJECT if value.kind == "O" else _code(value, where),
        lambda _, stored: np.dtype(object) if stored == _OBJECT else _dtype(stored),
    ),
    "$tuple": Rule(
        (tuple,),
        lambda encoder, value, where: encoder.encode(list(value), where),
        _restore_tuple,
    ),
    "$dict": Rule(
        (dict,),
        lambda encoder, value, where: [
            [encoder.encode(k, where), encoder.encode(v, f"{where}.{k}")] for k, v in value.items()
        ],
        _restore_dict,
    ),
    "$own_loss": Rule((losses.Custom,), _store_own_loss, _restore_own_loss),
    "$spec": Rule((Spec,), _store_spec, _restore_spec),
    "$random": Rule((np.random.RandomState,), _store_random, _restore_random),
}
