"""What the estimators share that take images: samples of any shape, the output layer from y."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.base import is_regressor
from sklearn.utils import column_or_1d

from fastdl import layers as L
from fastdl import optim, schedules
from fastdl import program as programs
from fastdl._sklearn import Interval, Options, StrOptions
from fastdl._spec import Spec
from fastdl.estimators.base.net import BaseNet, Summary
from fastdl.estimators.inputs.images import (
    check_samples,
    check_samples_and_targets,
    image_shape,
    warn_of_unscaled,
)
from fastdl.layers import Layer
from fastdl.losses import Loss

if TYPE_CHECKING:
    from fastdl._core import Program

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")


def keep(estimator: object, arguments: Mapping[str, Any]) -> None:
    """Store a constructor's arguments, its ``locals()``, under their names."""
    for name, value in arguments.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)


class BaseLayered(BaseNet):
    """Base of the convolutional and the free-form estimators.

    A subclass says which hidden layers there are (`_hidden`) and, by a mixin of `_layered_heads`,
    what y is.
    """

    _least_batch = 16  # images are large, and no vector has more lanes
    input_shape_: tuple[int, ...]
    input_shape: Sequence[int] | None
    batch_size: int | str
    loss: str | Loss
    dtype: DTypeLike

    # Fields of the solvers that have no word of their own here: solver=optim.Adam(beta1=0.8).
    nesterovs_momentum: ClassVar[bool] = True
    beta_1: ClassVar[float] = 0.9
    beta_2: ClassVar[float] = 0.999
    epsilon: ClassVar[float] = 1e-8
    power_t: ClassVar[float] = 0.5
    max_fun: ClassVar[int] = 15000

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "solver": [str, optim.Optimizer],
        "learning_rate": [str, schedules.Schedule],
        "learning_rate_init": [_POSITIVE],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "batch_size": [StrOptions({"auto"}), _COUNT],
        "max_epochs": [_COUNT],
        "shuffle": ["boolean"],
        "alpha": [_NOT_NEGATIVE],
        "l1": [_NOT_NEGATIVE],
        "weight_decay": [_NOT_NEGATIVE, None],
        "max_norm": [_POSITIVE, None],
        "clip_value": [_POSITIVE, None],
        "clip_norm": [_POSITIVE, None],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
        "tol": [_NOT_NEGATIVE],
        "scoring": [str, callable, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "n_jobs": [Integral, None],
        "device": [str],
    }

    def __sklearn_tags__(self) -> Any:
        """X may have more than two dimensions."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def set_params(self, **params: Any) -> Any:
        """Set parameters, those of specs (``solver__beta1``) too.

        Specs are immutable: the estimator gets a changed one.

        Returns
        -------
        estimator
            This object.
        """
        for key in [key for key in params if "__" in key]:
            name, _, field = key.partition("__")
            spec = params.get(name, getattr(self, name, None))
            if isinstance(spec, Spec):
                params[name] = spec.set_params(**{field: params.pop(key)})
        return super().set_params(**params)

    # --- X and y

    def _check_X(self, X: Any) -> Any:
        return check_samples(self, X, reset=False)

    def _check_X_y(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, NDArray[Any]]:
        X, y = check_samples_and_targets(self, X, y, reset=reset, y_numeric=is_regressor(self))
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _rows_are_strips(self) -> bool:
        """Whether 2-D X without `input_shape` is read as images of height 1 and one channel."""
        raise NotImplementedError

    def _batch_size(self, n_samples: int) -> int:
        return min(32 if self.batch_size == "auto" else int(self.batch_size), n_samples)

    # --- the network

    def _hidden(self, input_shape: tuple[int, ...]) -> Sequence[Layer]:
        """All layers but the last."""
        raise NotImplementedError

    def _layers(self, input_shape: tuple[int, ...]) -> list[Layer]:
        return self._with_output(input_shape, self._targets.n_outputs)

    def _with_output(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        """The hidden layers, flattened if need be, and a dense layer for y."""
        hidden = list(self._hidden(input_shape))
        if L.gives(hidden, L.form_of(input_shape)) != "rows":
            hidden.append(L.Flatten())
        return [*hidden, L.Dense(n_outputs, name="output")]

    def _new_weights(self, program: Program, X: Any) -> None:
        warn_of_unscaled(self, X, self._network.layers)

    def _sample_shape(self, input_shape: Sequence[int]) -> tuple[int, ...]:
        """With the dimensions that the user may leave out."""
        shape = image_shape(input_shape)
        return (1, *shape, 1) if len(shape) == 1 and self._rows_are_strips() else shape

    def summary(
        self, input_shape: Sequence[int] | None = None, n_outputs: int | None = None
    ) -> str:
        """A table of the layers: output shapes and numbers of parameters.

        Parameters
        ----------
        input_shape : (int,), (int, int) or (int, int, int), optional
            Of one sample. With it, the table is of the network that a fit would make.
        n_outputs : int, optional
            Classes or targets, together with `input_shape`; 1 if not given.

        Returns
        -------
        str
        """
        if input_shape is None:
            return super().summary()
        shape = self._sample_shape(input_shape)
        layers = self._with_output(shape, n_outputs or 1)
        return Summary(programs.summary(programs.compile(layers, shape, batch_size=1, threads=1)))
