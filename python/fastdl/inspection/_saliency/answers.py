"""Which of its answers an estimator is asked about, one for each sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl.inspection._saliency.behind import is_coder

_ANSWERS = ("binary", "multiclass", "multilabel", "continuous", "input", "identity")


def check_of_samples(final: Any, what: str = "saliency") -> None:
    """Raise ValueError where a sample has no one class, number or code."""
    of, name = getattr(final, "_answers_for", "samples"), type(final).__name__
    kind = getattr(getattr(final, "_targets", None), "kind", "continuous")
    if of != "samples":
        raise ValueError(
            f"this {name} has an answer for each of the {of} of a sample; {what} is of one answer "
            "for each sample."
        )
    if kind not in _ANSWERS or not (hasattr(final, "predict") or hasattr(final, "transform")):
        raise ValueError(
            f"{name} answers with other things than classes and numbers; {what} is of one answer "
            "for each sample."
        )


def classes_of(final: Any) -> NDArray[Any] | None:
    """The labels that it chooses one of; None if it gives numbers or indicators."""
    targets = getattr(final, "_targets", None)
    if targets is not None and targets.kind not in ("binary", "multiclass"):
        return None
    classes = getattr(final, "classes_", None)
    return None if classes is None or isinstance(classes, list) else np.asarray(classes)


def columns(final: Any, y: Any, scores: NDArray[Any]) -> NDArray[np.int64]:
    """The column of `scores` (n, n_answers) that each sample is about.

    Parameters
    ----------
    final : estimator
    y : None, a label or number of an output, or an array-like (n,) of them
        None: the class with the largest score, or the only number.
    scores : ndarray of shape (n, n_answers)

    Raises
    ------
    ValueError
        For y that is no class, no output, or not needed but of another length.
    """
    n, n_answers = scores.shape
    classes, name = classes_of(final), type(final).__name__
    if y is None:
        if n_answers > 1 and (is_coder(final) or not hasattr(final, "classes_")):
            what = "units in its code" if hasattr(final, "reconstruct") else "outputs"
            raise ValueError(
                f"this {name} has {n_answers} {what}: say which one you ask about, y=0 to "
                f"y={n_answers - 1}."
            )
        return scores.argmax(axis=1)
    given = np.asarray(y)
    if given.ndim > 1 or (given.ndim == 1 and len(given) != n):
        what = "label" if classes is not None else "output"
        raise ValueError(
            f"y has shape {given.shape}; expected one {what} for all samples, or ({n},), one for "
            "each."
        )
    given = np.broadcast_to(given, (n,))
    if classes is not None:
        return places(given, classes, name)
    if given.dtype.kind not in "iu" or given.min() < 0 or given.max() >= n_answers:
        raise ValueError(
            f"y={y!r}; expected the number of an output of this {name}, 0 to {n_answers - 1}, or "
            "one for each sample."
        )
    return given.astype(np.int64)


def places(y: NDArray[Any], classes: NDArray[Any], name: str) -> NDArray[np.int64]:
    """Where labels stand among the classes; ValueError for one that is none of them."""
    where = {label: i for i, label in enumerate(classes.tolist())}
    unknown = [label for label in y.tolist() if label not in where]
    if unknown:
        raise ValueError(
            f"y holds {unknown[0]!r}, which is none of the classes of this {name}: "
            f"{', '.join(map(repr, classes.tolist()[:10]))}{' ...' if len(classes) > 10 else ''}."
        )
    return np.array([where[label] for label in y.tolist()], np.int64)


def per_class(outputs: NDArray[Any], n_classes: int) -> NDArray[Any]:
    """Outputs before the link, (n, 1) of two classes as (n, 2): minus the score, and the score."""
    return np.hstack([-outputs, outputs]) if n_classes == 2 > outputs.shape[1] else outputs


def one_hot(rows: NDArray[np.int64], like: NDArray[Any]) -> NDArray[Any]:
    """1 in the column of each row, of the shape and type of an array."""
    found = np.zeros_like(like)
    found[np.arange(len(rows)), rows] = 1
    return found


def asked(estimator: Any, final: Any, X: Any, lengths: ArrayLike | None) -> NDArray[np.float64]:
    """Probabilities, else scores, else numbers of an estimator or pipeline: (n, n_answers).

    Raises
    ------
    ValueError
        If what it answers with is none of these.
    """
    more = {} if lengths is None else {"lengths": lengths}
    if is_coder(final):
        return _numbers(final, estimator.transform(X, **more))
    if not hasattr(final, "classes_"):
        return _numbers(final, estimator.predict(X, **more))
    if hasattr(final, "predict_proba"):
        found = estimator.predict_proba(X, **more)
        if isinstance(found, list):  # of scikit-learn's classifiers of several labels
            found = np.column_stack([p[:, -1] for p in found])
        return np.asarray(found, np.float64)
    scores = np.asarray(estimator.decision_function(X, **more), np.float64)
    return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores


def _numbers(final: Any, answers: Any) -> NDArray[np.float64]:
    """Answers (n, ...) as rows."""
    try:
        values = np.asarray(answers, np.float64)
    except (TypeError, ValueError):
        name = type(final).__name__
        raise ValueError(
            f"{name} answers with other things than classes and numbers; saliency is of one answer "
            "for each sample."
        ) from None
    return values.reshape(len(values), -1)
