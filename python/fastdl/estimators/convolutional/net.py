"""Networks of the user's own layers, or of another estimator's."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._sklearn import Interval
from fastdl.estimators.base.layer_params import LayerParamsMixin
from fastdl.estimators.base.layered import BaseLayered
from fastdl.estimators.base.transfer import copy_weights, decay_rates, freeze, thaw
from fastdl.fitting.network import Network
from fastdl.layers import Layer

if TYPE_CHECKING:
    from fastdl._core import Program


_DEFAULT = (L.Flatten(), L.Dense(100), L.Activation("relu"))  # as MLPClassifier


class BaseFreeForm(LayerParamsMixin, BaseLayered):
    """What `NetClassifier` and `NetRegressor` share."""

    _layer_lists = ("layers",)
    layers: Sequence[Layer] | None
    init_from: Any
    drop_head: bool
    freeze: str | Sequence[str] | None
    layer_decay: float

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseLayered._parameter_constraints,
        "layers": [list, tuple, None],
        "drop_head": ["boolean"],
        "freeze": [str, list, tuple, None],
        "layer_decay": [Interval(Real, 0, None, closed="left")],
    }

    def __sklearn_clone__(self) -> Self:
        """A clone learns from the same fitted estimator: `init_from` stays as it is."""
        bare = copy.copy(self)
        bare.init_from = None
        new: Self = super(BaseFreeForm, bare).__sklearn_clone__()
        new.init_from = self.init_from
        return new

    # --- the network

    def _rows_are_strips(self) -> bool:
        return L.takes_images(self._own_layers())

    def _own_layers(self) -> list[Layer]:
        """The layers that were given, those of `init_from` but the last, or a few by default."""
        name = type(self).__name__
        if self.init_from is not None:
            if self.layers is not None:
                raise ValueError(f"{name}: layers and init_from exclude each other; give one.")
            return self._inherited()[:-1]
        layers = _DEFAULT if self.layers is None else self.layers
        if layers:
            L.check(L.with_names(layers))
        self._check_layer_names(layers)
        return list(layers)

    def _inherited(self) -> list[Layer]:
        if not hasattr(self.init_from, "_network"):
            raise ValueError(
                f"{type(self).__name__}: init_from={self.init_from!r} has no network to take over. "
                "Give a fitted estimator of fastdl, or one that fastdl.load read."
            )
        return thaw(self.init_from._network.layers)

    def _hidden(self, input_shape: tuple[int, ...]) -> list[Layer]:
        layers = self._own_layers()
        return layers if self.freeze is None else freeze(layers, self.freeze)

    def _with_output(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        layers = super()._with_output(input_shape, n_outputs)
        if self.init_from is not None and not self.drop_head:
            layers[-1] = self._inherited()[-1]
            if layers[-1].get_params()["units"] != n_outputs:
                raise ValueError(
                    f"{type(self).__name__}: the network of init_from has "
                    f"{layers[-1].get_params()['units']} outputs, but y needs {n_outputs}. "
                    "Set drop_head=True for a new output layer."
                )
        return decay_rates(layers, self.layer_decay)

    def _new_weights(self, program: Program, X: NDArray[Any]) -> None:
        super()._new_weights(program, X)
        if self.init_from is not None:
            new = ["output"] if self.drop_head else []
            try:
                copy_weights(self.init_from.program_, program, without=new)
            except ValueError as error:
                raise ValueError(
                    f"{type(self).__name__}: init_from was fitted with samples of shape "
                    f"{self.init_from._network.input_shape}, but X has samples of shape "
                    f"{X.shape[1:]}: {error}"
                ) from error

    def _go_on(self) -> None:
        """Before a warm start: the same weights with what is frozen, and at which rates, as now."""
        super()._go_on()
        old, layers = self._network, self._layers(self._network.input_shape)
        if L.with_names(layers) != old.layers:
            self._network = Network(
                layers,
                old.input_shape,
                old.loss,
                dtype=old.dtype,
                seed=old.seed,
                batch_size=old.batch_size,
                n_jobs=self.n_jobs,
                random_state=0,
            )
            copy_weights(old.program, self._network.program)
