"""The words of training by gradient descent, which most networks have."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl import losses, schedules
from fastdl._saved import NATURAL, REAL, Saved
from fastdl._sklearn import Interval, Options, StrOptions
from fastdl.estimators.heads.labels import LABEL_LOSSES
from fastdl.estimators.heads.numbers import REGRESSION
from fastdl.estimators.parameters.words import Meaning, fitted, word
from fastdl.fitting.defaults import Defaults, by_layers, or_auto
from fastdl.fitting.progress import LearningRate, Progress, Settings
from fastdl.fitting.recipe import (
    Recipe,
    decay_of,
    decays_by_rule,
    epoch_line,
    optimizer_of,
    options_of,
    schedule_of,
    still_improves,
)
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule

if TYPE_CHECKING:
    from fastdl.fitting.targets import Targets
    from fastdl.fitting.trainable import TrainableNetwork

COUNT = Interval(Integral, 1, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
RATE = Interval(Real, 0, 1, closed="left")
PART = Interval(Real, 0, 1, closed="neither")
UNIT = Interval(Real, 0, 1, closed="both")

# Words of classifiers and of regressors, to be written with their default:
# ``loss: str | Loss = word(default="log_loss", like=LABEL_LOSS)``.
ClassWeight = Mapping[Any, float] | Sequence[Mapping[Any, float]] | str | None
LABEL_LOSS = Meaning(
    rule=[
        str,
        *dict.fromkeys(type(of) for pair in LABEL_LOSSES.values() for of in pair if of),
        losses.Custom,
        callable,
    ],
    kind='{"log_loss", "focal", "squared_error", "hinge"}, Loss or callable',
    text="Cross-entropy, the focal loss, squared error (halved) between the outputs and 1 for the "
    "class, 0 for the others, or the multi-class hinge; the last two give no probabilities. "
    "Of `fastdl.losses`, ``SoftmaxCrossEntropy(label_smoothing=0.1)`` or ``Focal(gamma=1)``; two "
    "classes then have two outputs. Or a function of your own: see `fastdl.losses.Custom`.",
)
NUMBER_LOSS = Meaning(
    rule=[str, *(losses.BY_NAME[name] for name in REGRESSION), losses.Custom, callable],
    kind="str, Loss or callable",
    text='"squared_error" (halved), "absolute_error", "huber", "poisson" for counts, with the '
    "exponential between network and predictions, or ``Pinball(0.9)`` of `fastdl.losses`, for a "
    "quantile. Or a function of your own: see `fastdl.losses.Custom`.",
)
CLASS_WEIGHT = Meaning(
    rule=[dict, list, StrOptions({"balanced"}), None],
    kind='dict, list of dict, "balanced" or None',
    text="Weights of the classes, times `sample_weight`.",
)
DEVICE = Meaning(
    rule=[str],
    kind='{"auto", "cpu", "cuda", "cuda:1" ...}',
    text='What does the work. "cuda" is the first GPU, "cuda:1" the second; "auto" the first where '
    "there is one that is worth it, else the CPU: `device_` says which, and why. See docs/cuda.md.",
)
PRECISION = Meaning(
    rule=[StrOptions({"float32", "tf32", "bf16"})],
    kind='{"float32", "tf32", "bf16"}',
    text="How a GPU multiplies float32: as it is, or in its matrix units, rounded to 10 bits after "
    'the point ("tf32") or 7 ("bf16"), with sums and weights in float32. The CPU, which '
    'device="auto" may take, rounds nothing.',
)
CONVOLUTION = Meaning(
    rule=[StrOptions({"auto", "direct"})],
    kind='{"auto", "direct"}',
    text='How 3x3 convolutions of float32 are computed. "auto": by Winograd\'s algorithm where '
    "that is faster, with errors up to 3e-6 times the largest value of a tile of 6x6 pixels times "
    'the norm of the filter; a NaN or an infinity spreads over the tile. "direct": each output '
    "from its own window alone, up to three times as slow. See docs/environment.md.",
)
NORMALIZE_Y = Meaning(
    rule=["boolean"],
    kind="bool",
    text="Whether the network learns y with mean 0 and variance 1, each column by itself; "
    "predictions are in the units of y. Losses, in `history_` too, are then of that y (Huber's "
    "`delta` counts standard deviations). Partial fits take the mean and the variance of the first "
    'one. Counts (loss="poisson") are left as they are.',
)
CLASSES = ("ndarray of shape (n_classes,)", "The labels, sorted.")


@dataclass(eq=False, repr=False, kw_only=True)
class TrainingRecord:
    """What training leaves, epoch by epoch."""

    n_iter_: int = fitted("int", "Epochs of the last fit.")
    best_iter_: int = fitted("int", "The epoch whose weights are kept.")
    loss_: float = fitted("float", "Of the last epoch.")
    loss_curve_: list[float] = fitted("list of float", "The loss of each epoch.")
    validation_loss_curve_: list[float] | None = fitted(
        "list of float or None", "Where there was a validation set."
    )
    validation_scores_: list[float] | None = fitted("list of float or None", "Likewise.")
    history_: dict[str, list[float]] = fitted(
        "dict of list",
        "One table for all epochs: epoch, lr, loss, val_loss, score, val_score, seconds; nan "
        "where nothing was computed. Side heads (`fastdl.layers.AuxHead`) have columns of their "
        "own, such as aux_head_1_loss.",
    )
    t_: int = fitted("int", "Samples trained on, repetitions counted.")
    _progress: Progress = fitted(saved=Saved(Progress, "progress"))
    _optimizer: LearningRate = fitted(saved=Saved(LearningRate, "learning_rate", of_training=True))


@dataclass(eq=False, repr=False, kw_only=True)
class TrainingWords(TrainingRecord):
    """How a network is trained."""

    solver: str | Optimizer = word(
        default="adam",
        rule=[str, Optimizer],
        kind="str or Optimizer",
        text='One of `fastdl.optim`: "sgd" (with `momentum`), "adam", "adamw" ...',
    )
    learning_rate: str | Schedule = word(
        default="auto",
        rule=[str, Schedule],
        kind="str or Schedule",
        text='One of `fastdl.schedules`: "constant", "cosine", "one_cycle" ... "auto": half a '
        "cosine down to 0, batch by batch, which ends the fit; with sigmoids, a rise over the "
        "first 5 % of the epochs. Constant in partial fits.",
    )
    learning_rate_init: float | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), POSITIVE],
        kind='float or "auto"',
        text='The rate that the schedule starts from. "auto": min(0.01, 0.1 / sqrt(n)), n the most '
        "inputs that a unit has; twice that with sigmoids.",
    )
    momentum: float = word(
        default=0.9,
        rule=[RATE],
        kind="float",
        text='Of "sgd" (Nesterov\'s) and of the solvers that have one.',
    )
    batch_size: int | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        text='Samples of a step; "auto" is 32, or all where they are fewer.',
    )
    max_epochs: int | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        text='Epochs at most; "auto" is 20, or as many as give a number of steps that depends on '
        "the layers: 1500 where all are dense. See docs/defaults.md.",
    )
    shuffle: bool = word(
        default=True,
        rule=["boolean"],
        kind="bool",
        text="Whether the samples are shuffled in each epoch.",
    )
    alpha: float | str = word(
        default=0.0,
        rule=[NOT_NEGATIVE],
        kind="float",
        text="Strength of the L2 penalty on the weights, divided by the samples of a batch.",
    )
    l1: float = word(
        default=0.0, rule=[NOT_NEGATIVE], kind="float", text="As `alpha`, of absolute values."
    )
    weight_decay: float | str | None = word(
        default="auto",
        rule=[StrOptions({"auto"}), NOT_NEGATIVE, None],
        kind='float, "auto" or None',
        text="By how much the weights shrink in each step, times the rate, apart from the gradient "
        '(AdamW). "auto": so that those without gradient shrink by exp(-E) in the whole fit, '
        "whatever its length; with dense layers only, the E of a few that does best on a fifth of "
        "50 to 10,000 samples, after which all are trained on (not where training is to stop "
        'early). Nothing in partial fits. None: 0.01 for "adamw", else 0.',
    )
    max_norm: float | None = word(
        default=None,
        rule=[POSITIVE, None],
        kind="float or None",
        text="Largest norm of the weights into a unit.",
    )
    clip_value: float | None = word(
        default=None,
        rule=[POSITIVE, None],
        kind="float or None",
        text="Largest absolute value in the gradient.",
    )
    clip_norm: float | None = word(
        default=None,
        rule=[POSITIVE, None],
        kind="float or None",
        text="Largest norm of the gradient.",
    )
    early_stopping: bool | str = word(
        default="auto",
        rule=["boolean", StrOptions({"auto"})],
        kind='bool or "auto"',
        text="Whether training stops when the validation score does not improve, and ends with the "
        'best weights. "auto": with a validation set of your own, where a schedule that ends by '
        "itself is not cut. Otherwise the training loss is watched.",
    )
    validation_fraction: float = word(
        default=0.1,
        rule=[PART],
        kind="float",
        text="Part of X held out for ``early_stopping=True``, unless fit gets an `X_val`.",
    )
    n_iter_no_change: float | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), COUNT, Options(Real, {np.inf})],
        kind='int, inf or "auto"',
        text='Epochs without improvement after which training stops. "auto": 10; inf where neither '
        "this nor `tol` nor early stopping is asked for, and the schedule ends by itself.",
    )
    tol: float | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), NOT_NEGATIVE],
        kind='float or "auto"',
        text='What counts as improvement; "auto" is 1e-4.',
    )
    scoring: str | Callable[..., float] | None = word(
        default=None,
        rule=[str, callable, None],
        kind="str, callable or None",
        text="What the history calls score, for training and validation samples. None: that of "
        "`score`, of the validation set only.",
    )
    random_state: int | np.random.RandomState | None = word(
        default=None,
        rule=["random_state"],
        kind="int, RandomState or None",
        text="Of weights, splits, shuffles and dropout. The same number gives the same bytes "
        "for any `n_jobs`.",
    )
    verbose: bool | int = word(
        default=False, rule=["verbose"], kind="bool", text="Whether each epoch prints a line."
    )
    warm_start: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether fit goes on from the weights of the fit before.",
    )
    n_jobs: int | None = word(
        default=None,
        rule=[Integral, None],
        kind="int or None",
        text="Threads; None is what OpenMP would take, -1 all. The result is the same for any.",
    )
    device: str = word(default="cpu", like=DEVICE)
    precision: str = word(default="float32", like=PRECISION)
    dtype: DTypeLike = word(
        default="float32",
        rule=[str, type, np.dtype],
        kind='"float32" or "float64"',
        text="Of the weights.",
    )

    max_epochs_: int = fitted("int", "Epochs at most, of the last fit.", saved=NATURAL)
    batch_size_: int = fitted("int", "Samples of a step.", saved=NATURAL)
    learning_rate_init_: float = fitted("float", "The rate the schedule began with.", saved=REAL)
    weight_decay_: float = fitted("float", "Of each step, times the rate.", saved=REAL)
    _shrinkage: float = fitted(saved=Saved(REAL, "shrinkage", of_training=True))

    # Fields of the solvers that have no word of their own: solver=optim.Adam(beta1=0.8).
    nesterovs_momentum = True
    beta_1, beta_2, epsilon = 0.9, 0.999, 1e-8
    power_t = 0.5
    max_fun = 15000
    _comes_last: ClassVar[bool] = True  # in constructors: a family's own words are read first
    _complains: ClassVar[bool] = True  # where a number of epochs ends a fit too early
    if TYPE_CHECKING:
        _network: TrainableNetwork = fitted()
        _targets: Targets = fitted()

    @property
    def _auto(self) -> Defaults:
        """What "auto" stands for."""
        return by_layers(self._network.layers)

    def _solver(self, *, incremental: bool) -> str | Optimizer:
        """What `solver` stands for."""
        return self.solver

    def _penalty(self, optimizer: Optimizer) -> float:
        """What `alpha` stands for."""
        return float(self.alpha)

    def _stops_early(self, own_validation: bool) -> bool:
        """Whether the validation score decides when to stop."""
        return own_validation if self.early_stopping == "auto" else bool(self.early_stopping)

    def _batch_size(self, n_samples: int) -> int:
        """Samples in a batch, of `n_samples` to train on."""
        auto = self.batch_size == "auto"
        return self._auto.batch(n_samples) if auto else min(int(self.batch_size), n_samples)

    def _recipe(self, n_samples: int, *, own_validation: bool, incremental: bool) -> Recipe:
        """What the words stand for, for so many samples to train on."""
        optimizer = optimizer_of(self, self._solver(incremental=incremental))
        decay = decay_of(self, optimizer)
        settings = self._settings(optimizer, n_samples, own_validation=own_validation)
        schedule = self._schedule(settings, incremental=incremental)
        stops = self.early_stopping is True or {self.tol, self.n_iter_no_change} != {"auto"}
        if schedule.ends and not stops:
            settings = replace(settings, n_iter_no_change=math.inf)
        n_epochs = settings.max_epochs
        if incremental:
            settings = replace(settings, max_epochs=1, complaint=None)
        recipe = Recipe(
            optimizer,
            options_of(self, self._penalty(optimizer), decay),
            schedule,
            n_epochs,
            settings,
            chosen={
                "max_epochs_": settings.max_epochs,
                "batch_size_": settings.batch_size,
                "learning_rate_init_": settings.learning_rate_init,
                "weight_decay_": decay,
            },
            faster=self._auto.faster if self.learning_rate_init == "auto" else 1.0,
        )
        if incremental or not decays_by_rule(self, optimizer):
            return recipe
        auto = self._auto
        by_rule = auto.epochs(n_samples, settings.batch_size, optimizer)
        return replace(
            recipe,
            shrinks_along=auto.path(self._network, optimizer),
            shrinkages=() if stops else auto.candidates(n_samples),
            trial_epochs=math.ceil(2 * min(n_epochs, by_rule) / 3),
        ).shrinking(auto.shrinks(n_samples), n_samples)

    def _settings(self, optimizer: Optimizer, n_samples: int, *, own_validation: bool) -> Settings:
        """What stays the same during a fit of so many samples."""
        auto, batch_size = self._auto, self._batch_size(n_samples)
        n_epochs = int(or_auto(self.max_epochs, auto.epochs(n_samples, batch_size, optimizer)))
        n_steps = n_epochs * math.ceil(n_samples / batch_size)
        warns = self._complains and self.max_epochs != "auto"
        return Settings(
            max_epochs=n_epochs,
            batch_size=batch_size,
            solver=self.solver,
            learning_rate_init=float(
                or_auto(self.learning_rate_init, auto.rate(self._network, optimizer, n_steps))
            ),
            shuffle=self.shuffle,
            tol=or_auto(self.tol, 1e-4),
            n_iter_no_change=or_auto(self.n_iter_no_change, 10),
            early_stopping=self._stops_early(own_validation),
            report=partial(epoch_line, of_y=self._targets.is_normalized) if self.verbose else None,
            complaint=still_improves if warns else None,
        )

    def _schedule(self, settings: Settings, *, incremental: bool) -> Schedule:
        """What `learning_rate` stands for."""
        if self.learning_rate != "auto":
            return schedule_of(self, settings.tol, settings.n_iter_no_change)
        if incremental:
            return schedules.Constant()
        return self._auto.schedule(self._network, settings.max_epochs)
