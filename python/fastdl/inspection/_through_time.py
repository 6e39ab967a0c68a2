"""How far gradients reach back in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from fastdl import _core
from fastdl import layers as L
from fastdl import program as programs
from fastdl._pipelines import parted
from fastdl.plotting._axes import new_axes
from fastdl.samples import Sequences, core_input, lengths_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_CHUNK = 256  # sequences whose gradients are held at a time


class GradientThroughTimeDisplay:
    """Norm of the gradient that reaches each step before the last.

    Parameters
    ----------
    norms : ndarray of shape (n_steps,)
        Entry k is of the step k before a sequence's last one; the mean over the sequences that are
        long enough.

    Attributes
    ----------
    relative : ndarray of shape (n_steps,)
        The norms over that of the last step: how much of its gradient is left.
    ax_ : matplotlib Axes
        Where it was drawn last.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    """

    ax_: Axes
    figure_: Figure | SubFigure

    def __init__(self, norms: NDArray[np.float64]) -> None:
        self.norms = norms
        self.relative = norms / norms[0]

    def plot(self, ax: Axes | None = None, *, name: str | None = None) -> Self:
        """Draw what is left of the last step's gradient, on a logarithmic axis.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw, beside other lines if there are some; a new figure if not given.
        name : str, optional
            Of the line, for the legend.

        Returns
        -------
        GradientThroughTimeDisplay
            This object.
        """
        ax = new_axes(6, 4) if ax is None else ax
        ax.semilogy(-np.arange(len(self.relative)), self.relative, label=name)
        ax.set(xlabel="step, from the last", ylabel="norm of the gradient, of the last step's")
        if name is not None:
            ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def gradient_norms_through_time(estimator: Any, X: Any, y: Any) -> GradientThroughTimeDisplay:
    """How much of the last step's gradient reaches the steps before it.

    For each step of a sequence the norm of the loss's gradient by what the first recurrent layer
    reads there. The loss sees the last state only, so on its way to step t the gradient is
    multiplied by a matrix for each step between; where these shrink it, nothing is learnt of what
    lies far back. Bengio, Simard and Frasconi, "Learning long-term dependencies with gradient
    descent is difficult", IEEE Transactions on Neural Networks 5 (1994).

    Parameters
    ----------
    estimator : estimator of fastdl, or a pipeline or search that ends with one
        Fitted, with recurrent layers that read forwards and one output for each sequence.
    X, y : as for its fit

    Returns
    -------
    GradientThroughTimeDisplay
        ``plot()`` draws it.

    Raises
    ------
    ValueError
        If there is no recurrent layer, one reads from the end, or every step has an output.
    """
    steps, estimator = parted(estimator)
    check_is_fitted(estimator)
    for step in steps:
        X = step.transform(X)
    if not hasattr(estimator, "program_"):
        raise ValueError(f"this {type(estimator).__name__} has no recurrent layer to look at.")
    X, y = estimator._check(X, y, reset=False)
    if isinstance(X, Sequences):
        X = estimator._with_room(X)
    program, first = estimator._network.ready(estimator.n_jobs), _first_recurrent(estimator)
    y = estimator._targets.encode(y, program.dtype, codes=estimator._network.loss.codes)
    above = programs.part(
        program,
        estimator._network.layers,
        first,
        batch_size=min(len(y), _CHUNK),
        threads=estimator.n_jobs,
        input_gradient=True,
    )
    n_steps = above.input_shape[0]
    total, count = np.zeros(n_steps), np.zeros(n_steps)
    for part in gen_batches(len(y), _CHUNK):
        x, lengths = core_input(X[part]), lengths_of(X[part])
        if first:
            x = program.predict(x, layer=first - 1, lengths=lengths)
        prediction = above.forward(x, lengths=lengths)
        gradient = above.backward(_slope(estimator._network.loss, prediction, y[part]))
        assert gradient is not None
        norms = np.linalg.norm(gradient.astype(np.float64), axis=2)  # (n, steps)
        ends = np.full(len(x), n_steps) if lengths is None else lengths
        for norm, length in zip(norms, ends, strict=True):
            total[:length] += norm[length - 1 :: -1]
            count[:length] += 1
    longest = int(count.nonzero()[0][-1]) + 1
    return GradientThroughTimeDisplay(total[:longest] / count[:longest])


def _first_recurrent(estimator: Any) -> int:
    """Where the first recurrent layer stands."""
    layers, who = estimator._network.layers, f"this {type(estimator).__name__}"
    found = [layer for layer in L.walk(layers) if layer.recurrent]
    if not found:
        raise ValueError(f"{who} has no recurrent layer to look at.")
    if any(layer.reads_backwards for layer in found):
        raise ValueError(
            f"{who} also reads from the end: no step is the last. Fit it without bidirectional."
        )
    if len(estimator._network.program.output_shape) > 1:
        raise ValueError(f"{who} has an output for every step; expected one for each sequence.")
    return next(i for i, layer in enumerate(layers) if any(x in found for x in L.walk([layer])))


def _slope(loss: Any, prediction: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """The gradient of the samples' losses by the predictions."""
    values, slope = np.empty(len(y)), np.empty_like(prediction)
    _core.loss(loss.kind, prediction, y, None, 1.0, loss.param, values, slope)
    return slope
