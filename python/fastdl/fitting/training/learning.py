"""Training of a network on a job: the validation set, the optimizer, then epoch by epoch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._sklearn import _safe_indexing
from fastdl._warn import warn
from fastdl.fitting.job import Checked, Job
from fastdl.fitting.progress import LearningRate, Progress
from fastdl.fitting.recipe import Recipe, is_lbfgs
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.fitting.training import checkpoint, epochs, lbfgs
from fastdl.fitting.training.checkpoint import Checkpoint
from fastdl.fitting.training.choosing import choose
from fastdl.fitting.training.evaluation import evaluation
from fastdl.fitting.training.tasks import EpochTasks, epoch_tasks
from fastdl.losses import Custom
from fastdl.optim import LBFGS
from fastdl.samples import Data, Pairs, Samples, Sequences, as_given, core_input, lengths_of

if TYPE_CHECKING:
    from fastdl._core import Program


class Trainee(Protocol):
    """What an estimator is to its training."""

    solver: Any
    scoring: Any
    n_jobs: int | None
    validation_fraction: float
    _network: TrainableNetwork
    _targets: Targets
    _progress: Progress
    _optimizer: LearningRate
    _shrinkage: float
    learning_rate_init_: float

    def _with_room(self, X: Sequences) -> Sequences: ...
    def _stratify(self, y: NDArray[Any]) -> NDArray[Any] | None: ...
    def _split(
        self,
        there: NDArray[np.int64],
        y: NDArray[Any],
        labels: NDArray[Any] | None,
        fraction: float,
        random_state: np.random.RandomState,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
    def _conclude(
        self, program: Program, train: Data, order: NDArray[np.int64], val: Data | None
    ) -> None: ...
    def _stops_early(self, own_validation: bool) -> bool: ...
    def _recipe(self, n_samples: int, *, own_validation: bool, incremental: bool) -> Recipe: ...
    def _reported_loss(
        self,
        loss: float,
        samples: Samples,
        order: NDArray[np.int64] | None = None,
        batch_size: int | None = None,
    ) -> float: ...
    def _error_of_loss(self) -> float: ...
    def _show_weights(self, program: Program | TrainableNetwork) -> None: ...
    def _show(self) -> None: ...


def learn(trainee: Trainee, job: Job) -> None:
    """Train `trainee._network`, which is new or to go on from where it stands."""
    e = trainee
    train = data_of(e, job.train)
    order, val = np.arange(job.train.X.shape[0]), None
    if isinstance(e._network.loss, Custom) and not (job.incremental and not job.anew):
        from fastdl.program.own_loss import try_out  # with fastdl.autodiff, which few fits need

        try_out(e._network.loss, _rows_of(train.samples), e._targets.n_outputs)
    if job.validation is not None:
        try:
            val = data_of(e, job.validation)
        except ValueError as error:  # labels that X has not
            raise ValueError(f"In the validation set: {error}") from error
    elif e._stops_early(own_validation=False) and not is_lbfgs(e.solver):
        order, val = _hold_out(e, train, job, e.validation_fraction, job.random_state)
    recipe = e._recipe(len(order), own_validation=val is not None, incremental=job.incremental)
    tasks = None
    if hasattr(e, "_skl_callbacks") and not job.incremental:
        tasks = epoch_tasks(e, train.X, as_given(train.y), recipe.n_epochs, show=e._show)
    # A partial fit goes on in the same history, whose length an error restores: copies of it would
    # cost the more, the longer it gets.
    e._progress = copy.copy(e._progress) if job.incremental else e._progress.copy()
    resumes = job.incremental and hasattr(e, "_optimizer")
    if job.incremental and e._network.without_optimizer:
        _warn_without_optimizer(e)
    with e._network.training(e.n_jobs, recipe.settings.batch_size) as program:
        if recipe.shrinkages and not job.incremental:
            recipe = _with_shrinkage(e, program, train, val, order, recipe, job)
        e._network.set_optimizer(recipe.optimizer, anew=not resumes, **recipe.options)
        vars(e).update(recipe.chosen)
        _run(e, program, train, val, order, recipe, job.random_state, tasks, resumes=resumes)
        e._conclude(program, train, order, val)
    e._show()
    if tasks:
        tasks.close()


def _rows_of(samples: Samples) -> NDArray[Any]:
    """Y of the first samples, as a loss gets it: of sequences the steps that there are."""
    y, lengths = samples.y, samples.lengths
    assert y is not None
    if lengths is None or y.ndim == 1 or not len(y):
        return y
    return y[:8][np.arange(y.shape[1]) < np.asarray(lengths[:8])[:, np.newaxis]]


def _warn_without_optimizer(e: Trainee) -> None:
    """Once: then the network has an optimizer again."""
    warn(
        f"{type(e).__name__} was saved without the state of its optimizer: partial_fit starts it "
        "anew. Save with optimizer=True to go on as if there had been no file."
    )


def data_of(trainee: Trainee, checked: Checked) -> Data:
    """Checked samples as the core takes them, and as the user gave them."""
    e, X, weight = trainee, checked.X, checked.weight
    if isinstance(X, Sequences):
        X = e._with_room(X)
    dtype = np.dtype(e._network.dtype)
    if isinstance(checked.y, Pairs):
        e._network.lengthen_answers(checked.y.codes.shape[1])
    y = e._targets.encode(checked.y, dtype, codes=e._network.loss.codes)
    if weight is not None:
        weight = weight.astype(dtype, copy=False)
    lengths = X.lengths if isinstance(X, Sequences) else None
    samples = Samples(core_input(X), y, weight, lengths, e._targets.sampling)
    return Data(samples, checked.given, checked.y)


def _with_shrinkage(
    e: Trainee,
    program: Program,
    train: Data,
    val: Data | None,
    order: NDArray[np.int64],
    recipe: Recipe,
    job: Job,
) -> Recipe:
    """The recipe with how much the weights shrink, and with the rate that goes with it.

    As in the fit before, or chosen by samples.
    These are the user's own validation set, or a fifth of X that is held out from the trials only.
    """
    if not job.anew:
        if not hasattr(e, "_shrinkage"):
            return recipe
        faster = e.learning_rate_init_ == recipe.faster_rate
        return (recipe.at_rate(recipe.faster_rate) if faster else recipe).shrinking(
            e._shrinkage, len(order)
        )
    trial, part, own = recipe, order, val
    if own is None:
        random_state = copy.deepcopy(job.random_state)
        part, own = _hold_out(e, train, job, 0.2, random_state, may_fail=False)
        trial = e._recipe(len(part), own_validation=False, incremental=False)
        trial = replace(trial, shrinkages=recipe.shrinkages, faster=recipe.faster)
    ready = train.ready_for(program), own.ready_for(program)
    choice = choose(e, program, ready[0], part, ready[1], trial, job.random_state)
    if choice is None:
        return recipe
    shrinkage, faster = choice
    return (recipe.at_rate(recipe.faster_rate) if faster else recipe).shrinking(
        shrinkage, len(order)
    )


def _hold_out(
    e: Trainee,
    train: Data,
    job: Job,
    fraction: float,
    random_state: np.random.RandomState,
    *,
    may_fail: bool = True,
) -> tuple[NDArray[np.int64], Data]:
    """The samples to train on, and a part of all samples to validate with.

    Both have the same shares of the classes. Where that cannot be, it is an error, or left out.
    """
    samples, X = train.samples, job.train.X
    labels = e._stratify(samples.y)
    if labels is not None and not may_fail:
        _, counts = np.unique(labels, axis=0, return_counts=True)
        if counts.min() < 2 or len(counts) > int(fraction * len(labels)):
            labels = None
    there, nothing = np.arange(X.shape[0]), np.arange(0)
    if isinstance(train.y, Sequences) and train.y.counts is not None:
        some = train.y.counts.any(axis=1)
        there, nothing = np.flatnonzero(some), np.flatnonzero(~some)
    order, held_out = e._split(there, samples.y, labels, fraction, random_state)
    order = np.concatenate([order, nothing])  # where no step counts, there is nothing to validate
    if len(held_out) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            "dataset."
        )
    part = Samples(
        core_input(X[held_out]),
        None if samples.y is None else samples.y[held_out],
        None if samples.weight is None else samples.weight[held_out],
        lengths_of(X[held_out]),
    )
    given = None if e.scoring is None else _safe_indexing(train.X, held_out)
    return order, Data(part, given, None if train.y is None else train.y[held_out])


def _run(
    e: Trainee,
    program: Program,
    train: Data,
    val: Data | None,
    order: NDArray[np.int64],
    recipe: Recipe,
    random_state: np.random.RandomState,
    tasks: EpochTasks | None,
    *,
    resumes: bool,
) -> None:
    """Train until something says stop; a partial fit resumes the schedule."""
    settings = recipe.settings
    if train.samples.lengths is not None:
        train, val = train.ready_for(program), val and val.ready_for(program)
    evaluate = None
    if val is not None or e.scoring is not None:
        evaluate = evaluation(e, program, train, val)
    if isinstance(recipe.optimizer, LBFGS):
        lbfgs.run(
            program, train.samples, recipe.optimizer, settings, e._progress,
            e._reported_loss, evaluate, tasks, _others_see(e),
            [head.weight for head in L.side_heads(e._network.layers)],
        )  # fmt: skip
        return
    if resumes and _goes_on(e._optimizer, recipe):
        e._optimizer = copy.copy(e._optimizer)
    else:
        e._optimizer = LearningRate(recipe.schedule, settings.learning_rate_init, recipe.n_epochs)
        e._optimizer.resume(e._progress, settings)
    epochs.run(
        program,
        train.samples,
        order,
        settings,
        e._progress,
        e._optimizer,
        random_state,
        loss_of=lambda result, order: (
            result.penalty
            + e._reported_loss(
                result.loss - result.penalty, train.samples, order, settings.batch_size
            )
        ),
        evaluate=evaluate,
        tasks=tasks,
        publish=_others_see(e),
    )


def _goes_on(rate: LearningRate, recipe: Recipe) -> bool:
    """Whether a partial fit goes on in the schedule of earlier fits; warns where that is over."""
    asked = {float(recipe.settings.learning_rate_init), float(recipe.faster_rate)}
    if not recipe.keeps_rate and (rate.schedule != recipe.schedule or rate.base not in asked):
        return False
    if rate.schedule.ends and rate.epoch >= rate.n_epochs:
        warn(
            f"The schedule of the learning rate, {rate.schedule}, is over after its "
            f"{rate.n_epochs} epochs: partial_fit changes next to nothing. Leave learning_rate "
            "out, or use 'constant'."
        )
    return True


def _others_see(e: Trainee) -> Callable[[Checkpoint], None]:
    """What a training calls after each epoch, so that other threads see the end of it."""
    fit = checkpoint.fit_of(e)
    assert fit is not None
    fit.begin(e._network, _show_at)
    return fit.publish


def _show_at(copied: Trainee, at: Checkpoint) -> None:
    """Bring a copy of an estimator to a checkpoint."""
    copied._progress = at.progress_copy()
    if at.rate is not None:
        copied._optimizer = at.rate
    copied._show()
