"""What the units of a network do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from fastdl import layers as L
from fastdl._pipelines import parted
from fastdl.plotting._axes import new_axes
from fastdl.samples import core_input

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_CHUNK = 1024  # samples whose activations are held at a time

# Where a function is so flat that hardly any gradient passes: the last 5 % of its range.
_FLAT: dict[str, Callable[[NDArray[Any]], NDArray[np.bool_]]] = {
    "sigmoid": lambda a: (a < 0.05) | (a > 0.95),
    "tanh": lambda a: np.abs(a) > 0.9,
    "relu": lambda a: a <= 0,
}


class ActivationStatisticsDisplay:
    """Mean, spread, and share of saturated and dead units of each hidden activation.

    Parameters
    ----------
    layers : sequence of str
        Names of the activations, from the input up.
    mean, std, saturated, dead : ndarray of shape (n_layers,)
        Over samples and units: mean and standard deviation of the outputs; share of the outputs
        that are in the flat part of their function; share of the units which are there for every
        sample. The last two are nan for functions without a flat part.

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
        *,
        mean: NDArray[np.float64],
        std: NDArray[np.float64],
        saturated: NDArray[np.float64],
        dead: NDArray[np.float64],
    ) -> None:
        self.layers, self.mean, self.std = list(layers), mean, std
        self.saturated, self.dead = saturated, dead

    def __repr__(self) -> str:
        width = max(len("layer"), *(len(name) for name in self.layers))
        lines = [f"{'layer':<{width}}    mean     std  saturated   dead"]
        rows = zip(self.layers, self.mean, self.std, self.saturated, self.dead, strict=True)
        for name, mean, std, saturated, dead in rows:
            lines.append(f"{name:<{width}} {mean:7.3f} {std:7.3f} {saturated:10.1%} {dead:6.1%}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the shares of saturated outputs and dead units as bars.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        ActivationStatisticsDisplay
            This object.
        """
        ax = new_axes(6, 4) if ax is None else ax
        where = np.arange(len(self.layers))
        ax.bar(where - 0.2, self.saturated, width=0.4, label="saturated outputs")
        ax.bar(where + 0.2, self.dead, width=0.4, label="dead units")
        ax.set_xticks(where, self.layers)
        ax.set(ylabel="share", ylim=(0, 1))
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def activation_statistics(estimator: Any, X: Any) -> ActivationStatisticsDisplay:
    """What the hidden units of a fitted network give for X.

    An output is saturated where its function is flat: sigmoid below 0.05 or above 0.95, tanh beyond
    0.9, relu at 0. A unit is dead if its output is there for every sample: no gradient reaches the
    weights below it. Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010, section 3.

    Parameters
    ----------
    estimator : estimator of fastdl, or a pipeline or search that ends with one
        Fitted: a network, a Boltzmann machine or a stack of them.
    X : as for its predict or transform

    Returns
    -------
    ActivationStatisticsDisplay
        Activations inside of containers are left out.

    Raises
    ------
    ValueError
        If the estimator has no hidden activation.
    """
    steps, estimator = parted(estimator)
    check_is_fitted(estimator)
    for step in steps:
        X = step.transform(X)
    n, layers = (
        _of_machines(estimator, X) if _has_machines(estimator) else _of_network(estimator, X)
    )
    if not layers:
        raise ValueError(f"this {type(estimator).__name__} has no hidden activation to look at.")
    columns = np.array([_statistics(n, outputs, f) for f, outputs in layers.values()]).T
    mean, std, saturated, dead = columns
    return ActivationStatisticsDisplay(
        list(layers), mean=mean, std=std, saturated=saturated, dead=dead
    )


# By name of the layer: its function, and its outputs for some samples.
_Layers = dict[str, tuple[str, Callable[[slice], NDArray[Any]]]]


def _of_network(estimator: Any, X: Any) -> tuple[int, _Layers]:
    if not hasattr(estimator, "program_"):
        return 0, {}
    program, X = estimator.program_, estimator._inputs.check(estimator, X, reset=False)
    if isinstance(X, list):
        name = type(estimator).__name__
        raise ValueError(f"{name} reads images one by one: see transform(X, layer=...).")

    def outputs(layer: int) -> Callable[[slice], NDArray[Any]]:
        return lambda part: program.predict(core_input(X[part]), layer=layer)

    return X.shape[0], {
        layer.name or "": (layer.function, outputs(i))
        for i, layer in enumerate(estimator._network.layers)
        if isinstance(layer, L.Activation)
    }


def _has_machines(estimator: Any) -> bool:
    """Whether it is a Boltzmann machine, or a stack of them that is no network."""
    return hasattr(estimator, "components_") or (
        hasattr(estimator, "rbms_") and not hasattr(estimator, "program_")
    )


def _of_machines(estimator: Any, X: Any) -> tuple[int, _Layers]:
    """Of the probabilities of the hidden units, which are sigmoids."""
    machines = getattr(estimator, "rbms_", [estimator])
    layers: _Layers = {}
    for i, machine in enumerate(machines, start=1):
        X = np.asarray(machine.transform(X))  # whatever set_output asks for
        layers[f"hidden_{i}"] = ("sigmoid", X.__getitem__)
    return len(X), layers


def _statistics(
    n_samples: int, outputs: Callable[[slice], NDArray[Any]], function: str
) -> tuple[float, ...]:
    flat = _FLAT.get(function)
    n, total, squares, n_flat, always = 0, 0.0, 0.0, 0, np.array(True)
    for part in gen_batches(n_samples, _CHUNK):
        a = outputs(part)
        n += a.size
        total += a.sum(dtype=np.float64)
        squares += np.square(a, dtype=np.float64).sum()
        if flat:
            where = flat(a)
            n_flat += where.sum()
            always = always & where.all(axis=0)
    mean = total / n
    std = max(squares / n - mean**2, 0.0) ** 0.5
    return (mean, std, n_flat / n, always.mean()) if flat else (mean, std, np.nan, np.nan)
