"""Columns of a table in the form that the network takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl._rules import Rule
from fastdl._saved import ANYTHING, NATURAL, VECTOR, array, listed, take

_CLIP = 3.0  # scaled values stay within this distance from 0


class Recoding(NamedTuple):
    """Codes of a column's categories, as a table of all seen to those that are learnt of."""

    column: int
    codes: NDArray[np.int64]  # of code 0, 1 ...: 0 for those that are not in the training part

    @property
    def n_categories(self) -> int:
        """How many are learnt of."""
        return int(self.codes.max(initial=0))

    def of(self, X: NDArray[np.float64]) -> NDArray[np.int64]:
        """The new codes (n,)."""
        return self.codes[X[:, self.column].astype(np.int64)]


@dataclass(frozen=True, eq=False)
class Preparation:
    """What becomes of the columns; all that is counted and measured is of the training part.

    Numbers come first, then indicators of missing numbers and categories that are few, one column
    for each (two of them share one, with 1 and -1), then the codes of those that are many. Where a
    number is missing it is the median. All but the codes are centred by the median, scaled by the
    distance of the quartiles (or, where that is 0, half that of the extremes), and clipped
    smoothly: ``x / sqrt(1 + (x / 3)^2)``.

    Holzmueller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and boosted
    trees on tabular data", NeurIPS 2024, section 3; they leave missing numbers to others.

    Attributes
    ----------
    numbers, indicators : ndarray of int
        Columns of numbers, and those of them that are known to miss some.
    one_hot, embedded : list of Recoding
        Columns of categories.
    median, factor : ndarray of shape (n_scaled,)
        Of all that is scaled.
    """

    numbers: NDArray[np.int64]
    indicators: NDArray[np.int64]
    one_hot: list[Recoding]
    embedded: list[Recoding]
    median: NDArray[np.float64]
    factor: NDArray[np.float64]

    @classmethod
    def of(
        cls, X: NDArray[np.float64], n_categories: Sequence[int | None], max_one_hot: int
    ) -> Self:
        """For checked X of the training part.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_columns)
            As `TableInput` gives it.
        n_categories : sequence
            Of each column; None for numbers.
        max_one_hot : int
            Categories up to which a column is spread out.
        """
        numbers = np.array([j for j, n in enumerate(n_categories) if n is None], np.int64)
        missing = np.isnan(X[:, numbers]).any(axis=0)
        one_hot: list[Recoding] = []
        embedded: list[Recoding] = []
        for j, n in enumerate(n_categories):
            if n is None:
                continue
            seen = np.unique(X[:, j].astype(np.int64))
            codes = np.zeros(n + 1, np.int64)
            codes[seen[seen > 0]] = np.arange(1, np.sum(seen > 0) + 1)
            recoding = Recoding(j, codes)
            (one_hot if recoding.n_categories <= max_one_hot else embedded).append(recoding)
        none = np.empty(0)
        bare = cls(numbers, numbers[missing], one_hot, embedded, none, none)
        median, factor = _centre_and_factor(bare._spread(X))
        return cls(numbers, numbers[missing], one_hot, embedded, median, factor)

    @property
    def shape(self) -> tuple[int, list[int]]:
        """How many numbers come first; how many codes each of the last columns has, 0 included."""
        return len(self.numbers), [recoding.n_categories + 1 for recoding in self.embedded]

    def transform(self, X: NDArray[np.float64], dtype: DTypeLike) -> NDArray[Any]:
        """What the network takes, (n_samples, n_scaled + number of codes)."""
        spread = self._spread(X)
        np.copyto(spread, self.median, where=np.isnan(spread))
        scaled = np.clip((spread - self.median) * self.factor, -1e100, 1e100)
        codes = [recoding.of(X)[:, np.newaxis] for recoding in self.embedded]
        whole = np.hstack([scaled / np.hypot(1.0, scaled / _CLIP), *codes])
        return np.ascontiguousarray(whole, dtype)

    def _spread(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers, indicators and spread categories; missing numbers are NaN."""
        parts = [X[:, self.numbers], np.isnan(X[:, self.indicators]).astype(np.float64)]
        for recoding in self.one_hot:
            codes, n = recoding.of(X)[:, np.newaxis], recoding.n_categories
            if n == 2:
                parts.append((codes == 1).astype(np.float64) - (codes == 2))
            else:
                parts.append((codes == np.arange(1, n + 1)).astype(np.float64))
        return np.hstack(parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a model file."""
        return {
            "numbers": self.numbers,
            "indicators": self.indicators,
            "one_hot": [recoding._asdict() for recoding in self.one_hot],
            "embedded": [recoding._asdict() for recoding in self.embedded],
            "median": self.median,
            "factor": self.factor,
        }

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """What `to_dict` gave; ValueError for anything else."""
        fields = take(stored, _FIELDS, "preparation")
        for name in ("one_hot", "embedded"):
            fields[name] = [Recoding(**take(r, _RECODING, name)) for r in fields[name]]
        found = cls(**fields)
        n_spread = sum(1 if r.n_categories == 2 else r.n_categories for r in found.one_hot)
        n_scaled = len(found.numbers) + len(found.indicators) + n_spread
        if (len(found.median), len(found.factor)) != (n_scaled, n_scaled):
            raise ValueError(f"preparation: median and factor are not of {n_scaled} columns.")
        return found


def _centre_and_factor(
    X: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The median of each column, and the factor that brings its spread to about 1; NaN apart."""
    if not X.shape[1]:
        return np.empty(0), np.empty(0)
    missing = np.isnan(X)
    quantile = np.nanquantile if missing.any() else np.quantile
    X = np.where(missing.all(axis=0), 0.0, X)
    with np.errstate(over="ignore"):
        low, median, high = quantile(X, (0.25, 0.5, 0.75), axis=0)
        spread = high - low
        spread = np.where(spread > 0, spread, (np.nanmax(X, axis=0) - np.nanmin(X, axis=0)) / 2)
    normal = spread > np.finfo(np.float64).tiny
    return median, np.divide(1.0, spread, out=np.zeros_like(spread), where=normal)


_INDICES = array("i", 1, "an array of integers")
_RECODING: dict[str, Rule] = {"column": NATURAL, "codes": _INDICES}
_FIELDS: dict[str, Rule] = {
    "numbers": _INDICES,
    "indicators": _INDICES,
    "one_hot": listed(ANYTHING, "a list"),
    "embedded": listed(ANYTHING, "a list"),
    "median": VECTOR,
    "factor": VECTOR,
}
