"""The graph of a network as SVG."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Self

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.plotting._network.drawing import box, column, document
from fastdl.plotting._network.graph import folded, named
from fastdl.plotting._network.layout import drawn
from fastdl.plotting._network.source import network_of
from fastdl.plotting._network.text import shape_text


class NetworkDisplay:
    """The layers of a network as a graph, with branches, shapes and numbers of parameters.

    An activation, a norm or noise stands in the box of the layer before it; what comes several
    times in a row is drawn once, in a frame that says how often. Notebooks show the display itself;
    ``save`` writes it to a file, which every browser opens.

    Parameters
    ----------
    layers : list of layers
    input_shape : tuple of int
        Of one sample.
    title : str, default="network"
    fold : bool, default=True
        Whether what comes several times in a row is drawn once.

    Attributes
    ----------
    svg : str
        The picture.

    Examples
    --------
    >>> from fastdl import layers as L
    >>> from fastdl.plotting import NetworkDisplay
    >>> display = NetworkDisplay([L.Dense(8), L.Activation("relu"), L.Dense(3)], (4,))
    >>> display.svg[:4]
    '<svg'
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Sequence[int],
        *,
        title: str = "network",
        fold: bool = True,
    ) -> None:
        from fastdl import _core
        from fastdl.program.summary import multiply_adds

        self.layers, self.input_shape = L.with_names(layers), tuple(input_shape)
        plain = L.to_dict(self.layers)
        infos, parameters, _ = _core.survey(plain, self.input_shape, dtype="float32", batch_size=1)
        found = named(self.layers, infos)
        start = box([("bold", "input"), ("small", shape_text(self.input_shape))], "end")
        sides = L.held_by_sides(self.layers)
        work = multiply_adds(self.layers, infos, parameters)
        used = sum(count for name, count in work.items() if name not in sides)
        beside = sum(p.size for p in parameters if p.name.rpartition(".")[0] in sides)
        total = sum(p.size for p in parameters) - beside
        caption = f"{total:,} parameters, {used:,} multiply-adds for a sample"
        caption += f"; {beside:,} parameters in side heads" if beside else ""
        picture = column([start, drawn(folded(found) if fold else found)])
        self.svg = document(picture, title, caption)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        input_shape: Sequence[int] | None = None,
        n_outputs: int | None = None,
        fold: bool = True,
    ) -> Self:
        """Draw the network of an estimator.

        Parameters
        ----------
        estimator : estimator of fastdl, a pipeline or search that ends with one, or a Network
        input_shape : (int,), (int, int) or (int, int, int), optional
            Of one sample. With it, the network is drawn that a fit would make.
        n_outputs : int, optional
            Classes or targets, together with `input_shape`; 1 if not given.
        fold : bool, default=True
            Whether what comes several times in a row is drawn once.

        Returns
        -------
        NetworkDisplay

        Raises
        ------
        ValueError
            If it is no network.
        NotFittedError
            If it is not fitted, and `input_shape` is not given.
        """
        name, layers, shape = network_of(estimator, input_shape, n_outputs)
        return cls(layers, shape, title=name, fold=fold)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, ``network.svg``."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)

    def _repr_svg_(self) -> str:
        """What notebooks show."""
        return self.svg
