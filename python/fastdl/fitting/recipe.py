"""How to train: what the words of an estimator (solver, learning_rate ...) stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from fastdl import optim, schedules
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
    tol: Any
    n_iter_no_change: Any
    alpha: Any
    l1: Any
    weight_decay: Any
    max_norm: Any
    clip_value: Any
    clip_norm: Any


def optimizer_of(words: Words) -> Optimizer:
    """What `solver` stands for, with momentum, beta_1, beta_2 and epsilon."""
    if isinstance(words.solver, Optimizer):
        return words.solver
    if words.solver == "sgd" and words.momentum > 0:
        kind = optim.Nesterov if words.nesterovs_momentum else optim.Momentum
        return kind(words.momentum)
    spec = optim.get(words.solver)
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


def options_of(words: Words) -> dict[str, Any]:
    """Penalties and limits around the optimizer, for `fastdl.program.set_optimizer`."""
    limits = ("max_norm", "clip_value", "clip_norm")
    return {
        "l1": words.l1,
        "l2": words.alpha,
        "weight_decay": words.weight_decay,
        **{n: math.inf if getattr(words, n) is None else getattr(words, n) for n in limits},
    }


def schedule_of(words: Words) -> Schedule:
    """What `learning_rate` stands for; as in scikit-learn, adam knows no invscaling or adaptive."""
    if words.solver == "adam" and words.learning_rate in ("invscaling", "adaptive"):
        return schedules.Constant()
    if words.learning_rate == "invscaling":
        return schedules.InvScaling(words.power_t)
    if words.learning_rate == "adaptive":
        return schedules.Adaptive(tol=words.tol, n_iter_no_change=words.n_iter_no_change)
    spec = schedules.get(words.learning_rate)
    spec.check()
    return spec


def iteration_line(progress: Progress) -> str:
    """scikit-learn's words for an epoch."""
    line = f"Iteration {progress.n_iter}, loss = {progress.last('loss'):.8f}"
    score = progress.last("val_score")
    return line if math.isnan(score) else f"{line}\nValidation score: {score:f}"


def epoch_line(progress: Progress) -> str:
    """An epoch in one line: what is known of it."""
    row = {c: values[-1] for c, values in progress.history.items() if not math.isnan(values[-1])}
    shown = ("loss", "val_loss", "score", "val_score")
    figures: dict[str, float] = {column: row[column] for column in shown if column in row}
    return line(int(row["epoch"]), figures, row["seconds"])
