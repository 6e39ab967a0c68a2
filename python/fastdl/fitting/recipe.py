"""How to train: what the words of an estimator (solver, learning_rate ...) stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from fastdl import optim, schedules
from fastdl.fitting.defaults import mean_rate
from fastdl.fitting.progress import Progress, Settings, line
from fastdl.optim import LBFGS, Optimizer
from fastdl.schedules import Schedule


@dataclass(frozen=True)
class Recipe:
    """Everything about a training but its data."""

    optimizer: Optimizer
    options: dict[str, Any]  # around the optimizer; see `fastdl.program.set_optimizer`
    schedule: Schedule
    n_epochs: int  # that the schedule is made for
    settings: Settings
    chosen: dict[str, Any] = field(default_factory=dict)  # fitted attributes: what "auto" came to
    shrinks_along: float = 0.0  # the sum of all rates at which weights shrink as much as is said
    shrinkages: tuple[float, ...] = ()  # to choose from by held-out samples
    trial_epochs: int = 0  # for each of them
    faster: float = 1.0  # times the rate, which is tried with the least of them
    keeps_rate: bool = False  # in partial fits, even where the words have changed, as scikit-learn

    def at_rate(self, rate: float) -> Recipe:
        """With another largest rate; how much the weights shrink is to be said anew."""
        return replace(
            self,
            settings=replace(self.settings, learning_rate_init=rate),
            chosen={**self.chosen, "learning_rate_init_": rate},
        )

    @property
    def faster_rate(self) -> float:
        """The largest rate that is tried."""
        return self.faster * self.settings.learning_rate_init

    def shrinking(self, shrinkage: float, n_samples: int) -> Recipe:
        """With the weight decay that shrinks weights without gradient by exp(-shrinkage) in all.

        A fit whose rates come to less than `shrinks_along` shrinks them by its part of that.
        """
        n_updates = self.n_epochs * math.ceil(n_samples / self.settings.batch_size)
        rate = self.settings.learning_rate_init * mean_rate(self.schedule, self.n_epochs)
        decay = shrinkage / max(rate * n_updates, self.shrinks_along)
        return replace(
            self,
            options={**self.options, "weight_decay": decay},
            chosen={**self.chosen, "weight_decay_": decay, "_shrinkage": shrinkage},
        )


class Words(Protocol):
    """What an estimator says about its training; see `TrainingWords`."""

    solver: Any
    learning_rate: Any
    momentum: Any
    nesterovs_momentum: Any
    beta_1: Any
    beta_2: Any
    epsilon: Any
    power_t: Any
    max_fun: Any
    alpha: Any
    l1: Any
    weight_decay: Any
    max_norm: Any
    clip_value: Any
    clip_norm: Any


def optimizer_of(words: Words, solver: str | Optimizer | None = None) -> Optimizer:
    """What `solver` stands for, with momentum, beta_1, beta_2 and epsilon."""
    solver = words.solver if solver is None else solver
    if isinstance(solver, Optimizer):
        return solver
    if solver == "sgd" and words.momentum > 0:
        kind = optim.Nesterov if words.nesterovs_momentum else optim.Momentum
        return kind(words.momentum)
    spec = optim.get(solver)
    known = {"momentum": "momentum", "beta1": "beta_1", "beta2": "beta_2", "eps": "epsilon"}
    fields = {f: getattr(words, name) for f, name in known.items() if f in spec.get_params()}
    if "rho" in spec.get_params():
        fields["rho"] = words.momentum
    if isinstance(spec, LBFGS):
        fields["max_fun"] = words.max_fun
    return spec.replace(**fields)


def is_lbfgs(solver: str | Optimizer) -> bool:
    """Whether `solver` stands for L-BFGS."""
    return solver == "lbfgs" or isinstance(solver, LBFGS)


def decay_of(words: Words, optimizer: Optimizer) -> float:
    """What `weight_decay` says, or the optimizer's own."""
    given = words.weight_decay
    own = getattr(optimizer, "weight_decay", 0.0)
    return float(own if given is None or given == "auto" else given)


def decays_by_rule(words: Words, optimizer: Optimizer) -> bool:
    """Whether nobody has said by how much the weights shrink, and the solver can do it."""
    by_spec = isinstance(words.solver, Optimizer) and hasattr(words.solver, "weight_decay")
    return words.weight_decay == "auto" and not by_spec and not isinstance(optimizer, LBFGS)


def options_of(words: Words, l2: float, weight_decay: float | None) -> dict[str, Any]:
    """Penalties and limits around the optimizer, for `fastdl.program.set_optimizer`."""
    limits = ("max_norm", "clip_value", "clip_norm")
    return {
        "l1": words.l1,
        "l2": l2,
        "weight_decay": weight_decay,
        **{n: math.inf if getattr(words, n) is None else getattr(words, n) for n in limits},
    }


def schedule_of(words: Words, tol: float, n_iter_no_change: float) -> Schedule:
    """What `learning_rate` stands for; as in scikit-learn, adam knows no invscaling or adaptive."""
    if words.solver == "adam" and words.learning_rate in ("invscaling", "adaptive"):
        return schedules.Constant()
    if words.learning_rate == "invscaling":
        return schedules.InvScaling(words.power_t)
    if words.learning_rate == "adaptive":
        return schedules.Adaptive(tol=tol, n_iter_no_change=n_iter_no_change)  # type: ignore[arg-type]
    spec = schedules.get(words.learning_rate)
    spec.check()
    return spec


def iteration_line(progress: Progress) -> str:
    """scikit-learn's words for an epoch."""
    line = f"Iteration {progress.n_iter}, loss = {progress.last('loss'):.8f}"
    score = progress.last("val_score")
    return line if math.isnan(score) else f"{line}\nValidation score: {score:f}"


def epoch_line(progress: Progress, *, of_y: bool = False) -> str:
    """An epoch in one line: what is known of it; `of_y`: the losses are of normalized y."""
    row = {c: values[-1] for c, values in progress.history.items() if not math.isnan(values[-1])}
    title = " of normalized y" if of_y else ""
    shown = {"loss": title, "val_loss": title, "score": "", "val_score": ""}
    figures = {f"{column}{of}": float(row[column]) for column, of in shown.items() if column in row}
    return line(int(row["epoch"]), figures, row["seconds"])


def iterations_reached(progress: Progress, settings: Settings) -> str:
    """scikit-learn's words for a training that reached its last epoch."""
    return (
        f"Stochastic Optimizer: Maximum iterations ({settings.max_epochs}) reached and the "
        "optimization hasn't converged yet."
    )


_LARGE_ERROR = 10.0  # root mean square: weights start for values around 1


def iterations_reached_by_numbers(progress: Progress, settings: Settings) -> str:
    """The same of a regressor, with the usual reason where the error is still large: y's scale."""
    text = iterations_reached(progress, settings)
    error = math.sqrt(2 * max(progress.loss, 0.0))
    if error < _LARGE_ERROR:
        return text
    return (
        f"{text} The error is still {error:.2g}: y is far from mean 0 and variance 1, and is "
        "learnt slowly. Scale it, by TransformedTargetRegressor(..., "
        "transformer=StandardScaler()), or use NetRegressor, which does."
    )


def still_improves(progress: Progress, settings: Settings) -> str:
    """The same, where one of the last epochs, a tenth of all, was better by `tol`; else nothing."""
    if progress.no_improvement >= math.ceil(settings.max_epochs / 10):
        return ""
    what = "validation score still rises" if settings.early_stopping else "loss still falls"
    return (
        f"{settings.length}={settings.max_epochs} reached while the {what} by more than "
        f"tol={settings.tol:g}. Increase {settings.length}, or leave it out."
    )
