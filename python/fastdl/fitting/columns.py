"""Tables without data frames: what a `Tabular` estimator does before and after its network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl._rules import Rule
from fastdl._saved import ANYTHING, array, short, take
from fastdl.fitting.preparation import Preparation
from fastdl.fitting.targets import Targets

Categories = list[list[Any] | None]


def are_categories(value: object) -> bool:
    """Whether they are those of columns: lists of plain values, None for a column of numbers."""
    return isinstance(value, list) and all(
        column is None
        or (isinstance(column, list) and all(type(v) in (bool, int, float, str) for v in column))
        for column in value
    )


CATEGORIES = Rule("categories of each column", are_categories, list)


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of numbers and of categories, from an array, as the network takes them.

    Attributes
    ----------
    categories : list
        Of each column, its categories in sorted order, or None where it holds numbers.
    preparation : Preparation
    limits : ndarray of shape (2, n_outputs), or None
        The least and the largest answer of a regressor.
    """

    categories: Categories
    preparation: Preparation
    limits: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        recodings = [*self.preparation.one_hot, *self.preparation.embedded]
        found = {r.column: len(r.codes) - 1 for r in recodings}
        known = {j: len(c) for j, c in enumerate(self.categories) if c is not None}
        if found != known:
            raise ValueError("preparation: its categories are not those of categories_.")

    def prepared(self, x: Any, dtype: DTypeLike) -> NDArray[Any]:
        """What the network takes for x of shape (n, n_columns), of numbers or of objects."""
        # A list of lists keeps each value's type: NumPy alone would make texts of all of them.
        x = np.asarray(x) if hasattr(x, "__array__") else np.array(x, object)
        if x.ndim != 2 or x.shape[1] != len(self.categories):
            raise ValueError(
                f"x has shape {x.shape}; this network takes (n, {len(self.categories)}), the "
                "columns of the table that it was fitted on."
            )
        coded = np.empty(x.shape)
        for j, known in enumerate(self.categories):
            if known is None:
                coded[:, j] = x[:, j]
                continue
            codes = {value: code for code, value in enumerate(known, 1)}
            coded[:, j] = [codes.get(value, 0) for value in x[:, j].tolist()]
        return self.preparation.transform(coded, dtype)

    def decode(self, outputs: NDArray[Any], targets: Targets) -> Any:
        """What the outputs mean, as the estimators say it."""
        if self.limits is None:
            return targets.decode(outputs)
        answers = targets.decode(outputs.astype(np.float64))
        return np.clip(answers, *(self.limits if answers.ndim == 2 else self.limits[:, 0]))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a model file."""
        return {
            "categories": self.categories,
            "preparation": self.preparation.to_dict(),
            "limits": self.limits,
        }

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """What `to_dict` gave; ValueError for anything else."""
        fields = take(stored, _FIELDS, "columns")
        fields["preparation"] = Preparation.from_dict(fields["preparation"])
        if fields["limits"] is not None and len(fields["limits"]) != 2:
            raise ValueError(f"columns: limits is {short(fields['limits'])}.")
        return cls(**fields)


_LIMITS = array("f", 2, "an array of two dimensions")
_FIELDS = {
    "categories": CATEGORIES,
    "preparation": ANYTHING,
    "limits": Rule("limits", lambda v: v is None or _LIMITS.accepts(v), lambda v: v),
}
