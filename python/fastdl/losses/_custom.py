"""A loss of the user's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fastdl._rules import Rule, choice
from fastdl.losses._loss import Loss


@dataclass(frozen=True, repr=False)
class Custom(Loss):
    """A loss of your own, written in NumPy; `fastdl.autodiff` takes its gradient, once a batch.

    ``function(y_true, y_pred)`` gets the raw outputs of the network, float of shape
    (rows, outputs), and y of the same shape: rows with a single 1, indicators, or numbers. Of
    sequences, rows are the steps that count. It gives one loss for each row, (rows,); weights and
    the mean are left to fastdl. Or one number for the batch, as rankings and likelihoods of
    survival need it; then samples cannot be weighted. An estimator takes the function itself, too.

    Parameters
    ----------
    function : callable
    link : {"auto", "softmax", "sigmoid", "exp", ""}, default="auto"
        From outputs to predictions: "auto" is softmax for classes that exclude each other, sigmoid
        for two classes and for indicators, none ("") for numbers.
    y : {"same", "codes"}, default="same"
        "codes": y_true are class numbers (rows,).

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import NetRegressor
    >>> def log_cosh(y_true, y_pred):
    ...     return np.log(np.cosh(y_pred - y_true)).sum(axis=1)
    >>> X = np.linspace(-1, 1, 100)[:, np.newaxis]
    >>> NetRegressor(loss=log_cosh, random_state=0).fit(X, X[:, 0]).score(X, X[:, 0]) > 0.9
    True
    """

    kind: ClassVar[str] = "custom"
    function: Callable[..., Any]
    link: str = field(default="auto", kw_only=True)  # type: ignore[misc]  # here a field
    y: str = field(default="same", kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "link": choice("auto", "softmax", "sigmoid", "exp", ""),
        "y": choice("same", "codes"),
    }

    @property
    def codes(self) -> bool:  # type: ignore[override]
        """Whether y_true are class numbers."""
        return self.y == "codes"

    @property
    def name(self) -> str:
        """What the function is called."""
        f = getattr(self.function, "func", self.function)  # of functools.partial
        return str(getattr(f, "__name__", type(f).__name__))

    def check(self) -> None:
        """Raise for a function that is none."""
        super().check()
        if not callable(self.function):
            raise TypeError(f"Custom: function={self.function!r}; expected a callable.")

    def with_link(self, link: str) -> Custom:
        """The same with a link in place of "auto"."""
        return self.replace(link=link) if self.link == "auto" else self


class NotInFile:
    """In place of a function that a model file does not hold."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *_args: Any) -> Any:
        """Raise: the function has to be given again."""
        raise ValueError(
            f"a model file keeps the name of a loss, {self.__name__!r}, and no code: give the "
            "function again before a fit, set_params(loss=...)."
        )
