"""Networks of the user's own layers, or of another estimator's."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils._param_validation import Interval

from fastdl import layers as L
from fastdl.estimators._layered import BaseLayered, keep, takes_images
from fastdl.estimators._layered_heads import LayeredClassifierMixin, LayeredRegressorMixin
from fastdl.estimators._network import Network
from fastdl.estimators._transfer import copy_weights, decay_rates, freeze, thaw
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule

if TYPE_CHECKING:
    from fastdl._core import Program


_DEFAULT = (L.Flatten(), L.Dense(100), L.Activation("relu"))  # as MLPClassifier


class BaseFreeForm(BaseLayered):
    """What `NetClassifier` and `NetRegressor` share."""

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

    # --- parameters: the layers' too, by name

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; with `deep`, also layers and their fields (``conv1__filters``)."""
        params = super().get_params(deep=deep)
        return {**_params_of(self.layers), **params} if deep else params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of layers too: ``conv1__filters=16``, ``conv1=Conv2D(16, 5)``.

        Returns
        -------
        estimator
            This object.
        """
        own = self._get_param_names()
        layers = params.pop("layers", self.layers)
        known = _params_of(layers)
        of_layers = {key: value for key, value in params.items() if key in known and key not in own}
        super().set_params(**{key: value for key, value in params.items() if key not in of_layers})
        self.layers = L.set_params(layers, **of_layers) if of_layers else layers
        return self

    def __sklearn_clone__(self) -> Self:
        """A clone learns from the same fitted estimator: `init_from` stays as it is."""
        bare = copy.copy(self)
        bare.init_from = None
        new: Self = super(BaseFreeForm, bare).__sklearn_clone__()
        new.init_from = self.init_from
        return new

    # --- the network

    def _rows_are_strips(self) -> bool:
        return takes_images(self._own_layers())

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
        taken = {layer.name for layer in L.walk(layers)} & set(self._get_param_names())
        if taken:
            raise ValueError(
                f"{name}: a layer is called {taken.pop()!r}, as a parameter is. Choose another "
                "name."
            )
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


def _params_of(layers: object) -> dict[str, Any]:
    """The layers' parameters; none if it is no list, which is for fit to say."""
    return L.get_params(layers) if isinstance(layers, (list, tuple)) else {}


class NetClassifier(LayeredClassifierMixin, BaseFreeForm):
    """Network of your own layers, for classes.

    The output layer comes from y, with a `Flatten` before it where the last layer gives images.
    Layers are parameters: with ``Conv2D(32, 3, name="conv1")``, a grid may search over
    ``conv1__filters``.

    X holds rows (n, n_features), images (n, height, width, channels), or (n, height, width) with
    one channel, of any numeric dtype. Rows are images of `input_shape` where it is given; without
    it, they are strips of height 1 with one channel if the first layer asks for images.

    Parameters
    ----------
    layers : sequence of layers, default=None
        See `fastdl.layers`; all but the output layer. Of an empty list, a linear model is left.
        None: those of `init_from`, or else a dense layer of 100 units and relu.
    init_from : estimator, default=None
        A fitted one, whose layers and weights are the start; instead of `layers`.
    drop_head : bool, default=False
        Whether the output layer of `init_from` is replaced by a new one.
    freeze : str or sequence of str, default=None
        Names of layers, or patterns such as "conv*", that keep their weights. The output layer is
        not among them.
    layer_decay : float, default=1.0
        Each layer with weights learns at so many times the rate of the next one.
    input_shape, loss, solver, learning_rate, learning_rate_init, momentum, batch_size, \
max_epochs, shuffle, alpha, l1, weight_decay, max_norm, clip_value, clip_norm, class_weight, \
early_stopping, \
validation_fraction, n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, \
device, dtype
        As in `CNNClassifier`.

    Attributes
    ----------
    As of `CNNClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import NetClassifier, layers as L
    >>> X, y = load_digits(return_X_y=True)
    >>> net = NetClassifier(
    ...     [L.Conv2D(8, 3, name="conv1"), L.BatchNorm(), L.Activation("relu"), L.MaxPool2D(2)],
    ...     input_shape=(8, 8), max_epochs=5, random_state=0,
    ... )
    >>> net.set_params(conv1__filters=16).fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseFreeForm._parameter_constraints,
        **LayeredClassifierMixin._parameter_constraints,
    }

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        *,
        init_from: Any = None,
        drop_head: bool = False,
        freeze: str | Sequence[str] | None = None,
        layer_decay: float = 1.0,
        input_shape: Sequence[int] | None = None,
        loss: str | Loss = "log_loss",
        solver: str | Optimizer = "adam",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 1e-3,
        momentum: float = 0.9,
        batch_size: int | str = "auto",
        max_epochs: int = 50,
        shuffle: bool = True,
        alpha: float = 0.0,
        l1: float = 0.0,
        weight_decay: float | None = None,
        max_norm: float | None = None,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        class_weight: Mapping[Any, float] | Sequence[Mapping[Any, float]] | str | None = None,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        tol: float = 1e-4,
        scoring: str | Callable[..., float] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        device: str = "cpu",
        dtype: DTypeLike = "float32",
    ) -> None:
        keep(self, locals())


class NetRegressor(LayeredRegressorMixin, BaseFreeForm):
    """Network of your own layers, for numbers.

    Parameters
    ----------
    layers, init_from, drop_head, freeze, layer_decay
        As in `NetClassifier`.
    loss : str or Loss, default="squared_error"
        As in `CNNRegressor`.
    input_shape, solver, learning_rate, learning_rate_init, momentum, batch_size, max_epochs, \
shuffle, alpha, l1, weight_decay, max_norm, clip_value, clip_norm, early_stopping, \
validation_fraction, n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, \
device, dtype
        As in `CNNClassifier`; the score is R^2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import NetRegressor, layers as L
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> net = NetRegressor([L.Dense(20), L.Activation("tanh")], solver="lbfgs", random_state=0)
    >>> net.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseFreeForm._parameter_constraints,
        **LayeredRegressorMixin._parameter_constraints,
    }

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        *,
        init_from: Any = None,
        drop_head: bool = False,
        freeze: str | Sequence[str] | None = None,
        layer_decay: float = 1.0,
        input_shape: Sequence[int] | None = None,
        loss: str | Loss = "squared_error",
        solver: str | Optimizer = "adam",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 1e-3,
        momentum: float = 0.9,
        batch_size: int | str = "auto",
        max_epochs: int = 50,
        shuffle: bool = True,
        alpha: float = 0.0,
        l1: float = 0.0,
        weight_decay: float | None = None,
        max_norm: float | None = None,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        tol: float = 1e-4,
        scoring: str | Callable[..., float] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        device: str = "cpu",
        dtype: DTypeLike = "float32",
    ) -> None:
        keep(self, locals())
