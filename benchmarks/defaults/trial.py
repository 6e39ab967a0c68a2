"""Fitting and scoring on the splits of a set, one thread, in processor seconds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.preprocessing import StandardScaler

from .contenders import PEERS, Contender, contenders_of
from .sets import Set


class Split(NamedTuple):
    """What is learnt from, and what is asked."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any

    def as_rows(self) -> Split:
        """With a row for each sample, or for each step."""
        if self.y.ndim == 2 and self.X.ndim == 3:  # steps
            X, X_test = (a.reshape(-1, a.shape[-1]) for a in (self.X, self.X_test))
            return Split(X, self.y.ravel(), X_test, self.y_test.ravel())
        X, X_test = (a.reshape(len(a), -1) for a in (self.X, self.X_test))
        return Split(X, self.y, X_test, self.y_test)


def splits(of: Set, n: int) -> Iterator[Split]:
    """`n` times some samples to learn from; features that are rows are scaled by them."""
    X, y = of.make()
    stratified = of.kind == "classes" and of.form != "steps"
    splitter = (StratifiedShuffleSplit if stratified else ShuffleSplit)(
        n, train_size=of.n_train or 0.7, random_state=0
    )
    for train, test in splitter.split(X, y):
        X_train, X_test = X[train], X[test]
        if X.ndim == 2:
            scaler = StandardScaler().fit(X_train)
            X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
        yield Split(X_train, y[train], X_test, y[test])


class Outcome(NamedTuple):
    """Means over the splits."""

    score: float
    seconds: float


def outcome(new: Any, over: list[Split]) -> Outcome:
    """Of the estimators that `new(seed)` makes."""
    results = []
    for seed, split in enumerate(over):
        estimator = new(seed)
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            estimator.fit(split.X, split.y)
        seconds = time.process_time() - start
        results.append((estimator.score(split.X_test, split.y_test), seconds))
    return Outcome(*np.mean(results, axis=0))


@dataclass(frozen=True)
class Row:
    """An estimator of fastdl on a set."""

    of: Set
    contender: Contender
    found: Outcome
    peers: dict[str, Outcome]
    goal: float | None  # how far it may be below the best

    @property
    def best(self) -> tuple[str, float]:
        """The name and the score of scikit-learn's best."""
        name = max(self.contender.peers, key=lambda peer: self.peers[peer].score)
        return name, self.peers[name].score

    @property
    def difference(self) -> float:
        return self.found.score - self.best[1]

    @property
    def counts(self) -> bool:
        return self.of.form in self.contender.forms

    @property
    def reached(self) -> bool:
        """Whether the score is what is promised, if anything is."""
        return self.goal is None or self.difference >= -self.goal

    @property
    def in_time(self) -> bool:
        return self.found.seconds <= self.contender.limit(self.peers["MLP"].seconds)


def rows_of(of: Set, n_splits: int, only: str) -> Iterator[Row]:
    """One for each estimator of fastdl that takes the set and has `only` in its name."""
    contenders = [c for c in contenders_of(of) if only in c.name.lower()]
    if not contenders:
        return
    over = list(splits(of, n_splits))
    flat = [split.as_rows() for split in over]
    peers = {name: outcome(_seeded(made), flat) for name, made in PEERS[of.kind].items()}
    for contender in contenders:
        given = flat if of.form == "images" and not contender.takes_images else over
        n_features = flat[0].X.shape[1]
        yield Row(
            of, contender, outcome(contender.new, given), peers, contender.goal(of, n_features)
        )


def _seeded(made: type[ClassifierMixin]) -> Any:
    def new(seed: int) -> Any:
        estimator = made()
        if "random_state" in estimator.get_params():
            estimator.set_params(random_state=seed)
        return estimator

    return new
