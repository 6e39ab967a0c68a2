"""What the fields of a spec may hold: a rule is a sentence, a test, and the way to plain data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

from fastdl._other_names import meant


class Rule(NamedTuple):
    """What a field may hold."""

    text: str  # ends the sentence "expected ..."
    accepts: Callable[[Any], bool]
    plain: Callable[[Any], Any]  # an accepted value as bool, int, float, str, None or lists of them
    choices: tuple[str, ...] = ()  # the names among the accepted values, for "did you mean"

    def complaint(self, field: str, value: object) -> str:
        """The sentence for a value that is not accepted."""
        if isinstance(value, str) and self.choices:
            return unknown(field, value, self.choices)
        counted = "integer" in self.text and "2**" not in self.text
        below = ", below 2**31" if counted and _is_large(value) else ""
        return f"{field}={value!r}; expected {self.text}{below}."


def unknown(field: str, value: str, choices: Iterable[str]) -> str:
    """`field='rleu' is not known. Did you mean 'relu'? Choose from ...`."""
    listed = list(choices)
    close = meant(value, listed)
    hint = "" if close is None else f" Did you mean {close!r}?"
    return f"{field}={value!r} is not known.{hint} Choose from {', '.join(map(repr, listed))}."


def is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer above all floats
        return False


LARGEST = 2**31 - 1  # the core's integers have 32 bits


def _is_large(value: object) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_is_large, value))
    return isinstance(value, Integral) and abs(int(value)) > LARGEST


def _is_integers(value: object, length: int, least: int) -> bool:
    return (
        isinstance(value, Sequence)
        and len(value) == length
        and all(is_integer(v) and least <= v <= LARGEST for v in value)
    )


def integer(text: str, least: int, most: int = LARGEST) -> Rule:
    """An integer from `least` to `most`."""
    return Rule(text, lambda v: is_integer(v) and least <= v <= most, int)


def number(text: str, accepts: Callable[[float], bool]) -> Rule:
    """A finite number that passes a test."""
    return Rule(text, lambda v: is_number(v) and accepts(v), float)


def optional(rule: Rule) -> Rule:
    """The rule's values or None."""
    return Rule(
        f"None or {rule.text}",
        lambda v: v is None or rule.accepts(v),
        lambda v: None if v is None else rule.plain(v),
        rule.choices,
    )


def choice(*names: str) -> Rule:
    """One of some names."""
    text = "one of " + ", ".join(map(repr, names))
    return Rule(text, lambda v: isinstance(v, str) and v in names, str, names)


def _plain_padding(value: Any) -> str | list[int]:
    if isinstance(value, str):
        return value
    if is_integer(value):
        return [int(value)] * 4
    (top, bottom), (left, right) = ((v, v) if is_integer(v) else v for v in value)
    return [int(top), int(bottom), int(left), int(right)]


def _is_padding(value: object) -> bool:
    if isinstance(value, str):
        return value in ("valid", "same")
    if isinstance(value, Sequence):
        return _is_integers(value, 2, 0) or (
            len(value) == 2 and all(_is_integers(side, 2, 0) for side in value)
        )
    return _is_integers((value,), 1, 0)


POSITIVE_INTEGER = integer("a positive integer", 1)
ODD = Rule(
    "an odd positive integer", lambda v: is_integer(v) and 0 < v <= LARGEST and v % 2 == 1, int
)
COUNT = integer("an integer of 0 or more", 0)
SEED = integer("an integer from 0 to 2**64 - 1", 0, 2**64 - 1)
POSITIVE = number("a positive number", lambda v: v > 0)
NOT_NEGATIVE = number("a number of 0 or more", lambda v: v >= 0)
FRACTION = number("a number from 0 to below 1", lambda v: 0 <= v < 1)
PART = number("a number between 0 and 1", lambda v: 0 < v < 1)
UNIT = number("a number from 0 to 1", lambda v: 0 <= v <= 1)
NUMBER = number("a finite number", lambda v: True)
FLAG = Rule("True or False", lambda v: isinstance(v, bool), bool)
PAIR = Rule(
    "a positive integer or a pair of them",
    lambda v: _is_integers((v,), 1, 1) or _is_integers(v, 2, 1),
    lambda v: [int(v)] * 2 if is_integer(v) else [int(v[0]), int(v[1])],
)
PAIR_OF_COUNTS = Rule(
    "an integer of 0 or more or a pair of them",
    lambda v: _is_integers((v,), 1, 0) or _is_integers(v, 2, 0),
    PAIR.plain,
)
PADDING = Rule(
    "'valid', 'same', or integers of 0 or more: one, (height, width), "
    "or ((top, bottom), (left, right))",
    _is_padding,
    _plain_padding,
    ("valid", "same"),
)
SIDES = Rule(
    "integers of 0 or more: one, (height, width), or ((top, bottom), (left, right))",
    lambda v: not isinstance(v, str) and _is_padding(v),
    _plain_padding,
)
INPUT_SHAPE = Rule(
    "(features,), (steps, features) or (height, width, channels), positive integers",
    lambda v: any(_is_integers(v, rank, 1) for rank in (1, 2, 3)),
    lambda v: [int(d) for d in v],
)
SIZES = Rule(
    "a sequence of positive integers",
    lambda v: isinstance(v, Sequence) and len(v) > 0 and _is_integers(v, len(v), 1),
    lambda v: [int(size) for size in v],
)
SHAPE = Rule(
    "(features,) or (height, width, channels), positive integers",
    lambda v: _is_integers(v, 1, 1) or _is_integers(v, 3, 1),
    lambda v: [int(d) for d in v],
)
