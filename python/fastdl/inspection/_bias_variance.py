"""What stands between a network and the best possible one: bias, variance, what to try next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring

from fastdl._pipelines import last_of
from fastdl.plotting._axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_SURE = 2.0  # standard errors that a difference must have


class Curve(NamedTuple):
    """Mean errors by the number of training samples, and standard errors of the last one."""

    sizes: NDArray[np.int64]
    train: NDArray[np.float64]
    val: NDArray[np.float64]
    uncertainty: NDArray[np.float64]  # of `val`


class BiasVarianceDisplay:
    """Training, validation and best possible error, and what follows from their differences.

    ``print(display)`` tells it, ``display.plot()`` draws it.

    Parameters
    ----------
    train_error, val_error : float
    best_error : float or None
        None where nobody knows: then 0 stands in its place.
    uncertainty : float
        Standard error of `val_error`.
    curve : Curve, optional
        Errors by the number of training samples.
    words : dict of str to list of str, optional
        What to try against "bias" and against "variance".

    Attributes
    ----------
    bias : float
        Avoidable bias: training error less the best possible.
    variance : float
        Validation error less training error.
    next_steps : list of str
        What to try next, the most promising first.
    ax_ : matplotlib Axes
        Where it was drawn last.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    """

    ax_: Axes
    figure_: Figure | SubFigure

    def __init__(
        self,
        train_error: float,
        val_error: float,
        best_error: float | None = None,
        *,
        uncertainty: float = 0.0,
        curve: Curve | None = None,
        words: dict[str, list[str]] | None = None,
    ) -> None:
        self.train_error, self.val_error, self.best_error = train_error, val_error, best_error
        self.uncertainty, self.curve = uncertainty, curve
        self.bias = train_error - (best_error or 0.0)
        self.variance = val_error - train_error
        self.next_steps = self._advice(words or _WORDS)

    def _advice(self, words: dict[str, list[str]]) -> list[str]:
        unsure = _SURE * self.uncertainty
        parts = {"bias": self.bias, "variance": self.variance}
        steps = [
            f"Against {name}: {'; '.join(words[name])}."
            for name, part in sorted(parts.items(), key=lambda item: -item[1])
            if part > max(unsure, 0.1 * max(self.val_error, 0.0))
        ]
        if self.best_error is not None and self.bias < -unsure:
            steps.append("The training error is below the best possible: is that right?")
        if self.variance < -unsure:
            steps.append(
                "The validation error is below the training error: training may be regularised "
                "too much (dropout, corruption, penalties), or the sets come from different places."
            )
        return [*(steps or [_ENOUGH]), *self._advice_of_curve()]

    def _advice_of_curve(self) -> list[str]:
        if self.curve is None or len(self.curve.sizes) < 2:
            return []
        sizes, val = self.curve.sizes, self.curve.val
        fell, unsure = val[-2] - val[-1], _SURE * float(self.curve.uncertainty[-2:].max())
        between = f"from {sizes[-2]:,} to {sizes[-1]:,} samples"
        if fell > max(unsure, 0.02 * val[-1]):
            return [f"More samples help: the validation error fell by {fell:.3g} {between}."]
        return [f"More samples hardly help: the validation error fell by {fell:.3g} {between}."]

    def __str__(self) -> str:
        best = "unknown, taken for 0" if self.best_error is None else f"{self.best_error:.4g}"
        lines = [
            f"best possible error  {best}",
            f"  avoidable bias     {self.bias:.4g}",
            f"training error       {self.train_error:.4g}",
            f"  variance           {self.variance:.4g}",
            f"validation error     {self.val_error:.4g} +- {self.uncertainty:.2g}",
            *self.next_steps,
        ]
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the errors as bars; with a curve, by the number of training samples.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        BiasVarianceDisplay
            This object.
        """
        ax = new_axes(6, 4) if ax is None else ax
        best = self.best_error or 0.0
        if self.curve is None:
            names = ["best possible", "training", "validation"]
            bars = ax.bar(names, [best, self.train_error, self.val_error], color="0.8")
            ax.bar_label(bars, fmt="%.3g")
            for x, low, part, name in (
                (1, best, self.bias, "avoidable bias"),
                (2, self.train_error, self.variance, "variance"),
            ):
                ax.bar(x, part, bottom=low, width=0.8, label=f"{name} {part:.3g}")
        else:
            sizes = self.curve.sizes
            ax.errorbar(sizes, self.curve.val, self.curve.uncertainty, label="validation")
            ax.plot(sizes, self.curve.train, label="training")
            ax.plot(sizes[-1], self.val_error, "C0o")
            ax.plot(sizes[-1], self.train_error, "C1o")
            ax.axhline(best, color="0.5", linestyle="--", label="best possible")
            ax.set(xlabel="training samples")
        ax.set(ylabel="error", ylim=(min(0.0, best, self.train_error), None))
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def bias_variance(
    estimator: Any,
    X: Any,
    y: Any,
    X_val: Any,
    y_val: Any,
    best: float | None = None,
    *,
    scoring: str | Callable[..., float] | None = None,
    curve: Sequence[Any] | None = None,
) -> BiasVarianceDisplay:
    """Tell apart what a fitted estimator lacks: a better fit, or more and more varied samples.

    The error is 1 less the score (accuracy, R^2), or minus the score of scikit-learn's "neg_..."
    metrics and of autoencoders (``y=None, y_val=None``). Its part above the best possible that is
    there in training already is avoidable bias, the rest variance. Ng, "Machine learning yearning",
    2018, chapters 20 to 32.

    Parameters
    ----------
    estimator : fitted estimator
    X, y : as in its fit
        What it was trained on.
    X_val, y_val : as X and y
        What it was not trained on.
    best : float, default=None
        The lowest error that is possible, for example that of people who know the task, or of
        another method. None: not known.
    scoring : str or callable, default=None
        As scikit-learn's; None is the estimator's own score.
    curve : (train_sizes, train_scores, val_scores), default=None
        As `sklearn.model_selection.learning_curve` returns them, by the same `scoring`.

    Returns
    -------
    BiasVarianceDisplay
        Printed, it says what to try next; ``plot()`` draws it.

    Raises
    ------
    ValueError
        For a `best` that is not a finite number, and a `curve` of another form.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import MLPClassifier
    >>> from fastdl.inspection import bias_variance
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = MLPClassifier((50,), tol=1e-2, random_state=0).fit(X[:200], y[:200])
    >>> found = bias_variance(clf, X[:200], y[:200], X[200:], y[200:], best=0.01)
    >>> found.variance > found.bias
    True
    """
    if best is not None and not np.isfinite(best):
        raise ValueError(f"best={best!r}; expected None or a finite number, an error.")
    scorer = check_scoring(estimator, scoring)
    is_loss = isinstance(scoring, str) and scoring.startswith("neg_")
    is_loss |= y is None and scoring is None

    def errors(scores: Any) -> NDArray[np.float64]:
        scores = np.asarray(scores, np.float64)
        return -scores if is_loss else 1.0 - scores

    return BiasVarianceDisplay(
        float(errors(scorer(estimator, X, y))),
        float(errors(scorer(estimator, X_val, y_val))),
        None if best is None else float(best),
        uncertainty=_standard_error(scorer, estimator, X_val, y_val),
        curve=None if curve is None else _curve(curve, errors),
        words=_words_of(estimator),
    )


def _standard_error(scorer: Any, estimator: Any, X: Any, y: Any) -> float:
    """Of a score, by how it varies between ten parts of the samples."""
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    if n < 20:
        return 0.0
    parts = np.array_split(np.random.RandomState(0).permutation(n), 10)
    scores = [scorer(estimator, _some(X, part), _some(y, part)) for part in parts]
    return float(np.std(scores, ddof=1) / np.sqrt(len(scores)))


def _some(values: Any, part: NDArray[np.int64]) -> Any:
    if values is None:
        return None
    from fastdl._sklearn import _safe_indexing

    return _safe_indexing(values, part)


def _curve(given: Sequence[Any], errors: Callable[[Any], NDArray[np.float64]]) -> Curve:
    if len(given) < 3:
        raise ValueError(
            f"curve has {len(given)} parts; expected (train_sizes, train_scores, val_scores), as "
            "learning_curve returns them."
        )
    sizes, train, val = np.asarray(given[0]), *(np.atleast_2d(part) for part in given[1:3])
    if not len(sizes) == len(train) == len(val):
        raise ValueError(
            f"curve has {len(sizes)} sizes, and scores of shape {train.shape} and {val.shape}; "
            "expected a row of scores for each size."
        )
    train, val = errors(train), errors(val)
    spread = val.std(axis=1, ddof=1) if val.shape[1] > 1 else np.zeros(len(val))
    return Curve(sizes, train.mean(axis=1), val.mean(axis=1), spread / np.sqrt(val.shape[1]))


_ENOUGH = "Nothing stands out: both differences are small beside the error and its uncertainty."
_WORDS = {
    "bias": ["a larger network", "a longer training", "better features"],
    "variance": ["more samples", "stronger penalties", "early stopping", "fewer features"],
}
_AGAINST = {  # parameters, where an estimator has them
    "bias": [
        ("hidden_layer_sizes", "more or larger layers (hidden_layer_sizes)"),
        ("conv_layer_sizes", "more filters (conv_layer_sizes)"),
        ("layers", "more or larger layers"),
        ("max_epochs", "a longer training (max_epochs)"),
        ("max_iter", "a longer training (max_iter)"),
        ("learning_rate_init", "another learning_rate_init"),
        ("dropout", "less dropout"),
    ],
    "variance": [
        ("alpha", "a larger alpha"),
        ("weight_decay", "a larger weight_decay"),
        ("dropout", "more dropout"),
        ("early_stopping", "early_stopping=True"),
    ],
}


def _words_of(estimator: Any) -> dict[str, list[str]]:
    """What to try, in the estimator's own words."""
    final = last_of(estimator)
    own = final.get_params(deep=False) if hasattr(final, "get_params") else {}
    first = {"bias": "better features", "variance": "more samples"}
    words = {}
    for name, table in _AGAINST.items():
        known = [
            text
            for parameter, text in table
            if parameter in own and (text != "less dropout" or own[parameter])
        ]
        words[name] = [first[name], *known] if name == "variance" else [*known, first[name]]
        words[name] = words[name] if known else _WORDS[name]
    return words
