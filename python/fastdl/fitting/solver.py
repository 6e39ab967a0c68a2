"""From an estimator's words (solver, learning_rate ...) to optimizer, schedule and settings."""

from __future__ import annotations

import math
from typing import Any

from fastdl import optim, schedules
from fastdl.fitting.progress import Settings


def optimizer_of(estimator: Any) -> optim.Optimizer:
    """What `solver` stands for, with the estimator's momentum, beta_1, beta_2 and epsilon."""
    e = estimator
    if isinstance(e.solver, optim.Optimizer):
        return e.solver
    if e.solver == "sgd" and e.momentum > 0:
        return optim.Nesterov(e.momentum) if e.nesterovs_momentum else optim.Momentum(e.momentum)
    spec = optim.get(e.solver)
    words = {"momentum": "momentum", "beta1": "beta_1", "beta2": "beta_2", "eps": "epsilon"}
    fields = {f: getattr(e, word) for f, word in words.items() if f in spec.get_params()}
    if "rho" in spec.get_params():
        fields["rho"] = e.momentum
    if isinstance(spec, optim.LBFGS):
        fields["max_fun"] = e.max_fun
    return spec.replace(**fields)


def options_of(estimator: Any) -> dict[str, float]:
    """Penalties and limits around the optimizer, for `fastdl.program.set_optimizer`."""
    e = estimator
    limits = ("max_norm", "clip_value", "clip_norm")
    return {
        "l1": e.l1,
        "l2": e.alpha,
        "weight_decay": e.weight_decay,
        **{name: math.inf if getattr(e, name) is None else getattr(e, name) for name in limits},
    }


def schedule_of(estimator: Any) -> schedules.Schedule:
    """What `learning_rate` stands for; as in scikit-learn, adam knows no invscaling or adaptive."""
    e = estimator
    if e.solver == "adam" and e.learning_rate in ("invscaling", "adaptive"):
        return schedules.Constant()
    if e.learning_rate == "invscaling":
        return schedules.InvScaling(e.power_t)
    if e.learning_rate == "adaptive":
        return schedules.Adaptive(tol=e.tol, n_iter_no_change=e.n_iter_no_change)
    spec = schedules.get(e.learning_rate)
    spec.check()
    return spec


def iteration_line(progress: Any) -> str:
    """scikit-learn's words for an epoch."""
    line = f"Iteration {progress.n_iter}, loss = {progress.last('loss'):.8f}"
    score = progress.last("val_score")
    return line if math.isnan(score) else f"{line}\nValidation score: {score:f}"


def epoch_line(progress: Any) -> str:
    """An epoch in one line: what is known of it."""
    row = {c: values[-1] for c, values in progress.history.items() if not math.isnan(values[-1])}
    figures = [f"{c} {row[c]:.4f}" for c in ("loss", "val_loss", "score", "val_score") if c in row]
    return f"epoch {row['epoch']}: {', '.join(figures)} ({row['seconds']:.2f} s)"


def settings_of(
    estimator: Any, n_samples: int, *, own_validation: bool, incremental: bool
) -> Settings:
    """What stays the same during a fit of `n_samples`; a partial fit is one epoch."""
    e = estimator
    return Settings(
        max_epochs=1 if incremental else e._max_epochs,
        batch_size=e._batch_size(n_samples),
        solver=e.solver,
        learning_rate_init=e.learning_rate_init,
        shuffle=e.shuffle,
        tol=e.tol,
        n_iter_no_change=e.n_iter_no_change,
        early_stopping=e._stops_early(own_validation),
        report=e._report if e.verbose else None,
        warn_at_end=e._warns_at_end and not incremental,
    )
