"""The epoch loop of every estimator: Python once per epoch, the core for everything inside it."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from fastdl._warn import warn
from fastdl.fitting.progress import LearningRate, Progress, Settings
from fastdl.fitting.trainable import windows
from fastdl.fitting.training.checkpoint import Checkpoint
from fastdl.fitting.training.grouping import side_by_side
from fastdl.fitting.training.tasks import EpochTasks
from fastdl.program import Snapshot, gpus
from fastdl.samples import Samples

if TYPE_CHECKING:
    from fastdl._core import EpochResult, Program

_versions = itertools.count(1)  # of the samples of all fits of this process


def run(
    program: Program,
    train: Samples,
    order: NDArray[np.int64],
    settings: Settings,
    progress: Progress,
    rate: LearningRate,
    random_state: np.random.RandomState,
    *,
    loss_of: Callable[[EpochResult, NDArray[np.int64]], float] | None = None,
    evaluate: Callable[[], dict[str, float]] | None = None,
    tasks: EpochTasks | None = None,
    publish: Callable[[Checkpoint], None] = lambda checkpoint: None,
) -> None:
    """Train epoch by epoch until something says stop.

    Ends with the weights of the best epoch under early stopping, otherwise with those of the last
    one; also by Ctrl-C, a diverging loss and an error in a callback, with those of an epoch that
    was finished.

    Parameters
    ----------
    program : Program
        With its loss and rule set; learns.
    train : Samples
    order : ndarray of int64
        Which samples to train on: indices into `train`.
    settings : Settings
    progress : Progress
        Moves on.
    rate : LearningRate
        Moves on.
    random_state : RandomState
        Of the shuffles, drawn as scikit-learn draws them.
    loss_of : callable, optional
        The loss to report for an epoch and its order of samples; by default the core's.
    evaluate : callable, optional
        The columns "score", "val_loss" and "val_score" for the weights as they are.
    tasks : EpochTasks, optional
        Callbacks to tell of each epoch, which may stop the training.
    publish : callable
        Takes the checkpoints: of the start, and of each epoch's end.

    Raises
    ------
    ValueError
        If the loss diverges before one epoch is finished.
    DeviceLostError
        If the GPU answers no more.
    """
    progress.n_iter = 0
    version = next(_versions)
    best = Snapshot.of(program)
    kept = Checkpoint.of(best, progress, rate)
    publish(kept)
    try:
        for _ in range(settings.max_epochs):
            start = time.perf_counter()
            if tasks:
                tasks.begin()
            order, rates, result = epoch(
                program, train, order, settings, rate, random_state, progress.n_epochs, version
            )
            weights = program.get_weights()
            if result.status == "diverged" or not np.isfinite(weights).all():
                kept.snapshot.load(program)
                _report_divergence(result, settings, progress)
                break
            progress.t += settings.n_used(len(order))
            progress.record(
                lr=float(rates[0]),
                loss=loss_of(result, order) if loss_of else result.loss,
                **dict(zip(progress.side_losses, result.sides, strict=True)),
                **(evaluate() if evaluate else {}),
            )
            progress.history["seconds"][-1] = time.perf_counter() - start
            if settings.report:
                print(settings.report(progress))
            watched = progress.watch(settings)
            if progress.keep(settings) or not settings.early_stopping:
                best, progress.best_iter = Snapshot.of(program, weights), progress.n_epochs
            rate.epoch_ends(progress.t, watched)
            kept = Checkpoint.of(best, progress, rate)
            publish(kept)
            stop = _should_stop(settings, progress, rate)
            if (tasks and tasks.end()) or stop:
                break
            if settings.complaint and progress.n_iter == settings.max_epochs:
                complaint = settings.complaint(progress, settings)
                if complaint:
                    warn(complaint, ConvergenceWarning)
    except BaseException as error:
        kept.restore(progress, rate)
        _load(kept.snapshot, program, error)
        if not isinstance(error, KeyboardInterrupt):
            raise
        warn("Training interrupted by user.")
    if settings.early_stopping:
        best.load(program)
        if progress.n_iter and progress.is_without_score():
            warn(
                f"The validation score was nan after each of {progress.n_iter} epochs. The weights "
                "of the last one are kept: validate on more samples, or by another score."
            )


def _load(kept: Snapshot, program: Program, error: BaseException) -> None:
    """Bring a program back to weights that were kept; a GPU that takes none is lost."""
    try:
        kept.load(program)
    except RuntimeError:
        if not gpus.holds(program):
            raise
        raise gpus.lost(program, error) from error


def epoch(
    program: Program,
    train: Samples,
    order: NDArray[np.int64],
    settings: Settings,
    rate: LearningRate,
    random_state: np.random.RandomState,
    number: int,
    version: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.float64], EpochResult]:
    """Train for an epoch: the order of the samples, the rates, and what came of it.

    Epochs of one version, if it is not 0, are of the same samples: see ``Program.train_epoch``.
    """
    if settings.shuffle:
        order = order[_permutation(len(order), random_state)]
        if settings.samples_per_class:
            order = side_by_side(order, train.y, settings.samples_per_class, random_state)
    if settings.similar_lengths:
        order = windows.by_length(order, train, settings.batch_size, random_state)
    used = order[: settings.n_used(len(order))]
    n_updates = math.ceil(len(used) / settings.batch_size)
    if train.lengths is not None:
        used = order = windows.longest_first(order, train.lengths, settings.batch_size)
        n_updates = windows.count(program, train, order, settings.batch_size)
    rates = rate.rates(n_updates)
    factors = None
    if settings.regularisation is not None:
        factors = rate.follow(settings.regularisation, n_updates)
    result = windows.train_epoch(
        program,
        train,
        used,
        rates,
        batch_size=settings.batch_size,
        epoch=number,
        poll=_handle_signals,
        regularisation=factors,
        version=version,
    )
    return order, rates, result


def _permutation(n: int, random_state: np.random.RandomState) -> NDArray[np.int64]:
    """The draw of `sklearn.utils.shuffle`."""
    indices = np.arange(n)
    random_state.shuffle(indices)
    return indices


def _handle_signals() -> bool:
    """Asked between batches: Python's handler of Ctrl-C raises KeyboardInterrupt in here."""
    return False


def _should_stop(settings: Settings, progress: Progress, rate: LearningRate) -> bool:
    """Whether there were too many epochs without improvement, and no rate that could still fall."""
    if progress.no_improvement <= settings.n_iter_no_change:
        return False
    what = "Validation score" if settings.early_stopping else "Training loss"
    text = (
        f"{what} did not improve more than tol={settings.tol:f} for "
        f"{settings.n_iter_no_change} consecutive epochs."
    )
    if rate.fell:
        text += f" Setting learning rate to {rate.learning_rate:f}"
        progress.no_improvement = 0
    elif rate.state is not None and rate.state.stop:
        text += " Learning rate too small. Stopping."
    else:
        text += " Stopping."
    if settings.report:
        print(text)
    return not rate.fell


def _report_divergence(result: EpochResult, settings: Settings, progress: Progress) -> None:
    kept, batch = progress.n_epochs, result.n_batches + (result.status == "diverged")
    where = (
        f"loss became nan or inf in epoch {progress.n_epochs + 1}, batch {batch} "
        f"(solver={settings.solver!r}, learning_rate_init={settings.learning_rate_init})."
    )
    way_out = "Scale X, lower learning_rate_init, or set clip_norm."
    if progress.n_iter == 0 and not settings.early_stopping:
        raise ValueError(
            "Solver produced non-finite parameter weights. The input data may contain large values "
            f"and need to be preprocessed. The {where} {way_out}"
        )
    progress.record()
    weights = f"end of epoch {kept}" if kept else "start"
    warn(f"{where} Weights of the {weights} are kept. {way_out}", ConvergenceWarning)
