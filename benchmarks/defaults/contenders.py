"""Who is compared: scikit-learn's estimators, fastdl's, and which sets each of them takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

import fastdl

from .sets import Set

PEERS = {
    kind: dict(zip(("linear", "MLP", "forest"), made, strict=True))
    for kind, made in {
        "classes": (LogisticRegression, MLPClassifier, RandomForestClassifier),
        "numbers": (Ridge, MLPRegressor, RandomForestRegressor),
    }.items()
}

ROWS = ("rows", "series", "images")  # images lie flat for those that know rows only


@dataclass(frozen=True)
class Contender:
    """An estimator of fastdl.

    Attributes
    ----------
    name : str
        Of the class.
    kind : {"classes", "numbers"}
    forms : tuple of str
        The sets whose result counts towards the goal.
    beside : tuple of str, default=()
        Those that are shown beside it, for they are not what the estimator is for.
    peers : tuple of str
        Which of scikit-learn's it is compared with.
    times_mlp : float or None
        How many times the seconds of scikit-learn's MLP a fit may take.
    seconds : float
        What it may take in any case.
    """

    name: str
    kind: str
    forms: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    peers: tuple[str, ...] = ("linear", "MLP", "forest")
    times_mlp: float = 0.0
    seconds: float = 0.1

    @property
    def takes_images(self) -> bool:
        """Whether images need not lie flat."""
        return self.name.startswith("CNN")

    def goal(self, of: Set, n_features: int) -> float | None:
        """How far below scikit-learn's best it may be; None where nothing is promised."""
        if of.form in self.forms:
            return 0.02
        unordered = self.name.startswith(("CNN", "RNN", "ELM"))
        return 0.05 if unordered and n_features <= 30 else None

    def new(self, seed: int) -> Any:
        """One with its constructor's defaults, but for the seed."""
        return getattr(fastdl, self.name)().set_params(random_state=seed)

    def limit(self, mlp_seconds: float) -> float:
        """The seconds that a fit may take."""
        return max(self.seconds, self.times_mlp * mlp_seconds)


# fmt: off
CONTENDERS = [
    Contender("SoftmaxRegression", "classes", ROWS, peers=("linear",), times_mlp=1),
    Contender("NetClassifier", "classes", ROWS, times_mlp=1),
    Contender("NetRegressor", "numbers", ROWS, times_mlp=1),
    Contender("TabularClassifier", "classes", ROWS, seconds=math.inf),
    Contender("TabularRegressor", "numbers", ROWS, seconds=math.inf),
    Contender("StackedAutoencoderClassifier", "classes", ROWS, times_mlp=5),
    Contender("StackedAutoencoderRegressor", "numbers", ROWS, times_mlp=5),
    Contender("DBNClassifier", "classes", ROWS, seconds=3),
    Contender("DBNRegressor", "numbers", ROWS, seconds=3),
    Contender("CNNClassifier", "classes", ("images",), ("rows", "series"), times_mlp=5),
    Contender("CNNRegressor", "numbers", ("images",), ("rows", "series"), times_mlp=5),
    Contender("RNNClassifier", "classes", ("series",), ("rows",), seconds=3),
    Contender("RNNRegressor", "numbers", ("series",), ("rows",), seconds=3),
    Contender("SequenceTagger", "classes", ("steps",), seconds=3),
    Contender("ELMClassifier", "classes", (), ROWS, times_mlp=1),
    Contender("ELMRegressor", "numbers", (), ROWS, times_mlp=1),
    Contender("MLPClassifier", "classes", (), ROWS, seconds=math.inf),
    Contender("MLPRegressor", "numbers", (), ROWS, seconds=math.inf),
]
# fmt: on


def contenders_of(of: Set) -> list[Contender]:
    """Who takes the set, of those that this fastdl has."""
    return [
        c
        for c in CONTENDERS
        if c.kind == of.kind and of.form in c.forms + c.beside and hasattr(fastdl, c.name)
    ]
