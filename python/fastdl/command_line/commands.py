"""The commands, each a function of its arguments."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import Parameter, signature
from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.pipeline import Pipeline

import fastdl
from fastdl.command_line.data import Data, read
from fastdl.command_line.errors import CallError, DataError
from fastdl.command_line.models import model_of
from fastdl.command_line.result import Result
from fastdl.io import _atomic
from fastdl.io._scores import last_step, scores


def train(a: Any) -> Result:
    """Fit a model on the data, and save it."""
    _refuse_json_beside(a, a.out)
    if a.data == a.validate == "-":
        raise CallError("DATA and --validate cannot both come from stdin.")
    model = model_of(a.model)
    supervised = _needs_y(model)
    options = {"target": a.target, "needs_y": supervised, "model": model}
    options["labels"] = not is_regressor(model)
    data = read(a.data, a, **options)
    own = read(a.validate, a, **options) if a.validate else None
    shows = sys.stderr.isatty() and _set_verbose(model, False, True)
    start = time.perf_counter()
    model.fit(data.X, *([data.y] if supervised else []), **_beside(model, data, own))
    seconds = time.perf_counter() - start
    last = last_step(model)
    n_epochs = getattr(last, "n_iter_", None)
    if a.seen["interrupted"] and n_epochs == 0:
        raise KeyboardInterrupt
    if shows:
        _set_verbose(model, True, False)
    with _written(a.out) as file:
        fastdl.io.save(model, file, optimizer=not a.no_optimizer)
    facts: dict[str, Any] = {
        "command": "train",
        "model": type(last).__name__,
        "n_samples": len(data.X),
        "sample_shape": list(np.shape(data.X)[1:]),
        "n_epochs": None if n_epochs is None else int(n_epochs),
        "n_parameters": _int(getattr(last, "n_parameters_", None)),
        "loss": _float(getattr(last, "loss_", None)),
        "validation_score": _last(getattr(last, "validation_scores_", None)),
        "seconds": round(seconds, 3),
        "out": a.out,
    }
    if hasattr(last, "classes_"):
        facts["classes"] = last.classes_.tolist()
    text = f"{facts['model']}: {facts['n_samples']:,} samples, {seconds:.1f} s"
    text += f", {n_epochs} epochs" if n_epochs is not None else ""
    text += f", loss {facts['loss']:.4g}" if facts["loss"] is not None else ""
    score = facts["validation_score"]
    text += f", validation score {score:.4g}" if score is not None else ""
    return Result(f"{text}; saved as {a.out}", facts, on_stderr=True)


def predict(a: Any) -> Result:
    """Predictions as CSV, a row for each sample."""
    model = _loaded(a)
    if a.proba and not hasattr(model, "predict_proba"):
        raise CallError(f"{a.model} gives no probabilities: leave --proba out.")
    if not hasattr(model, "predict"):
        raise DataError(f"{a.model} holds {type(model).__name__}, which predicts nothing.")
    data = read(a.data, a, target=a.target, model=model)
    lengths = {} if data.lengths is None else {"lengths": data.lengths}
    found = (model.predict_proba if a.proba else model.predict)(data.X, **lengths)
    nested = _nested(found)
    rows = _rows(nested)
    names = _names_of(model, a.proba, max(len(row) for row in rows))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    table.writerows(row + [""] * (len(names) - len(row)) for row in rows)
    facts = {"command": "predict", "names": names, "predictions": nested, "out": a.out}
    if a.out == "-":
        return Result(text.getvalue().rstrip("\n"), facts)
    with _written(a.out) as file:
        _atomic.write(file, [text.getvalue().encode()])
    return Result(f"{len(rows):,} predictions saved as {a.out}", facts, on_stderr=True)


def evaluate(a: Any) -> Result:
    """How good a model is on data, with answers where it learns from them."""
    model = _loaded(a)
    if not hasattr(model, "score"):
        raise DataError(f"{a.model} holds {type(model).__name__}, which has no scores.")
    options = {"target": a.target, "needs_y": _needs_y(model), "model": model}
    data = read(a.data, a, **options, labels=not is_regressor(model))
    found = scores(model, data.X, data.y if options["needs_y"] else None, data.lengths)
    facts = {"command": "evaluate", "n_samples": len(data.X), **found}
    lines = [f"{name:24} {value:.6g}" for name, value in facts.items() if name != "command"]
    return Result("\n".join(lines), facts)


def export(a: Any) -> Result:
    """A model as ONNX."""
    _refuse_json_beside(a, a.onnx)
    model = _loaded(a)
    written = fastdl.to_onnx(model, opset=a.opset)
    content = written.SerializeToString()
    with _written(a.onnx) as file:
        _atomic.write(file, [content])
    facts = {"command": "export", "bytes": len(content), "out": a.onnx}
    facts["opset"] = {o.domain or "ai.onnx": o.version for o in written.opset_import}
    text = f"{len(written.graph.node)} operators, {len(content):,} bytes; saved as {a.onnx}"
    return Result(text, facts, on_stderr=True)


# --- what they share


def _refuse_json_beside(a: Any, out: str) -> None:
    if a.json and out == "-":
        raise CallError("stdout cannot take both the file and --json: write the file to a path.")


def _needs_y(model: Any) -> bool:
    """Whether the last step learns from answers."""
    return signature(last_step(model).fit).parameters["y"].default is Parameter.empty


def _loaded(a: Any) -> Any:
    if a.model == "-":
        if getattr(a, "data", "") == "-":
            raise CallError("MODEL and DATA cannot both come from stdin.")
        return fastdl.load(sys.stdin.buffer)
    return fastdl.load(a.model)


@contextmanager
def _written(where: str) -> Iterator[Any]:
    """A path, or stdout's bytes."""
    if where != "-":
        yield where
        return
    out = sys.__stdout__
    assert out is not None
    yield out.buffer
    out.buffer.flush()


def _set_verbose(model: Any, before: bool, after: bool) -> bool:
    """Let the last step tell of its epochs, or no more; whether it was as before."""
    last = last_step(model)
    is_so = last.get_params(deep=False).get("verbose", 0) is before
    if is_so:
        last.set_params(verbose=after)
    return is_so


def _beside(model: Any, data: Data, own: Data | None) -> dict[str, Any]:
    """Lengths and the validation set, as fit has them."""
    if isinstance(model, Pipeline):
        if data.lengths is not None or own is not None:
            raise CallError("lengths and --validate need a model that is no pipeline.")
        return {}
    found: dict[str, Any] = {}
    if data.lengths is not None:
        found["lengths"] = data.lengths
    if own is not None:
        found["X_val"] = own.X
        if _needs_y(model):
            found["y_val"] = own.y
        if own.lengths is not None:
            found["lengths_val"] = own.lengths
    return found


def _nested(found: Any) -> list[Any]:
    """Predictions as lists of lists."""
    found = found.toarray() if hasattr(found, "toarray") else found
    is_even = isinstance(found, np.ndarray) and found.dtype != object
    return found.tolist() if is_even else [np.asarray(row).tolist() for row in found]


def _rows(nested: list[Any]) -> list[list[Any]]:
    """The same as rows of a table, which differ in length where sequences do."""
    if nested and not isinstance(nested[0], list):
        return [[value] for value in nested]
    return [np.asarray(row).reshape(-1).tolist() for row in nested]


def _names_of(model: Any, proba: bool, n: int) -> list[str]:
    """Of n columns: classes, of each step where samples have several answers."""
    if proba:
        labels = [str(label) for label in model.classes_]
        if n <= len(labels):
            return labels
        return [f"{label}_{i}" for i in range(n // len(labels)) for label in labels]
    return ["prediction"] if n <= 1 else [f"prediction_{i}" for i in range(n)]


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _int(value: Any) -> int | None:
    return None if value is None else int(value)


def _last(values: Any) -> float | None:
    return float(values[-1]) if values is not None and len(values) else None
