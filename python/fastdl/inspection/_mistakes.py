"""Where an estimator is most wrong."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl._sklearn import _safe_indexing
from fastdl.inspection._saliency.answers import asked, check_of_samples, classes_of, places
from fastdl.inspection._saliency.behind import is_coder, parted
from fastdl.inspection._saliency.forms import form_of, listed
from fastdl.inspection._saliency.loaded import unpacked


class Mistakes(NamedTuple):
    """Samples that an estimator gets wrong, the worst first.

    Attributes
    ----------
    indices : ndarray of shape (n_mistakes,)
        Of the samples in X.
    y_true, y_pred : ndarray of shape (n_mistakes, ...) or None
        What was to be answered, and what was. Of autoencoders both are None.
    losses : ndarray of shape (n_mistakes,)
        How bad each is.
    n_wrong, n_samples : int
        Of all samples. Of numbers, which are hardly ever exact, all count as wrong.
    """

    indices: NDArray[np.int64]
    y_true: NDArray[Any] | None
    y_pred: NDArray[Any] | None
    losses: NDArray[np.float64]
    n_wrong: int
    n_samples: int


def worst_mistakes(
    estimator: Any, X: Any, y: Any = None, *, n: int | None = None, lengths: Any = None
) -> Mistakes:
    """The samples that a fitted estimator gets wrong, the worst first.

    Parameters
    ----------
    estimator : estimator, pipeline, search or Network
        Fitted, with one answer for each sample.
    X : as for its predict
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        What was to be answered. Autoencoders need none.
    n : int, default=None
        How many at most; None is all of them.
    lengths : array-like of int of shape (n_samples,), default=None
        How many steps of padded sequences are real.

    Returns
    -------
    Mistakes
        Of classes, those that are wrong, by -log of the probability that the true class was given
        (or, without probabilities, by how far its score is below the largest); of indicators the
        sum over the columns. Of numbers by the absolute error, over several outputs its Euclidean
        norm; of autoencoders and Boltzmann machines by the error of what they give back, for y of
        the shape of X from y.

    Raises
    ------
    ValueError
        For y of another length or with labels that are no classes.
    """
    estimator, X, _ = unpacked(estimator, X)
    steps, final = parted(estimator)
    check_of_samples(final, "worst_mistakes")
    more = {} if lengths is None else {"lengths": lengths}
    if y is None or is_coder(final):
        return _of_autoencoder(steps, final, X, y, n)
    y_true, y_pred = np.asarray(y), np.asarray(_dense(estimator.predict(X, **more)))
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"y has shape {y_true.shape}, but there are answers of shape {y_pred.shape} to X."
        )
    flat = y_true.reshape(len(y_true), -1)
    if not hasattr(final, "classes_"):
        losses = np.linalg.norm(flat - y_pred.reshape(flat.shape), axis=1)
        return _worst(np.arange(len(y_true)), y_true, y_pred, losses, n)
    wrong = np.flatnonzero((flat != y_pred.reshape(flat.shape)).any(axis=1))
    return _worst(wrong, y_true, y_pred, _losses(estimator, final, X, y_true, more), n)


def _worst(
    among: NDArray[np.int64], y_true: Any, y_pred: Any, losses: NDArray[np.float64], n: int | None
) -> Mistakes:
    order = among[np.argsort(-losses[among], kind="stable")][:n]
    true, given = (None if y is None else y[order] for y in (y_true, y_pred))
    return Mistakes(order, true, given, losses[order], len(among), len(losses))


def _losses(
    estimator: Any, final: Any, X: Any, y: NDArray[Any], more: dict[str, Any]
) -> NDArray[np.float64]:
    """Of classes or indicators, for all samples."""
    classes, name = classes_of(final), type(final).__name__
    if hasattr(final, "predict_proba"):
        p = estimator.predict_proba(X, **more)
        p = np.column_stack([q[:, -1] for q in p]) if isinstance(p, list) else np.asarray(p)
        p = np.clip(p.astype(np.float64), np.finfo(np.float64).tiny, 1)
        if classes is None:
            q = np.clip(1 - p, np.finfo(np.float64).tiny, 1)
            return -np.where(y == 1, np.log(p), np.log(q)).sum(axis=1)
        return -np.log(p[np.arange(len(y)), places(y, classes, name)])
    z = np.asarray(estimator.decision_function(X, **more), np.float64)
    if classes is None:
        return np.where(y == 1, -z, z).clip(min=0).sum(axis=1)
    z = np.column_stack([-z, z]) if z.ndim == 1 else z
    return z.max(axis=1) - z[np.arange(len(y)), places(y, classes, name)]


def _of_autoencoder(steps: list[Any], final: Any, X: Any, y: Any, n: int | None) -> Mistakes:
    """By the error of reconstruction, or, where it learns y in place of X, of y."""
    name = type(final).__name__
    if not hasattr(final, "reconstruct"):
        needs = "needs y, what was to be answered" if y is None else "gives no answers to compare"
        raise ValueError(f"{name} {needs}.")
    for step in steps:
        X = step.transform(X)
    if hasattr(final, "_errors"):
        losses = final._errors(*final._head.check(final, X, y, reset=False))
    else:
        X = np.asarray(X, np.float64)
        losses = ((X - final.reconstruct(X)) ** 2).mean(axis=1)
    return _worst(np.arange(len(losses)), None, None, np.asarray(losses, np.float64), n)


def _dense(answers: Any) -> Any:
    return answers.toarray() if hasattr(answers, "toarray") else answers


class Pictured(NamedTuple):
    """What a picture of mistakes shows."""

    samples: Any  # images (n, h, w, c); or a list of arrays (T, F), or of texts
    captions: list[str]
    answers: NDArray[Any] | None  # images that came back
    n_wrong: int
    n_samples: int


def pictured(estimator: Any, X: Any, y: Any, n: int, lengths: Any, image_shape: Any) -> Pictured:
    """The worst mistakes, as they can be drawn."""
    estimator, X, _ = unpacked(estimator, X)
    steps, final = parted(estimator)
    found = worst_mistakes(estimator, X, y, n=n, lengths=lengths)
    form = form_of(final, X, lengths, image_shape)
    back = None
    if form.name in ("images", "rows"):
        some = _some(X, lengths, found.indices)
        samples: Any = np.asarray(some)
        if form.name == "images":
            samples = samples.reshape(-1, *form.shape)
            back = _given_back(steps, final, some, samples.shape) if y is None else None
        elif samples.dtype.kind in "biuf":
            samples = list(samples)
        else:  # with categories among its columns
            samples = [", ".join(map(str, row)) for row in samples]
    else:
        every = listed(X, lengths)
        samples = [every[i] for i in found.indices]
        if form.name == "symbols":
            samples = [x if isinstance(x, str) else " ".join(map(str, x)) for x in samples]
    captions = _captions(estimator, final, found, _some(X, lengths, found.indices))
    return Pictured(samples, captions, back, found.n_wrong, found.n_samples)


def _given_back(steps: list[Any], final: Any, X: Any, shape: tuple[int, ...]) -> Any:
    """What an autoencoder makes of X, in the units of X; None where a step does not go back."""
    if not all(hasattr(step, "inverse_transform") for step in steps):
        return None
    for step in steps:
        X = step.transform(X)
    X = final.reconstruct(X)
    for step in reversed(steps):
        X = step.inverse_transform(X)
    X = np.asarray(X)
    return X.reshape(shape) if X.size == np.prod(shape) else None


def _some(X: Any, lengths: Any, indices: NDArray[np.int64]) -> Any:
    """Samples of X, padded ones as a list."""
    if lengths is not None:
        every = listed(X, lengths)
        return [every[i] for i in indices]
    return _safe_indexing(X, indices)


def _captions(estimator: Any, final: Any, found: Mistakes, some: Any) -> list[str]:
    """What is true and what was answered, each with its probability, or how far off it was."""
    if found.y_true is None or found.y_pred is None:
        return [f"error {loss:.3g}" for loss in found.losses]
    pairs = list(zip(found.y_true, found.y_pred, strict=True))
    if not hasattr(final, "classes_"):
        return [f"label {_numbers(true)}\nanswer {_numbers(given)}" for true, given in pairs]
    classes = classes_of(final)
    if classes is None:
        columns = [[np.flatnonzero(part).tolist() for part in pair] for pair in pairs]
        return [f"labels {true}\nanswer {given}" for true, given in columns]
    if not hasattr(final, "predict_proba") or not pairs:
        return [f"label {true}\nanswer {given}" for true, given in pairs]
    p, name = asked(estimator, final, some, None), type(final).__name__
    rows = np.arange(len(p))
    of_true, of_given = (p[rows, places(y, classes, name)] for y in (found.y_true, found.y_pred))
    return [
        f"label {true} ({q:.0%})\nanswer {given} ({r:.0%})"
        for (true, given), q, r in zip(pairs, of_true, of_given, strict=True)
    ]


def _numbers(value: Any) -> str:
    return ", ".join(f"{v:.3g}" for v in np.ravel(value))
