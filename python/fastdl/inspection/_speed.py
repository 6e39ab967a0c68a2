"""How fast the layers of a network learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from fastdl.callbacks import Callback
from fastdl.plotting._axes import new_axes
from fastdl.samples import core_input

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from fastdl._core import ParameterInfo


class LearningSpeedDisplay:
    """Norms of the gradient and of the update of each layer, epoch by epoch.

    Parameters
    ----------
    layers : sequence of str
        Names of the layers that learn, from the input up.
    gradient : ndarray of shape (n_epochs, n_layers)
        Norm of the loss's gradient over all of X at the beginning of each epoch.
    update : ndarray of shape (n_epochs, n_layers)
        Norm of what the epoch changed.
    estimator : estimator, optional
        The one that was fitted meanwhile.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn last.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    """

    ax_: Axes
    figure_: Figure | SubFigure

    def __init__(
        self,
        layers: Sequence[str],
        gradient: NDArray[np.float64],
        update: NDArray[np.float64],
        *,
        estimator: Any = None,
    ) -> None:
        self.layers, self.gradient, self.update = list(layers), gradient, update
        self.estimator = estimator

    def plot(
        self, ax: Axes | None = None, *, quantity: Literal["gradient", "update"] = "gradient"
    ) -> Self:
        """Draw a line for each layer, the norms on a logarithmic axis.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.
        quantity : {"gradient", "update"}, default="gradient"

        Returns
        -------
        LearningSpeedDisplay
            This object.
        """
        if quantity not in ("gradient", "update"):
            raise ValueError(f"quantity={quantity!r}; expected 'gradient' or 'update'.")
        ax = new_axes(6, 4) if ax is None else ax
        norms = getattr(self, quantity)
        for name, line in zip(self.layers, norms.T, strict=True):
            ax.semilogy(np.arange(1, len(norms) + 1), line, label=name)
        ax.set(xlabel="epoch", ylabel=f"norm of the {quantity}")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def learning_speed(
    estimator: Any, X: Any, y: Any = None, *, role: str | None = None
) -> LearningSpeedDisplay:
    """Fit a clone of an estimator and measure how fast each of its layers learns.

    In deep networks of sigmoid units the gradient of a layer is a product of those above it, and
    vanishes on its way down. Hochreiter 1991; Nielsen, "Neural networks and deep learning", 2015,
    chapter 5, who takes the norm of the gradient by the biases.

    Parameters
    ----------
    estimator : estimator of fastdl
        Is left as it is; its own callbacks are not called.
    X, y : as for its fit
    role : {"weight", "bias", "gain", "shift"}, default=None
        Of the parameters that are looked at; None is all of them.

    Returns
    -------
    LearningSpeedDisplay
        With the fitted clone as `estimator`; ``plot()`` draws it.

    Raises
    ------
    ValueError
        If no layer that learns has parameters of that role, or the estimator is no network that
        learns in epochs.
    """
    learns = {"max_epochs", "max_iter"} & estimator.get_params().keys()
    if not (learns and hasattr(estimator, "set_callbacks")):
        raise ValueError(
            f"{type(estimator).__name__} is no network that learns by gradient descent in epochs."
        )
    watch = _Watch(X, y, role)
    fitted = clone(estimator).set_callbacks(watch).fit(X, *() if y is None else (y,))
    fitted.set_callbacks()
    gradient, update = np.array(watch.gradients), np.array(watch.updates)
    return LearningSpeedDisplay(watch.layers, gradient, update, estimator=fitted)


class _Watch(Callback):
    """Notes the norms of the parameters' gradients and changes, layer by layer."""

    def __init__(self, X: Any, y: Any, role: str | None) -> None:
        self.X, self.y, self.role = X, y, role
        self.layers: list[str] = []
        self.gradients: list[list[float]] = []
        self.updates: list[list[float]] = []
        self.weights = np.empty(0)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        if context.task_name != "epoch":
            return
        program = estimator._network.program
        X, y = estimator._check(self.X, self.y, reset=False)
        codes = estimator._network.loss.codes
        y = estimator._targets.encode(y, program.dtype, codes=codes)
        states = program.get_states()
        program.loss_and_grads(core_input(X), y)
        program.set_states(states)  # the running statistics of norms have moved
        self.gradients.append(self._norms(program, program.get_gradients()))
        self.weights = program.get_weights()

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        if context.task_name == "epoch":
            program = estimator._network.program
            self.updates.append(self._norms(program, program.get_weights() - self.weights))
        return False

    def _norms(self, program: Any, flat: NDArray[Any]) -> list[float]:
        squares: dict[str, float] = {}
        for p in program.parameters:
            if p.trainable and self.role in (None, p.role):
                layer, part = _layer_of(p), flat[p.offset : p.offset + p.size].astype(np.float64)
                squares[layer] = squares.get(layer, 0.0) + float(part @ part)
        if not squares:
            raise ValueError(f"role={self.role!r}; no layer learns a parameter of that role.")
        self.layers = list(squares)
        return [square**0.5 for square in squares.values()]


def _layer_of(p: ParameterInfo) -> str:
    return p.name.rpartition(".")[0]
