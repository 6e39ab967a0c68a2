"""Layers for tables: columns that have parameters of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from fastdl import initializers
from fastdl._rules import POSITIVE, POSITIVE_INTEGER, SIZES, Rule, integer, optional
from fastdl.initializers import Initializer, Normal, Uniform
from fastdl.layers._spec import Form, Layer, LearningLayer


@dataclass(frozen=True, repr=False)
class Scale(LearningLayer):
    """Each channel (or feature) times a factor that is learnt: y = gain x.

    The shape stays. Parameters: gain (channels,), which start at 1.

    Parameters
    ----------
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "scale"
    follows: ClassVar[bool] = True

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)


@dataclass(frozen=True, repr=False)
class NumericEmbedding(LearningLayer):
    """Numbers as vectors, by waves of learnt frequencies; every column has its own ("PBLD").

    Column x becomes ``[V' u + c, x]`` with ``u_k = cos(2 pi w_k x + b_k)``: units - 1 mixtures of
    the waves, and the number itself. So a net sees steps and periods in a column that a dense layer
    would have to build of many units. Rows (features,) to (units * columns + features - columns,):
    the columns' vectors side by side, then the features that are not embedded. Scale X first, so
    that most values lie within a few units of 0.

    Parameters: frequency w and phase b (columns, frequencies), weight V (columns, frequencies,
    units - 1), bias c (columns, units - 1). They start with w normal with standard deviation
    frequency_scale, b uniform in (-pi, pi), V and c uniform in (-a, a), a = 1 / sqrt(frequencies).

    Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular deep
    learning", NeurIPS 2022; with the bias and the number itself: Holzmueller, Grinsztajn and
    Steinwart, "Better by default", NeurIPS 2024.

    Parameters
    ----------
    columns : int, optional
        How many of the features, from the first, are embedded; None: all.
    units : int, default=4
        Numbers that a column becomes, itself included; at least 2.
    frequencies : int, default=16
        Waves of each column.
    frequency_scale : float, default=0.1
        Standard deviation of the frequencies at the start, in periods per unit of X.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "numeric_embedding"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows"}
    has_weights: ClassVar[bool] = True
    columns: int | None = None
    units: int = field(default=4, kw_only=True)
    frequencies: int = field(default=16, kw_only=True)
    frequency_scale: float = field(default=0.1, kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "columns": optional(POSITIVE_INTEGER),
        "units": integer("an integer above 1", 2),
        "frequencies": POSITIVE_INTEGER,
        "frequency_scale": POSITIVE,
        **LearningLayer.rules,
    }

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """Frequencies, phases and mixtures, as the class says."""
        if what == "frequency":
            return Normal(self.frequency_scale)
        return Uniform(math.pi if what == "phase" else 1 / math.sqrt(self.frequencies))


@dataclass(frozen=True, repr=False)
class EmbedCategories(LearningLayer):
    """Categories as vectors: each of the last columns holds codes, and has a table of its own.

    Rows (features,) to (features - columns + columns * units,): the other features first, as they
    are, then the row of each column's table. A code that is not among 0 .. size - 1 counts as 0:
    keep 0 for what is unknown or missing. Codes are numbers among the others, exact up to 2^24 in
    float32; they have no gradient.

    Parameters: weight (sum of sizes, units), the tables one below the other. Guo and Berkhahn,
    "Entity embeddings of categorical variables", 2016.

    Parameters
    ----------
    sizes : sequence of int
        Of each column of codes, how many there are, 0 included.
    units : int, default=8
        Length of the vectors.
    weight_init : str or Initializer, optional
        None: normal with standard deviation 1.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "embed_categories"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows"}
    has_weights: ClassVar[bool] = True
    sizes: Sequence[int]
    units: int = field(default=8, kw_only=True)
    weight_init: str | Initializer | None = field(default=None, kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "sizes": SIZES,
        "units": POSITIVE_INTEGER,
        "weight_init": initializers.RULE,
        **LearningLayer.rules,
    }

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """As `weight_init` says, else normal."""
        return Normal(1.0) if self.weight_init is None else initializers.get(self.weight_init)
