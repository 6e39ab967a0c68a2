"""The words of scikit-learn's perceptrons, in its order, and those that fastdl adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdl import optim, schedules
from fastdl._sklearn import Interval, Options, StrOptions
from fastdl._warn import warn
from fastdl.estimators.parameters.training_words import (
    COUNT,
    DEVICE,
    NOT_NEGATIVE,
    POSITIVE,
    PRECISION,
    RATE,
    TrainingRecord,
    TrainingWords,
)
from fastdl.estimators.parameters.words import reword, word
from fastdl.fitting.progress import Progress, Settings
from fastdl.fitting.recipe import (
    Recipe,
    iteration_line,
    iterations_reached,
    iterations_reached_by_numbers,
    optimizer_of,
    options_of,
    schedule_of,
)
from fastdl.fitting.targets import Targets
from fastdl.layers._activation import FUNCTIONS
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule

_ACTIVATIONS = {*FUNCTIONS, "logistic"} - {"sigmoid"}


def _new(name: str) -> Any:
    """A word of other networks that scikit-learn's perceptrons do not have."""
    text = reword(TrainingWords, name).metadata["text"]
    return reword(TrainingWords, name, text=f"New: {text[0].lower()}{text[1:]}")


@dataclass(eq=False, repr=False, kw_only=True)
class PerceptronWords(TrainingRecord):
    """How a perceptron looks and how it is trained."""

    hidden_layer_sizes: int | Sequence[int] = word(
        default=(100,),
        rule=["array-like", COUNT],
        kind="array-like of int",
        text="Units of each hidden layer; ``()`` is softmax or linear regression.",
        kw_only=False,
    )
    activation: str | Sequence[str] = word(
        default="relu",
        rule=[StrOptions(_ACTIVATIONS), list, tuple],
        kind="str or list of str",
        text='"identity", "logistic", "tanh", "relu", or, new, any other function of '
        "`fastdl.layers.Activation`; a list has one for each hidden layer.",
        kw_only=False,
    )
    solver: str | Optimizer = word(
        default="adam",
        rule=[StrOptions(set(optim.BY_NAME)), Optimizer],
        kind="str or Optimizer",
        text='"lbfgs", "sgd" (with `momentum` and `nesterovs_momentum`), "adam", or, new, '
        '"momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adamw", "nadam" or a spec of '
        "`fastdl.optim`. They share `momentum` (rho of rmsprop and adadelta), `beta_1`, `beta_2` "
        "and `epsilon`.",
    )
    alpha: float = reword(TrainingWords, "alpha", default=0.0001)
    batch_size: int | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        text='Samples of a step; "auto" is min(200, n_samples).',
    )
    learning_rate: str | Schedule = word(
        default="constant",
        rule=[StrOptions(set(schedules.BY_NAME)), Schedule],
        kind="str or Schedule",
        text='"constant", "invscaling" and "adaptive" as in scikit-learn, where adam does not heed '
        'them; new, for every solver: "step", "exponential", "cosine", "one_cycle", "warm_up", '
        '"reduce_on_plateau" or a spec of `fastdl.schedules`.',
    )
    learning_rate_init: float = word(
        default=0.001,
        rule=[POSITIVE],
        kind="float",
        text="The rate that the schedule starts from.",
    )
    power_t: float = word(
        default=0.5, rule=[NOT_NEGATIVE], kind="float", text='The exponent of "invscaling".'
    )
    max_iter: int = word(
        default=200, rule=[COUNT], kind="int", text='Epochs at most; iterations of "lbfgs".'
    )
    shuffle: bool = reword(TrainingWords, "shuffle")
    random_state: int | np.random.RandomState | None = reword(
        TrainingWords,
        "random_state",
        text="Of weights, splits and shuffles, drawn in scikit-learn's order.",
    )
    tol: float = word(
        default=1e-4, rule=[NOT_NEGATIVE], kind="float", text="What counts as improvement."
    )
    verbose: bool | int = reword(TrainingWords, "verbose")
    warm_start: bool = reword(TrainingWords, "warm_start")
    momentum: float = word(
        default=0.9,
        rule=[Interval(Real, 0, 1, closed="both")],
        kind="float",
        text='Of "sgd" and of the solvers that have one.',
    )
    nesterovs_momentum: bool = word(
        default=True, rule=["boolean"], kind="bool", text='Whether that of "sgd" is Nesterov\'s.'
    )
    early_stopping: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether training stops when the validation score does not improve, and ends with "
        "the best weights. An `X_val` passed to fit is used instead of a held-out part of X.",
    )
    validation_fraction: float = word(
        default=0.1, rule=[RATE], kind="float", text="Part of X held out for early stopping."
    )
    beta_1: float = word(
        default=0.9, rule=[RATE], kind="float", text="Decay of Adam's mean of the gradients."
    )
    beta_2: float = word(
        default=0.999, rule=[RATE], kind="float", text="Decay of Adam's mean of their squares."
    )
    epsilon: float = word(
        default=1e-8, rule=[POSITIVE], kind="float", text="Added to Adam's denominator."
    )
    n_iter_no_change: float = word(
        default=10,
        rule=[COUNT, Options(Real, {np.inf})],
        kind="int or inf",
        text="Epochs without improvement after which training stops.",
    )
    max_fun: int = word(
        default=15000, rule=[COUNT], kind="int", text='Calls of the loss at most, of "lbfgs".'
    )
    dropout: float = word(
        default=0.0,
        rule=[RATE],
        kind="float",
        text="New: probability that an output of a hidden layer is dropped in training.",
    )
    batch_norm: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="New: normalise what goes into the activations.",
    )
    weight_decay: float = word(
        default=0.0,
        rule=[NOT_NEGATIVE],
        kind="float",
        text="New: decoupled from the gradient, as in AdamW; for any solver but lbfgs.",
    )
    l1: float = _new("l1")
    max_norm: float | None = _new("max_norm")
    clip_value: float | None = _new("clip_value")
    clip_norm: float | None = _new("clip_norm")
    scoring: str | Callable[..., float] | None = reword(
        TrainingWords,
        "scoring",
        text="New: what is measured on validation (and then also on training) samples; None is "
        "that of `score`.",
    )
    n_jobs: int | None = reword(
        TrainingWords,
        "n_jobs",
        text="New: threads. None obeys OMP_NUM_THREADS, threadpoolctl, joblib and the limits of "
        "the process; the result is the same for any number.",
    )
    device: str = word(default="cpu", like=DEVICE)
    precision: str = word(default="float32", like=PRECISION)

    if TYPE_CHECKING:
        _targets: Targets

    def _stops_early(self, own_validation: bool) -> bool:
        """Whether the validation score decides when to stop."""
        return bool(self.early_stopping)

    def _batch_size(self, n_samples: int) -> int:
        """Samples in a batch, of `n_samples` to train on."""
        if self.batch_size == "auto":
            return min(200, n_samples)
        size = int(self.batch_size)
        if size > n_samples and self.solver != "lbfgs":
            warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
            )
        return min(size, n_samples)

    def _recipe(self, n_samples: int, *, own_validation: bool, incremental: bool) -> Recipe:
        """What the words stand for, for so many samples to train on."""
        return Recipe(
            optimizer_of(self),
            options_of(self, self.alpha, self.weight_decay),
            schedule_of(self, self.tol, self.n_iter_no_change),
            n_epochs=int(self.max_iter),
            settings=Settings(
                max_epochs=1 if incremental else int(self.max_iter),
                batch_size=self._batch_size(n_samples),
                solver=self.solver,
                learning_rate_init=self.learning_rate_init,
                shuffle=self.shuffle,
                tol=self.tol,
                n_iter_no_change=self.n_iter_no_change,
                early_stopping=bool(self.early_stopping),
                report=iteration_line if self.verbose else None,
                complaint=None if incremental else self._complaint(),
                length="max_iter",
            ),
            keeps_rate=True,
        )

    def _complaint(self) -> Callable[[Progress, Settings], str]:
        """What is said where max_iter ends a fit."""
        squared = self._targets.kind == "continuous" and getattr(self, "loss", "") != "poisson"
        return iterations_reached_by_numbers if squared else iterations_reached
