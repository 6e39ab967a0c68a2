"""Penalties of what a layer gives: they leave it as it is and add to the loss.

They are part of a loss only: a program's plain ``forward`` and ``backward`` leave them out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from fastdl._rules import NOT_NEGATIVE, PART, Rule
from fastdl.layers._activation import Activation
from fastdl.layers._container import LAYERS, _inside
from fastdl.layers._dense import Dense
from fastdl.layers._spec import Form, Layer


@dataclass(frozen=True, repr=False)
class KLSparsity(Layer):
    """Loss += strength sum_j KL(target || m_j), m_j the mean of unit j over the batch.

    KL(t || m) = t log(t / m) + (1 - t) log((1 - t) / (1 - m)), for units from 0 to 1 (sigmoid); a
    mean is taken to be no closer to 0 and 1 than 1e-6. The mean is weighted as the samples are. Ng,
    "Sparse autoencoder", CS294A lecture notes, 2011, section 3 (UFLDL), whose batch is all samples.

    Input and output (units,).

    Parameters
    ----------
    target : float, default=0.05
        The wanted mean activation, between 0 and 1.
    strength : float, default=3.0
        Beta of the notes.
    name : str, optional
    """

    kind: ClassVar[str] = "kl_sparsity"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows"}
    target: float = 0.05
    strength: float = 3.0
    rules: ClassVar[Mapping[str, Rule]] = {"target": PART, "strength": NOT_NEGATIVE}

    @property
    def penalises(self) -> bool:
        """Unless its strength is 0."""
        return self.strength != 0

    def mirror(self, input_shape: tuple[int, ...]) -> None:
        """None: a decoder has no penalty."""


@dataclass(frozen=True, repr=False)
class ActivityL1(Layer):
    """Loss += strength sum_j |x_j|, the mean over samples.

    Input and output (units,).

    Parameters
    ----------
    strength : float
    name : str, optional
    """

    kind: ClassVar[str] = "activity_l1"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows"}
    strength: float
    rules: ClassVar[Mapping[str, Rule]] = {"strength": NOT_NEGATIVE}

    @property
    def penalises(self) -> bool:
        """Unless its strength is 0."""
        return self.strength != 0

    def mirror(self, input_shape: tuple[int, ...]) -> None:
        """None: a decoder has no penalty."""


@dataclass(frozen=True, repr=False)
class Contractive(Layer):
    """A dense layer and its activation, h = s(x W + b), with loss += strength ||dh/dx||^2.

    The squared norm is ``sum_j s'(z_j)^2 sum_k W_kj^2``, the mean over samples. Rifai et al.,
    "Contractive auto-encoders", ICML 2011, equation 7.

    Parameters
    ----------
    layers : list of a Dense and an Activation
        "sigmoid", "tanh", "relu" or "identity".
    strength : float, default=0.1
        Lambda of the paper.
    name : str, optional
    """

    kind: ClassVar[str] = "contractive"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows"}
    layers: Sequence[Layer]
    strength: float = 0.1
    rules: ClassVar[Mapping[str, Rule]] = {"layers": LAYERS, "strength": NOT_NEGATIVE}

    def check(self) -> None:
        super().check()
        inside = _inside(self.layers)
        functions = ("sigmoid", "tanh", "relu", "identity")
        if (
            len(inside) != 2
            or not isinstance(inside[0], Dense)
            or not isinstance(inside[1], Activation)
            or inside[1].function not in functions
        ):
            raise ValueError(
                f"{self.who}: layers={list(inside)!r}; expected a Dense and an Activation of "
                f"{', '.join(map(repr, functions))}."
            )

    @property
    def penalises(self) -> bool:
        """Unless its strength is 0."""
        return self.strength != 0

    def paths(self) -> tuple[tuple[Layer, ...], ...]:
        return (_inside(self.layers),)

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        return self.replace(layers=tuple(map(change, _inside(self.layers))))
