"""A model as text: names of a closed list, called with values. Nothing is evaluated."""

from __future__ import annotations

import ast
from difflib import get_close_matches
from typing import Any

from fastdl._spec import Spec
from fastdl.command_line.errors import CallError


def _known() -> dict[str, Any]:
    """All names that may be called."""
    from sklearn.pipeline import make_pipeline

    from fastdl import initializers, layers, losses, optim, schedules
    from fastdl.io._estimators import ESTIMATORS
    from fastdl.io._pipelines import CLASSES

    found: dict[str, Any] = {**CLASSES, **ESTIMATORS, "make_pipeline": make_pipeline}
    for module in (layers, losses, optim, schedules, initializers):
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, Spec):
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = value
                if module is layers:
                    found[f"L.{name}"] = value
    return found


def model_of(text: str) -> Any:
    """The unfitted estimator, or pipeline, that a text stands for.

    Raises
    ------
    CallError
        If it is no call of a known name with plain values.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CallError(f"--model {text!r} cannot be read: {error}") from error
    known = _known()
    if isinstance(tree, (ast.Name, ast.Attribute)):
        tree = ast.Call(tree, [], [])
    model = _value(tree, known) if isinstance(tree, ast.Call) else None
    if not hasattr(model, "fit") or getattr(model, "steps", True) == []:
        raise CallError(
            f"--model {text!r} is no estimator; expected one such as "
            '"CNNClassifier(conv_layer_sizes=(32, 64))".'
        )
    return model


def _value(node: ast.expr, known: dict[str, Any]) -> Any:
    if isinstance(node, ast.Call):
        return _called(node, known)
    if isinstance(node, ast.List):
        return [_value(item, known) for item in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(item, known) for item in node.elts)
    if isinstance(node, ast.Dict):
        keys = [_literal(key) for key in node.keys]
        return dict(zip(keys, (_value(v, known) for v in node.values), strict=True))
    return _literal(node)


def _literal(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node)  # type: ignore[arg-type]
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        shown = "**" if node is None else ast.unparse(node)
        raise CallError(
            f"--model: {shown} is no plain value; expected numbers, texts, True, False, None, and "
            "lists of them."
        ) from error


def _called(node: ast.Call, known: dict[str, Any]) -> Any:
    name = ast.unparse(node.func)
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise CallError(f"--model: {name} is no estimator, layer or optimizer of fastdl.{hint}")
    if any(keyword.arg is None for keyword in node.keywords):
        raise CallError("--model: ** is not taken.")
    values = [_value(argument, known) for argument in node.args]
    named = {keyword.arg or "": _value(keyword.value, known) for keyword in node.keywords}
    try:
        return known[name](*values, **named)
    except (TypeError, ValueError) as error:
        raise CallError(f"--model: {name}: {error}") from error
