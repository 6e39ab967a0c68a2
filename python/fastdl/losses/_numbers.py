"""Losses of numbers and of counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import PART, POSITIVE, Rule
from fastdl.losses._loss import Loss


@dataclass(frozen=True, repr=False)
class SquaredError(Loss):
    """L = sum_j (z_j - y_j)^2 / 2; the gradient is z - y."""

    kind: ClassVar[str] = "squared_error"


@dataclass(frozen=True, repr=False)
class AbsoluteError(Loss):
    """L = sum_j |z_j - y_j|; the gradient is sign(z - y), 0 at 0. Its minimum is the median."""

    kind: ClassVar[str] = "absolute_error"


@dataclass(frozen=True, repr=False)
class Huber(Loss):
    """Squared near the target, absolute far from it, for targets with outliers.

    With e = z_j - y_j: L = sum_j e^2 / 2 where |e| <= delta, delta (|e| - delta / 2) elsewhere. The
    gradient is e cut to [-delta, delta]. Huber, "Robust estimation of a location parameter", 1964.

    Parameters
    ----------
    delta : float, default=1.0
        Where the one becomes the other.
    """

    kind: ClassVar[str] = "huber"
    delta: float = 1.0
    rules: ClassVar[Mapping[str, Rule]] = {"delta": POSITIVE}


@dataclass(frozen=True, repr=False)
class Poisson(Loss):
    """Counts: L = sum_j exp(z_j) - y_j z_j, the negative log-likelihood without log(y!).

    y is not negative; the link is exp. The gradient is exp(z) - y. McCullagh and Nelder,
    "Generalized linear models", 1989, chapter 6.
    """

    kind: ClassVar[str] = "poisson"
    link: ClassVar[str] = "exp"
    lowest: ClassVar[float] = 0.0


@dataclass(frozen=True, repr=False)
class Pinball(Loss):
    """Quantiles: L = sum_j max(q e, (q - 1) e) with e = y_j - z_j; its minimum is the quantile q.

    The gradient is -q where y is above z, 1 - q where it is below, 0 at 0. With q = 0.5 it is half
    of the absolute error. Koenker and Bassett, "Regression quantiles", Econometrica 1978.

    Parameters
    ----------
    quantile : float, default=0.5
        q, between 0 and 1.
    """

    kind: ClassVar[str] = "pinball"
    quantile: float = 0.5
    rules: ClassVar[Mapping[str, Rule]] = {"quantile": PART}
