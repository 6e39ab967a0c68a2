"""How much the weights shrink, and at which rate, chosen by samples that are held out.

Then all are trained on.
"""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastdl.fitting.progress import LearningRate
from fastdl.fitting.recipe import Recipe
from fastdl.fitting.training import epochs
from fastdl.fitting.training.evaluation import held_out_losses
from fastdl.samples import Data

if TYPE_CHECKING:
    from fastdl._core import Program


def choose(
    trainee: Any,
    program: Program,
    train: Data,
    order: NDArray[np.int64],
    held_out: Data,
    recipe: Recipe,
    random_state: np.random.RandomState,
) -> tuple[float, bool] | None:
    """The one of `recipe.shrinkages` with the smallest loss on held-out samples; None if none has.

    And whether it goes with `recipe.faster_rate`, which is tried with the least shrinkage: samples
    that say clearly what is to be learnt, in few features, want large steps. It must be clearly
    better, for where it is not needed it does harm, and few held-out samples may choose it by
    chance. Each trial is two thirds as long as the fit, and shrinks the weights as much.

    Parameters
    ----------
    trainee : estimator
        The optimizer of its network is that of the last trial.
    program : Program
        Of that network; ends with the weights and states that it began with.
    train : Data
    order : ndarray of int64
        The samples of `train` to train on.
    held_out : Data
    recipe : Recipe
        For so many samples.
    random_state : RandomState
        Stays as it is: what is drawn later does not depend on the trials.
    """
    n_epochs = recipe.trial_epochs
    settings = replace(recipe.settings, max_epochs=n_epochs)
    recipe = replace(
        recipe, n_epochs=n_epochs, settings=settings, shrinks_along=2 * recipe.shrinks_along / 3
    )
    weights, states = program.get_weights(), program.get_states()

    def losses_of(shrinkage: float, faster: bool) -> NDArray[np.float64]:
        trial = recipe.at_rate(recipe.faster_rate) if faster else recipe
        trial = trial.shrinking(shrinkage, len(order))
        trainee._network.set_optimizer(trial.optimizer, **trial.options)
        learns = _train(program, train, order, trial, copy.deepcopy(random_state))
        losses = held_out_losses(trainee, program, held_out) if learns else np.array([math.inf])
        program.set_weights(weights)
        program.set_states(states)
        return np.array([math.inf]) if np.isnan(losses).any() else losses

    losses = [losses_of(shrinkage, False) for shrinkage in recipe.shrinkages]
    best = int(np.argmin([of_trial.sum() for of_trial in losses]))
    if recipe.faster > 1:
        least = min(recipe.shrinkages)
        if is_clearly_less(losses_of(least, True), losses[best]):
            return least, True
    return (recipe.shrinkages[best], False) if math.isfinite(losses[best].sum()) else None


def is_clearly_less(losses: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Whether the first are less than the others by two standard errors of the difference."""
    if not (math.isfinite(losses.sum()) and math.isfinite(others.sum())):
        return math.isfinite(losses.sum())
    gains = others - losses
    error = gains.std(ddof=1) * math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return bool(gains.sum() > 2 * error)


def _train(
    program: Program,
    train: Data,
    order: NDArray[np.int64],
    recipe: Recipe,
    random_state: np.random.RandomState,
) -> bool:
    """Train without anything to be seen of it; whether the loss stayed finite."""
    settings = recipe.settings
    rate = LearningRate(recipe.schedule, settings.learning_rate_init, recipe.n_epochs)
    for number in range(settings.max_epochs):
        order, _, result = epochs.epoch(
            program, train.samples, order, settings, rate, random_state, number
        )
        if result.status == "diverged":
            return False
        rate.epoch_ends(0, result.loss)
    return bool(np.isfinite(program.get_weights()).all())
