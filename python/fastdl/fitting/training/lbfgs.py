"""L-BFGS over all samples at once, by SciPy, as scikit-learn's perceptrons run it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from fastdl._warn import warn
from fastdl.fitting.progress import Progress, Settings
from fastdl.fitting.training.checkpoint import Checkpoint
from fastdl.fitting.training.tasks import EpochTasks
from fastdl.optim import LBFGS
from fastdl.program import Snapshot
from fastdl.samples import Samples

if TYPE_CHECKING:
    from fastdl._core import Program


class PackedLoss:
    """Loss and gradient of a program as functions of one vector.

    The vector is packed as scikit-learn packs it: all weights of the layers, then the rest (all
    biases). The order decides how SciPy's sums are rounded.
    """

    def __init__(
        self,
        program: Program,
        reported: Callable[[float, Samples], float],
        side_weights: Sequence[float] = (),
    ) -> None:
        self.program, self.reported, self.side_weights = program, reported, side_weights
        parameters = sorted(program.parameters, key=lambda p: p.role != "weight")
        places = [np.arange(p.offset, p.offset + p.size) for p in parameters]
        self.index = np.concatenate(places)
        self.fixed = np.concatenate([np.full(p.size, not p.trainable) for p in parameters])

    def pack(self, flat: NDArray[Any]) -> NDArray[np.float64]:
        """From the program's order."""
        return flat[self.index].astype(np.float64)

    def unpack(self, packed: NDArray[np.float64]) -> NDArray[Any]:
        """Into the program's order."""
        flat = np.empty(len(packed), self.program.dtype)
        flat[self.index] = packed
        return flat

    def set_weights(self, packed: NDArray[np.float64]) -> None:
        """Give the program these weights."""
        self.program.set_weights(self.unpack(packed))

    def __call__(
        self, packed: NDArray[np.float64], samples: Samples
    ) -> tuple[float, NDArray[np.float64]]:
        """Loss and gradient at packed weights."""
        self.set_weights(packed)
        loss, penalty = self.program.loss_and_grads(
            samples.X,
            samples.y,
            sample_weight=samples.weight,
            lengths=samples.lengths,
            sampling=samples.sampling,
        )
        gradient = self.pack(self.program.get_gradients())
        gradient[self.fixed] = 0.0
        return self.reported(loss, samples) + penalty + self.of_sides(), gradient

    def of_sides(self) -> float:
        """The weighted losses of side heads at the last weights that were asked for."""
        return sum(w * s for w, s in zip(self.side_weights, self.program.side_losses, strict=True))


def run(
    program: Program,
    samples: Samples,
    optimizer: LBFGS,
    settings: Settings,
    progress: Progress,
    reported: Callable[[float, Samples], float],
    evaluate: Callable[[], dict[str, float]] | None = None,
    tasks: EpochTasks | None = None,
    publish: Callable[[Checkpoint], None] = lambda checkpoint: None,
    side_weights: Sequence[float] = (),
) -> None:
    """Minimise the loss; the program ends with SciPy's result.

    Parameters
    ----------
    program, samples, settings, progress, evaluate, tasks, publish
        As for `fastdl.fitting.training.run`; an iteration is an epoch.
    optimizer : LBFGS
    reported : callable
        The loss that users see for the core's mean.
    side_weights : sequence of float, optional
        Of the losses of side heads, which are in the sum that falls, and not in the history's loss.

    Raises
    ------
    ValueError
        If the weights are not finite in the end.
    """
    loss = PackedLoss(program, reported, side_weights)
    last = loss.pack(program.get_weights())
    progress.n_iter = 0
    kept, begun = Checkpoint.of(Snapshot.of(program), progress, None), time.perf_counter()
    publish(kept)

    def iteration_ends(intermediate_result: Any) -> None:
        nonlocal kept, begun
        x = intermediate_result.x.copy()
        if tasks:  # which see the end of the iteration before, not SciPy's last trial
            program.set_weights(kept.snapshot.weights)
            tasks.begin()
        if evaluate or tasks:
            loss.set_weights(x)
        columns, own = evaluate() if evaluate else {}, float(intermediate_result.fun)
        if side_weights:
            own = loss(x, samples)[0] - loss.of_sides()
            columns |= zip(progress.side_losses, program.side_losses, strict=True)
        now = time.perf_counter()
        progress.record(loss=own, **columns, seconds=now - begun)
        progress.best_iter, begun = progress.n_epochs, now
        snapshot = kept.snapshot._replace(weights=loss.unpack(x), states=program.get_states())
        kept = Checkpoint.of(snapshot, progress, None)
        publish(kept)
        if settings.report:
            print(settings.report(progress))
        if tasks and tasks.end():
            raise StopIteration

    try:
        result = scipy.optimize.minimize(
            loss,
            last,
            args=(samples,),
            method="L-BFGS-B",
            jac=True,
            callback=iteration_ends,
            options={
                "maxfun": optimizer.max_fun,
                "maxcor": optimizer.memory,
                "maxiter": settings.max_epochs,
                "gtol": settings.tol,
            },
        )
        last, progress.loss = result.x, float(result.fun)
        if side_weights:
            progress.loss = loss(last, samples)[0] - loss.of_sides()
        if result.status != 99:  # 99: a callback stopped it
            progress.n_iter = _iterations(result, settings)
        loss.set_weights(last)
    except KeyboardInterrupt:
        kept.snapshot.load(program)
        kept.restore(progress, None)
        last = loss.pack(kept.snapshot.weights)
        warn("Training interrupted by user.")
    if not np.isfinite(last).all():
        raise ValueError(
            "Solver produced non-finite parameter weights. The input data may contain large values "
            "and need to be preprocessed."
        )


def _iterations(result: Any, settings: Settings) -> int:
    """How many there were; warns, in scikit-learn's words, where SciPy did not converge."""
    n = min(int(result.nit), settings.max_epochs)
    if result.status != 0:
        text = f"lbfgs failed to converge after {n} iteration(s) (status={result.status}):\n"
        text += f"{result.message}\n"
        if n == settings.max_epochs:
            text += (
                "\nIncrease the number of iterations to improve the convergence "
                f"({settings.length}={settings.max_epochs})."
            )
        text += (
            "\nYou might also want to scale the data as shown in:\n"
            "    https://scikit-learn.org/stable/modules/preprocessing.html"
        )
        warn(text, ConvergenceWarning)
    return n
