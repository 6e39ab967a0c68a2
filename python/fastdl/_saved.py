"""What `to_dict` and `from_dict` share: parts of an estimator as plain data for a model file.

Plain data are None, bool, int, float, str, arrays, specs, and lists and dictionaries of them.
`to_dict` names what is kept, so that an attribute may be renamed and old files be read; `from_dict`
looks at every field, for a file may be damaged or made up.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastdl._rules import Rule, integer, is_integer

History = dict[str, list[float]]


class Form(Protocol):
    """How a part looks in a file: the part's class itself, or an object such as `Table`."""

    def to_dict(self, value: Any, /) -> Any:
        """Plain data."""

    def from_dict(self, stored: Any, /) -> Any:
        """What `to_dict` gave; ValueError for anything else."""


class Saved(NamedTuple):
    """How a file keeps a fitted attribute.

    Attributes
    ----------
    form : Rule or Form
        What may stand there, as it is; or how it is turned to plain data and back.
    name : str
        What it is called in the file, for good; "" is the attribute's own name.
    of_training : bool
        Whether it is needed to train on, but not to predict.
    always : bool
        Whether each fitted estimator of the class has it.
    """

    form: Rule | Form
    name: str = ""
    of_training: bool = False
    always: bool = False


def take(
    stored: Any, rules: Mapping[str, Rule], what: str, *, later: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The fields of a part, each looked at.

    Parameters
    ----------
    stored : Any
        From a file.
    rules : mapping
        One for each field, all of which must be there.
    what : str
        The part's name, for messages.
    later : mapping, optional
        Fields that older files lack, and what they had meant then.

    Raises
    ------
    ValueError
        For a field that is missing, not known, or not what its rule accepts.
    """
    if not isinstance(stored, dict):
        raise ValueError(f"{what} is {short(stored)}; expected its fields by name.")
    stored = {**(later or {}), **stored}
    for name in rules:
        if name not in stored:
            raise ValueError(f"{what} has no field {name!r}.")
    for name in stored:
        if name not in rules:
            raise ValueError(f"{what} has a field {short(name)}, which is not known.")
    return {name: read(rule, stored[name], f"{what}: {name}") for name, rule in rules.items()}


def read(rule: Rule, value: Any, what: str) -> Any:
    """The value of a field, if its rule accepts it.

    Raises
    ------
    ValueError
        If it does not.
    """
    if not rule.accepts(value):
        raise ValueError(f"{what} is {short(value)}; expected {rule.text}.")
    return rule.plain(value)


def short(value: object) -> str:
    """How messages show a value from a file."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    return reprlib.repr(value)


def _same(value: Any) -> Any:
    return value


def array(kinds: str, n_dims: int, text: str) -> Rule:
    """An array of so many dimensions, whose dtype is of one of these kinds."""
    return Rule(
        text,
        lambda v: isinstance(v, np.ndarray) and v.dtype.kind in kinds and v.ndim == n_dims,
        _same,
    )


def instance(kind: type, text: str, check: Callable[[Any], None] = _same) -> Rule:
    """An object of a class; `check` raises ValueError for what is wrong with it."""

    def accepted(value: Any) -> Any:
        check(value)
        return value

    return Rule(text, lambda v: isinstance(v, kind), accepted)


def spec(kind: type, text: str) -> Rule:
    """A spec of a family, whose fields are checked."""
    return instance(kind, text, lambda value: value.check())


def listed(rule: Rule, text: str) -> Rule:
    """A list whose items a rule accepts."""
    return Rule(
        text,
        lambda v: isinstance(v, (list, tuple)) and all(map(rule.accepts, v)),
        lambda v: list(map(rule.plain, v)),
    )


_LARGEST = 2**63
SIZE = integer("a positive integer below 2**31", 1)._replace(
    accepts=lambda v: is_integer(v) and 0 < v < 2**31
)
NATURAL = integer("an integer of 0 or more", 0)._replace(
    accepts=lambda v: is_integer(v) and 0 <= v < _LARGEST
)
ANYTHING = Rule("anything", lambda v: True, _same)
REAL = Rule("a number", lambda v: isinstance(v, Real) and not isinstance(v, bool), float)
TEXT = Rule("a text", lambda v: isinstance(v, str), str)
TEXT_OR_INTEGER = Rule("a text or an integer", lambda v: isinstance(v, str) or is_integer(v), _same)
ARRAYS = Rule(
    "arrays by name",
    lambda v: isinstance(v, dict) and all(isinstance(a, np.ndarray) for a in v.values()),
    dict,
)
SHAPE = listed(SIZE, "positive integers")._replace(plain=tuple)
VECTOR = array("f", 1, "an array of one dimension")
MATRIX = array("f", 2, "an array of two dimensions")
NAMES = array("O", 1, "an array of texts")._replace(
    accepts=lambda v: (
        isinstance(v, np.ndarray)
        and v.dtype.kind == "O"
        and v.ndim == 1
        and all(isinstance(name, str) for name in v)
    )
)


class Table(NamedTuple):
    """The form of a history with these columns, "epoch" and "seconds" among them."""

    columns: tuple[str, ...]

    def to_dict(self, table: History) -> dict[str, NDArray[np.float64]]:
        """Columns of one length; how long it took is not the model's."""
        return {column: np.array(table[column], np.float64) for column in self._kept()}

    def from_dict(self, stored: Any) -> History:
        """What `to_dict` gave, nan for "seconds"; ValueError for anything else."""
        rules = dict.fromkeys(self._kept(), VECTOR)
        found = take(stored, rules, "history")
        n_rows = len(found["epoch"])
        if any(len(values) != n_rows for values in found.values()):
            raise ValueError("history: its columns differ in length.")
        if not np.isfinite(found["epoch"]).all():
            raise ValueError("history: epoch holds what is no number.")
        found["seconds"] = np.full(n_rows, np.nan)
        table = {column: found[column].tolist() for column in self.columns}
        return {**table, "epoch": [int(epoch) for epoch in table["epoch"]]}

    def _kept(self) -> list[str]:
        return [column for column in self.columns if column != "seconds"]


class Tables(NamedTuple):
    """The form of a list of histories."""

    columns: tuple[str, ...]

    def to_dict(self, tables: list[History]) -> list[Any]:
        """Each by columns."""
        return list(map(Table(self.columns).to_dict, tables))

    def from_dict(self, stored: Any) -> list[History]:
        """What `to_dict` gave; ValueError for anything else."""
        if not isinstance(stored, list):
            raise ValueError(f"histories are {short(stored)}; expected a list.")
        return list(map(Table(self.columns).from_dict, stored))
