"""The words of training by gradient descent, which most networks have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl import losses
from fastdl._saved import Saved
from fastdl._sklearn import Interval, Options, StrOptions
from fastdl.estimators.base.heads import LABEL_LOSSES, REGRESSION
from fastdl.estimators.base.words import Meaning, fitted, word
from fastdl.fitting.progress import LearningRate, Progress, Settings
from fastdl.fitting.recipe import Recipe, epoch_line, optimizer_of, options_of, schedule_of
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule

COUNT = Interval(Integral, 1, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
RATE = Interval(Real, 0, 1, closed="left")
PART = Interval(Real, 0, 1, closed="neither")

# Words of classifiers and of regressors, to be written with their default:
# ``loss: str | Loss = word(default="log_loss", like=LABEL_LOSS)``.
ClassWeight = Mapping[Any, float] | Sequence[Mapping[Any, float]] | str | None
LABEL_LOSS = Meaning(
    rule=[str, *dict.fromkeys(type(of) for pair in LABEL_LOSSES.values() for of in pair if of)],
    kind='{"log_loss", "focal", "squared_error", "hinge"} or Loss',
    text="Cross-entropy, the focal loss, squared error (halved) between the outputs and 1 for the "
    "class, 0 for the others, or the multi-class hinge; the last two give no probabilities. "
    "Of `fastdl.losses`, ``SoftmaxCrossEntropy(label_smoothing=0.1)`` or ``Focal(gamma=1)``; two "
    "classes then have two outputs.",
)
NUMBER_LOSS = Meaning(
    rule=[str, *(losses.BY_NAME[name] for name in REGRESSION)],
    kind="str or Loss",
    text='"squared_error" (halved), "absolute_error", "huber", "poisson" for counts, with the '
    "exponential between network and predictions, or ``Pinball(0.9)`` of `fastdl.losses`, for a "
    "quantile.",
)
CLASS_WEIGHT = Meaning(
    rule=[dict, list, StrOptions({"balanced"}), None],
    kind='dict, list of dict, "balanced" or None',
    text="Weights of the classes, times `sample_weight`.",
)
CONVOLUTION = Meaning(
    rule=[StrOptions({"auto", "direct"})],
    kind='{"auto", "direct"}',
    text='How 3x3 convolutions of float32 are computed. "auto": by Winograd\'s algorithm where '
    "that is faster, with errors up to 3e-6 times the largest value of a tile of 6x6 pixels times "
    'the norm of the filter; a NaN or an infinity spreads over the tile. "direct": each output '
    "from its own window alone, up to three times as slow. See docs/environment.md.",
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
        "where nothing was computed.",
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
        default="constant",
        rule=[str, Schedule],
        kind="str or Schedule",
        text='One of `fastdl.schedules`: "constant", "cosine", "one_cycle" ...',
    )
    learning_rate_init: float = word(
        default=1e-3, rule=[POSITIVE], kind="float", text="The rate that the schedule starts from."
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
        text='Samples of a step; "auto" is 32.',
    )
    max_epochs: int = word(default=50, rule=[COUNT], kind="int", text="Epochs at most.")
    shuffle: bool = word(
        default=True,
        rule=["boolean"],
        kind="bool",
        text="Whether the samples are shuffled in each epoch.",
    )
    alpha: float = word(
        default=0.0,
        rule=[NOT_NEGATIVE],
        kind="float",
        text="Strength of the L2 penalty on the weights, divided by the samples of a batch.",
    )
    l1: float = word(
        default=0.0, rule=[NOT_NEGATIVE], kind="float", text="As `alpha`, of absolute values."
    )
    weight_decay: float | None = word(
        default=None,
        rule=[NOT_NEGATIVE, None],
        kind="float or None",
        text="Of each step, times the rate, apart from the gradient. None: 0.01 for "
        '"adamw", else 0.',
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
        'best weights. "auto": with a validation set of your own. Otherwise the training loss is '
        "watched.",
    )
    validation_fraction: float = word(
        default=0.1,
        rule=[PART],
        kind="float",
        text="Part of X held out for ``early_stopping=True``, unless fit gets an `X_val`.",
    )
    n_iter_no_change: float = word(
        default=10,
        rule=[COUNT, Options(Real, {np.inf})],
        kind="int or inf",
        text="Epochs without improvement after which training stops.",
    )
    tol: float = word(
        default=1e-4, rule=[NOT_NEGATIVE], kind="float", text="What counts as improvement."
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
    device: str = word(
        default="cpu", rule=[str], kind='{"cpu", "cuda", "auto"}', text="What does the work."
    )
    dtype: DTypeLike = word(
        default="float32",
        rule=[str, type, np.dtype],
        kind='"float32" or "float64"',
        text="Of the weights.",
    )

    # Fields of the solvers that have no word of their own: solver=optim.Adam(beta1=0.8).
    nesterovs_momentum = True
    beta_1, beta_2, epsilon = 0.9, 0.999, 1e-8
    power_t = 0.5
    max_fun = 15000
    _comes_last: ClassVar[bool] = True  # in constructors: a family's own words are read first
    _auto_batch: ClassVar[int] = 32  # what batch_size="auto" is

    def _stops_early(self, own_validation: bool) -> bool:
        """Whether the validation score decides when to stop."""
        return own_validation if self.early_stopping == "auto" else bool(self.early_stopping)

    def _batch_size(self, n_samples: int) -> int:
        """Samples in a batch, of `n_samples` to train on."""
        size = self._auto_batch if self.batch_size == "auto" else int(self.batch_size)
        return min(size, n_samples)

    def _recipe(self, n_samples: int, *, own_validation: bool, incremental: bool) -> Recipe:
        """What the words stand for, for so many samples to train on."""
        return Recipe(
            optimizer_of(self),
            options_of(self),
            schedule_of(self),
            n_epochs=int(self.max_epochs),
            settings=Settings(
                max_epochs=1 if incremental else int(self.max_epochs),
                batch_size=self._batch_size(n_samples),
                solver=self.solver,
                learning_rate_init=self.learning_rate_init,
                shuffle=self.shuffle,
                tol=self.tol,
                n_iter_no_change=self.n_iter_no_change,
                early_stopping=self._stops_early(own_validation),
                report=epoch_line if self.verbose else None,
            ),
        )
