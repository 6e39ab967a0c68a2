"""Model cards: what a model is, how good it is, and how to load it, as Markdown."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.validation import check_is_fitted

from fastdl._core import __version__
from fastdl.io import _scores

_MOST_EPOCHS = 12  # rows of the training curve
_COLUMNS = ("epoch", "loss", "val_loss", "score", "val_score", "reconstruction_error")
_BAR = 20  # characters of the largest loss


def model_card(
    estimator: Any,
    X: Any = None,
    y: Any = None,
    *,
    title: str | None = None,
    file: str = "model.safetensors",
) -> str:
    """A model card in Markdown, with the metadata block that the Hugging Face hub reads.

    Only text is made: nothing is written or uploaded. What a card should say beyond it (what the
    data are, what the model must not be used for) has a heading and an empty line.

    Parameters
    ----------
    estimator : fitted estimator of fastdl, or Pipeline
    X, y : array-like, optional
        Samples that were not learnt from, and their answers: scores of them are in the card.
    title : str, optional
        The name of the class if not given.
    file : str, default="model.safetensors"
        What the model file is called where the card lies beside it.

    Returns
    -------
    str

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import fastdl
    >>> X, y = load_iris(return_X_y=True)
    >>> card = fastdl.io.model_card(fastdl.SoftmaxRegression().fit(X, y), X, y)
    >>> card.splitlines()[1:6]
    ['library_name: fastdl', 'tags:', '- fastdl', '- sklearn', '- tabular-classification']
    """
    last = _scores.last_step(estimator)
    check_is_fitted(last)
    title = title or type(last).__name__
    task, scores = _task(last), {} if X is None else _scores.scores(estimator, X, y)
    parts = [
        _metadata(title, task, scores),
        f"# {title}",
        f"A `{type(last).__name__}` of fastdl {__version__}, for {task.replace('-', ' ')}.",
        "## How to load it",
        f'```python\nimport fastdl\n\nmodel = fastdl.load("{PurePath(file).name}")\n'
        "model.predict(X)\n```",
        "## Evaluation",
        _table(("metric", "value"), [(k, f"{v:.4g}") for k, v in scores.items()])
        if scores
        else "Not evaluated.",
        *_if("## Classes", _classes(last)),
        "## Model",
        f"```text\n{estimator!r}\n```",
        *_if("### Network", _summary(last)),
        *_if("## Training", _curve(last)),
        "## Data\n\n## Intended use and limits",
    ]
    return "\n\n".join(parts) + "\n"


def _if(heading: str, text: str) -> list[str]:
    return [heading, text] if text else []


def _metadata(title: str, task: str, scores: dict[str, float]) -> str:
    """The YAML block of the hub; JSON texts are YAML."""
    lines = ["---", "library_name: fastdl", "tags:", "- fastdl", "- sklearn", f"- {task}"]
    if scores:
        lines += ["metrics:", *(f"- {name}" for name in scores), "model-index:"]
        lines += [f"- name: {title!r}", "  results:", "  - task:", f"      type: {task}"]
        lines += ["    metrics:"]
        for name, value in scores.items():
            lines += [f"    - type: {name}", f"      value: {value:.6g}"]
    return "\n".join([*lines, "---"])


def _task(estimator: Any) -> str:
    shape = getattr(estimator, "input_shape_", None)
    what = "tabular"
    if hasattr(estimator, "symbols_"):
        what = "text"
    elif shape is not None and len(shape) == 3:
        what = "image"
    elif shape is not None and len(shape) == 2:
        what = "sequence"
    if is_classifier(estimator):
        return f"{what}-classification"
    if hasattr(estimator, "classes_"):  # of every symbol, or step
        return "token-classification" if what == "text" else f"{what}-labelling"
    return f"{what}-regression" if is_regressor(estimator) else "feature-extraction"


def _classes(estimator: Any) -> str:
    classes = getattr(estimator, "classes_", None)
    return "" if classes is None else ", ".join(f"`{c}`" for c in classes.tolist())


def _summary(estimator: Any) -> str:
    return f"```text\n{estimator.summary()}\n```" if hasattr(estimator, "summary") else ""


def _curve(estimator: Any) -> str:
    """Some epochs of the history, with a bar for the loss."""
    history = getattr(estimator, "history_", None) or {}
    columns = [c for c in _COLUMNS if len(history.get(c, ())) and not np.isnan(history[c]).all()]
    if "epoch" not in columns or len(columns) < 2:
        return ""
    n = len(history["epoch"])
    rows = np.unique(np.linspace(0, n - 1, min(n, _MOST_EPOCHS)).round().astype(int))
    watched = np.asarray(history[columns[1]], np.float64)
    most = np.nanmax(np.abs(watched)) or 1.0
    cells = []
    for i in rows:
        values = [f"{history['epoch'][i]:.0f}", *(f"{history[c][i]:.4g}" for c in columns[1:])]
        bar = abs(watched[i]) / most if np.isfinite(watched[i]) else 0
        cells.append((*values, "#" * round(_BAR * bar)))
    return _table((*columns, ""), cells)


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
