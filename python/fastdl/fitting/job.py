"""The way from X and y to a trained network; `BaseNet` and its subclasses say what differs."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from fastdl import layers as L
from fastdl._sklearn import _safe_indexing
from fastdl.fitting import checkpoint, lbfgs, training
from fastdl.fitting.checkpoint import Checkpoint
from fastdl.fitting.evaluation import evaluation
from fastdl.fitting.network import Network
from fastdl.fitting.progress import LearningRate, Progress, Settings
from fastdl.fitting.solver import optimizer_of, options_of, schedule_of, settings_of
from fastdl.fitting.tasks import EpochTasks
from fastdl.optim import LBFGS
from fastdl.samples import Data, Samples, core_input, lengths_of
from fastdl.validation import check_weights, resolve_device

if TYPE_CHECKING:
    from fastdl._core import Program

Fit = TypeVar("Fit", bound=Callable[..., Any])


def unchanged_on_error(method: Fit) -> Fit:
    """Put back attributes and weights of the estimator if the method raises."""

    @functools.wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        with checkpoint.fitting(self):
            return method(self, *args, **kwargs)

    return guarded  # type: ignore[return-value]


def fit(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    own_validation: tuple[Any, Any, Any] = (None, None, None),
    *,
    incremental: bool = False,
) -> None:
    """Fit an estimator, anew or from where it stands.

    Parameters
    ----------
    estimator : BaseNet
    X, y, sample_weight
        As the user passed them.
    own_validation : (X_val, y_val, sample_weight_val)
    incremental : bool, default=False
        One epoch from where it stands: a partial fit.
    """
    e = estimator
    device = resolve_device(e.device)
    anew = not e._has_weights() or not (e.warm_start or incremental)
    X_checked, y_checked = e._check_X_y(X, y, reset=anew)
    e._targets = e._targets_of(y_checked, incremental=incremental)
    random_state = check_random_state(e.random_state)
    if anew or not hasattr(e, "_network"):
        e._network = _new_network(e, X_checked, random_state)
        e._progress = Progress()
        e._new_weights(e._network.program, X_checked)
        e._pretrain(X_checked, y_checked, sample_weight)
    if not anew:
        e._go_on()
    train = _data(e, X_checked, y_checked, sample_weight, X)
    order, val = _split(e, X_checked, train, own_validation, random_state)
    tasks = None if incremental else _callbacks(e, train)
    e.device_ = device
    if e._trains():
        _train(e, train, order, val, random_state, tasks, incremental)
    show(e)
    if tasks:
        tasks.close()


def _new_network(e: Any, X: Any, random_state: np.random.RandomState) -> Network:
    input_shape = e._input_shape(X)
    layers = e._layers(input_shape)
    batch_size = 0 if e.batch_size == "auto" else min(e.batch_size, X.shape[0])
    return Network(
        layers,
        input_shape,
        e._loss(),
        dtype=e._dtype(X),
        cap=e._largest_loss(e._dtype(X)),
        seed=random_state.randint(2**31 - 1) if L.draws(layers) else 0,
        batch_size=max(e._least_batch, batch_size),
        n_jobs=e.n_jobs,
        random_state=random_state,
    )


def _data(e: Any, X: Any, y: Any, sample_weight: Any, X_user: Any) -> Data:
    dtype = e._network.dtype
    weight = check_weights(sample_weight, X, class_weight=getattr(e, "class_weight", None), y=y)
    if weight is not None:
        weight = weight.astype(dtype, copy=False)
    samples = Samples(core_input(X), e._targets.encode(y, dtype), weight, lengths_of(X))
    return Data(samples, X_user, y)


def _split(
    e: Any,
    X: Any,
    train: Data,
    own: tuple[Any, Any, Any],
    random_state: np.random.RandomState,
) -> tuple[NDArray[np.int64], Data | None]:
    """The samples to train on, and those to validate with: the user's, held out, or none."""
    X_val, y_val, weight_val = own
    everything = np.arange(X.shape[0])
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val belong together: give both or neither.")
    if X_val is not None:
        try:
            X_checked, y_checked = e._check_X_y(X_val, y_val, reset=False)
            return everything, _data(e, X_checked, y_checked, weight_val, X_val)
        except ValueError as error:
            raise ValueError(f"In the validation set: {error}") from error
    if not e._stops_early(own_validation=False) or isinstance(optimizer_of(e), LBFGS):
        return everything, None
    samples = train.samples
    order, held_out = train_test_split(
        everything,
        random_state=random_state,
        test_size=e.validation_fraction,
        stratify=e._stratify(samples.y),
    )
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
    X_user = None if e.scoring is None else _safe_indexing(train.X, held_out)
    return order, Data(part, X_user, None if train.y is None else train.y[held_out])


def _callbacks(e: Any, train: Data) -> EpochTasks | None:
    context = e._init_callback_context(max_subtasks=e._max_epochs)
    if not hasattr(e, "_skl_callbacks"):
        return None
    show(e)
    return EpochTasks(e, context, train.X, train.y, lambda: show(e))


def _train(
    e: Any,
    train: Data,
    order: NDArray[np.int64],
    val: Data | None,
    random_state: np.random.RandomState,
    tasks: EpochTasks | None,
    incremental: bool,
) -> None:
    optimizer = optimizer_of(e)
    e._progress = e._progress.copy()
    settings = settings_of(e, len(order), own_validation=val is not None, incremental=incremental)
    resumes = incremental and hasattr(e, "_optimizer")
    e._network.set_optimizer(optimizer, anew=not resumes, **options_of(e))
    with e._network.training(e.n_jobs, settings.batch_size) as program:
        _run(e, program, train, order, val, settings, random_state, tasks, resumes)


def _run(
    e: Any,
    program: Program,
    train: Data,
    order: NDArray[np.int64],
    val: Data | None,
    settings: Settings,
    random_state: np.random.RandomState,
    tasks: EpochTasks | None,
    resumes: bool,
) -> None:
    optimizer = optimizer_of(e)
    train, val = train.ready_for(program), val and val.ready_for(program)
    evaluate = evaluation(e, program, train, val)
    if isinstance(optimizer, LBFGS):
        lbfgs.run(
            program,
            train.samples,
            optimizer,
            settings,
            e._progress,
            e._reported_loss,
            evaluate,
            tasks,
            publish=_others_see(e),
        )
        return
    if resumes:
        e._optimizer = copy.copy(e._optimizer)
    else:
        e._optimizer = LearningRate(schedule_of(e), e.learning_rate_init, e._max_epochs)
        e._optimizer.resume(e._progress, settings)
    training.run(
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


def _others_see(e: Any) -> Callable[[Checkpoint], None]:
    fit = checkpoint.fit_of(e)
    assert fit is not None
    fit.begin(_show_at)
    return fit.publish


def _show_at(copied: Any, at: Checkpoint) -> None:
    """Bring a copy of an estimator to a checkpoint."""
    copied._progress = at.progress_copy()
    if at.rate is not None:
        copied._optimizer = at.rate
    show(copied)


def show(e: Any) -> None:
    """Bring the fitted attributes up to date."""
    network, progress = e._network, e._progress
    history = progress.history
    e.n_parameters_ = sum(p.size for p in network.parameters)
    e.n_iter_, e.best_iter_, e.t_ = progress.n_iter, progress.best_iter, progress.t
    e.history_ = history
    e.loss_curve_ = list(history["loss"])
    e.loss_ = progress.loss
    validated = not np.isnan(history["val_loss"]).all()
    e.validation_loss_curve_ = list(history["val_loss"]) if validated else None
    e.validation_scores_ = list(history["val_score"]) if validated else None
    e._show_weights(network)
