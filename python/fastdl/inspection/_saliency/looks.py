"""Maps by several methods, with what is needed to draw them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl.inspection._saliency.answers import asked, classes_of, columns
from fastdl.inspection._saliency.behind import is_coder, parted
from fastdl.inspection._saliency.forms import form_of, listed


class Looks(NamedTuple):
    """What a picture of saliency shows."""

    images: NDArray[Any] | None  # (n, height, width, channels)
    maps: dict[str, Any]  # by method
    answers: list[str]  # what is asked about
    cells: list[list[str]] | None  # symbols
    names: list[str] | None  # features


def looks(
    saliency: Callable[..., Any],
    estimator: Any,
    X: Any,
    y: Any,
    methods: Sequence[str],
    lengths: Any,
    image_shape: Any,
    words: dict[str, dict[str, Any]],
) -> Looks:
    """Saliency by each method, `words` being the further words of each."""
    steps, final = parted(estimator)
    maps = {
        method: saliency(
            estimator,
            X,
            y,
            method=method,
            lengths=lengths,
            image_shape=image_shape,
            **words[method],
        )
        for method in methods
    }
    answers = _answers(estimator, final, X, y, lengths)
    form = form_of(final, X, lengths, image_shape)
    if form.name == "images":
        return Looks(np.asarray(X).reshape(-1, *form.shape), maps, answers, None, None)
    if form.name == "rows":
        return Looks(None, maps, answers, None, _names(X, estimator))
    if form.name == "symbols":
        reading = None if steps else final._inputs.reading
        symbols = [x if reading is None else reading.symbols(x) for x in listed(X, lengths)]
        return Looks(None, maps, answers, [list(map(str, x)) for x in symbols], None)
    sequences = [len(x) for x in listed(X, lengths)]
    cut = {
        method: [np.asarray(m)[:n] for m, n in zip(found, sequences, strict=True)]
        for method, found in maps.items()
    }
    return Looks(None, cut, answers, None, None)


def _answers(estimator: Any, final: Any, X: Any, y: Any, lengths: Any) -> list[str]:
    """The class asked about with its probability, the output with its value."""
    values = asked(estimator, final, X, lengths)
    column = columns(final, y, values)
    found = values[np.arange(len(values)), column]
    classes = classes_of(final)
    if classes is None and not hasattr(final, "classes_"):
        several = values.shape[1] > 1
        what = "unit " if is_coder(final) else "output "
        return [
            f"{f'{what}{j}: ' if several else ''}{value:.3g}"
            for j, value in zip(column, found, strict=True)
        ]
    labels = column.tolist() if classes is None else classes[column].tolist()
    if not hasattr(final, "predict_proba"):
        return [str(label) for label in labels]
    return [f"{label} ({p:.0%})" for label, p in zip(labels, found, strict=True)]


def _names(X: Any, estimator: Any) -> list[str]:
    names = getattr(X, "columns", None)
    names = getattr(estimator, "feature_names_in_", None) if names is None else names
    n = X.shape[1] if hasattr(X, "shape") else np.shape(X)[1]
    return [str(name) for name in (range(n) if names is None else names)]
