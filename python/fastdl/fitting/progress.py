"""Where a training stands: its settings, learning rate, counts and history."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastdl._rules import FLAG
from fastdl._saved import ANYTHING, NATURAL, REAL, Table, spec, take
from fastdl.schedules import Plateau, Schedule

SIDE_LOSS = "_loss"  # ends the column of a side head, which begins with its name
COLUMNS = ("epoch", "lr", "loss", "val_loss", "score", "val_score", "seconds")
HISTORY = Table(COLUMNS)


@dataclass(frozen=True)
class Settings:
    """What stays the same during a fit."""

    max_epochs: int
    batch_size: int
    solver: Any = "adam"  # this and the next for messages
    learning_rate_init: float = 1e-3
    shuffle: bool = True
    tol: float = 1e-4
    n_iter_no_change: float = 10
    early_stopping: bool = False  # watch the validation score, not the loss; keep the best weights
    report: Callable[[Progress], str] | None = None  # what is printed after each epoch
    complaint: Callable[[Progress, Settings], str] | None = None  # when max_epochs end the training
    length: str = "max_epochs"  # the parameter that says how many
    whole_batches: bool = False  # leave the samples out that would make a smaller batch
    later_best: bool = False  # of epochs with the same score keep the later one
    samples_per_class: int = 0  # so many stand side by side, where samples are compared
    similar_lengths: bool = False  # pairs of like length go into the same batch
    regularisation: Schedule | None = None  # factors of dropout and decay, as a rate of base 1

    def n_used(self, n_samples: int) -> int:
        """How many samples an epoch takes of so many."""
        if not self.whole_batches:
            return n_samples
        return max(n_samples // self.batch_size, 1) * self.batch_size


class LearningRate:
    """A schedule, and where in it a fit stands."""

    def __init__(self, schedule: Schedule, base: float, n_epochs: int) -> None:
        self.schedule, self.base, self.n_epochs = schedule, float(base), n_epochs
        self.epoch, self.seen, self.state = 0, 0, schedule.start(float(base))
        self.fell = False  # in the last epoch, for want of improvement

    def rates(self, n_batches: int) -> NDArray[np.float64]:
        """One rate for the next epoch, or one for each of its batches."""
        return self.schedule.rates(
            self.epoch, n_batches, self.n_epochs, self.base, seen=self.seen, state=self.state
        )

    def follow(self, schedule: Schedule, n_batches: int) -> NDArray[np.float64]:
        """What another schedule, of base 1, gives for the same epoch."""
        return schedule.rates(self.epoch, n_batches, self.n_epochs, 1.0, seen=self.seen)

    @property
    def learning_rate(self) -> float:
        """The rate that comes next."""
        return float(self.rates(1)[0])

    def resume(self, progress: Progress, settings: Settings) -> None:
        """Let a schedule that watches the loss know what earlier fits came to."""
        if isinstance(self.state, Plateau):
            self.state = self.state._replace(
                best=progress.best(settings), waited=progress.no_improvement
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a model file."""
        return {
            "schedule": self.schedule,
            "base": self.base,
            "n_epochs": self.n_epochs,
            "epoch": self.epoch,
            "seen": self.seen,
            "state": None if self.state is None else self.state._asdict(),
            "fell": self.fell,
        }

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """What `to_dict` gave; ValueError for anything else."""
        fields = take(stored, _RATE, "learning_rate")
        rate = cls(fields["schedule"], fields["base"], fields["n_epochs"])
        if (rate.state is None) != (fields["state"] is None):
            raise ValueError(f"learning_rate: state does not go with {rate.schedule!r}.")
        if rate.state is not None:
            rate.state = Plateau(**take(fields["state"], _PLATEAU, "learning_rate: state"))
        rate.epoch, rate.seen, rate.fell = fields["epoch"], fields["seen"], fields["fell"]
        return rate

    def epoch_ends(self, seen: int, watched: float) -> None:
        """Step on; `seen` samples were trained on so far, `watched` should fall."""
        before = self.state
        self.epoch, self.seen = self.epoch + 1, seen
        self.state = self.schedule.fold(before, watched)
        self.fell = before is not None and self.state is not None and self.state.rate < before.rate


_RATE = {
    "schedule": spec(Schedule, "a schedule"),
    "base": REAL,
    "n_epochs": NATURAL,
    "epoch": NATURAL,
    "seen": NATURAL,
    "state": ANYTHING,
    "fell": FLAG,
}
_PLATEAU = {"rate": REAL, "best": REAL, "waited": NATURAL, "stop": FLAG}


@dataclass
class Progress:
    """What training has come to; an estimator keeps it for warm starts and partial fits."""

    n_iter: int = 0  # epochs of this fit
    t: int = 0  # samples trained on
    loss: float = math.nan  # of the last epoch
    no_improvement: int = 0  # epochs since the watched value last improved
    best_iter: int = 0  # the epoch whose weights are kept
    best_loss: float = math.inf
    best_score: float = -math.inf
    history: dict[str, list[float]] = field(default_factory=lambda: {c: [] for c in COLUMNS})
    n_validated: int = field(init=False, default=0)  # epochs with a validation loss

    def __post_init__(self) -> None:
        self.n_validated = sum(not math.isnan(loss) for loss in self.history["val_loss"])

    @classmethod
    def beside(cls, heads: Sequence[str]) -> Self:
        """Of a network with side heads of these names: their losses are columns of the history."""
        columns = _with_sides([f"{head}{SIDE_LOSS}" for head in heads])
        return cls(history={column: [] for column in columns})

    @property
    def side_losses(self) -> list[str]:
        """The columns with losses of side heads, in their order."""
        return [column for column in self.history if column not in COLUMNS]

    @property
    def n_epochs(self) -> int:
        """Epochs of all fits."""
        return len(self.history["epoch"])

    def copy(self, n_rows: int | None = None) -> Progress:
        """The same, with so many rows of the history: to go on from without changing this one."""
        return replace(self, history={c: v[:n_rows] for c, v in self.history.items()})

    def cut(self, n_rows: int) -> None:
        """Leave so many rows of the history."""
        for values in self.history.values():
            del values[n_rows:]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a model file."""
        counts = {name: getattr(self, name) for name in _PROGRESS if name != "history"}
        return {**counts, "history": Table(tuple(self.history)).to_dict(self.history)}

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """What `to_dict` gave; ValueError for anything else."""
        fields = take(stored, _PROGRESS, "progress")
        found = fields["history"]
        sides = [c for c in found if c not in COLUMNS] if isinstance(found, dict) else []
        columns = _with_sides([c for c in sides if isinstance(c, str) and c.endswith(SIDE_LOSS)])
        return cls(**fields | {"history": Table(columns).from_dict(found)})

    def last(self, column: str) -> float:
        """The newest value of a column of the history."""
        return self.history[column][-1]

    def record(self, **row: float) -> None:
        """End an epoch with a row of the history; what is not given is nan."""
        row["epoch"] = self.n_epochs + 1
        self.n_iter += 1
        self.loss = row.get("loss", math.nan)
        self.n_validated += not math.isnan(row.get("val_loss", math.nan))
        for column, values in self.history.items():
            values.append(row.get(column, math.nan))

    def best(self, settings: Settings) -> float:
        """The lowest watched value so far: a loss, or minus a validation score."""
        return -self.best_score if settings.early_stopping else self.best_loss

    def watch(self, settings: Settings) -> float:
        """Compare the last epoch with the best one as scikit-learn does; the watched value."""
        watched = -self.last("val_score") if settings.early_stopping else self.last("loss")
        failed = watched > self.best(settings) - settings.tol or math.isnan(watched)
        self.no_improvement = self.no_improvement + 1 if failed else 0
        return watched

    def keep(self, settings: Settings) -> bool:
        """Note the last epoch if it is the best, which the result says."""
        if settings.early_stopping:
            score = self.last("val_score")
            equal = settings.later_best and score == self.best_score
            better = score > self.best_score or equal
            self.best_score = score if better else self.best_score
            better |= self.is_without_score()  # until there is one, the last epoch is kept
        else:
            better = self.last("loss") < self.best_loss
            self.best_loss = self.last("loss") if better else self.best_loss
        return better

    def is_without_score(self) -> bool:
        """Whether no epoch has had a validation score that is a number."""
        return math.isnan(self.last("val_score")) and self.best_score == -math.inf


def _with_sides(sides: Sequence[str]) -> tuple[str, ...]:
    """The columns of a history, those of side heads beside the loss."""
    place = COLUMNS.index("loss") + 1
    return (*COLUMNS[:place], *sides, *COLUMNS[place:])


def line(epoch: int, figures: Mapping[str, float], seconds: float) -> str:
    """What `verbose` prints of an epoch, but for the words that are scikit-learn's."""
    shown = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
    return f"epoch {epoch}: {shown} ({seconds:.2f} s)"


def layer_line(number: int, n_inputs: int, n_units: int) -> str:
    """What `verbose` prints before the epochs of a layer that is pretrained."""
    return f"layer {number}: {n_inputs} to {n_units} units"


_PROGRESS = {
    "n_iter": NATURAL,
    "t": NATURAL,
    "loss": REAL,
    "no_improvement": NATURAL,
    "best_iter": NATURAL,
    "best_loss": REAL,
    "best_score": REAL,
    "history": ANYTHING,
}
