"""What is written into the boxes of a network, and how wide that is."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastdl.layers import Layer

_LEFT_OUT = {
    "activation",
    "alpha",
    "bias",
    "layer",
    "lr_multiplier",
    "name",
    "padding",
    "return_sequences",
    "trainable",
}
_WINDOWS = ("kernel_size", "size")
_SHOWN = ("rate",)  # whatever their value is


def described(layer: Layer) -> str:
    """A layer in a few words: ``Conv2D 16, 3x3, stride 2``."""
    fields = {f.name: f for f in dataclasses.fields(layer)}
    if "function" in fields:
        return str(getattr(layer, "function"))  # noqa: B009 (only activations have it)
    words = []
    for name, field in fields.items():
        value = getattr(layer, name)
        if name in _LEFT_OUT or name.endswith("_init") or isinstance(value, Layer):
            continue
        if name in _WINDOWS and not layer.follows:
            words.append(_window(layer, value))
        elif field.default is dataclasses.MISSING or name in _SHOWN:
            words += [] if _holds_layers(value) else [_value(value)]
        elif _one(value) != field.default and not _holds_layers(value):
            key = name.replace("_", " ")
            words.append(key if value is True else f"{key} {_value(_one(value))}")
    inner = getattr(layer, "layer", None)
    title = type(layer).__name__
    if isinstance(inner, Layer):
        words.insert(0, described(inner))
    fixed = ["frozen"] if getattr(layer, "trainable", True) is False else []
    return " ".join([title, ", ".join([*words, *fixed])]).strip()


def _holds_layers(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(_holds_layers, value))
    return isinstance(value, Layer)


def _one(value: Any) -> Any:
    """The number that stands for a pair of equal ones."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def _window(layer: Layer, value: Any) -> str:
    if isinstance(value, int) and not layer.kind.endswith("1d"):
        value = (value, value)
    return _value(value)


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return "x".join(map(_value, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def shape_text(shape: tuple[int, ...]) -> str:
    """As in summaries: 32x32x16."""
    return "x".join(map(str, shape))


def count_text(count: int) -> str:
    """As in summaries, nothing for none."""
    return f"{count:,} parameters" if count else ""


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is at most in common sans-serif fonts, in pixels."""
    total = 0.0
    for character in text:
        if character in "ilj.,:;'|!ft() ":
            total += 0.34
        elif character in "mwMW%@":
            total += 0.9
        elif character.isupper():
            total += 0.7
        else:
            total += 0.58
    return total * size * (1.14 if bold else 1.0)
