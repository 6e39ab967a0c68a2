"""Networks of the user's own layers, or of another estimator's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

from fastdl import layers as L
from fastdl._saved import SHAPE
from fastdl.estimators.base.layer_params import check_layer_names, set_layers, with_layers
from fastdl.estimators.base.net import Net
from fastdl.estimators.base.output import warn_of_two_outputs, with_output
from fastdl.estimators.base.training_words import CONVOLUTION, NOT_NEGATIVE, TrainingWords
from fastdl.estimators.base.transfer import copy_weights, decay_rates, freeze, thaw
from fastdl.estimators.base.words import fitted, word
from fastdl.estimators.inputs import ImageInput
from fastdl.fitting.job import Job
from fastdl.fitting.network import Network
from fastdl.layers import Layer

_DEFAULT = (L.Flatten(), L.Dense(100), L.Activation("relu"))  # as MLPClassifier


class FreeForm(TrainingWords, Net):
    """What `NetClassifier` and `NetRegressor` share."""

    layers: Sequence[Layer] | None = word(
        default=None,
        rule=[list, tuple, None],
        kind="sequence of layers or None",
        text="See `fastdl.layers`; all but the output layer. Of an empty list, a linear model is "
        "left. None: those of `init_from`, or else a dense layer of 100 units and relu.",
        kw_only=False,
    )
    init_from: Any = word(
        default=None,
        rule="no_validation",
        kind="estimator or None",
        text="A fitted one, whose layers and weights are the start; instead of `layers`. All of "
        "them learn, but those in `freeze`.",
    )
    drop_head: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether the output layer of `init_from` is replaced by a new one.",
    )
    freeze: str | Sequence[str] | None = word(
        default=None,
        rule=[str, list, tuple, None],
        kind="str, sequence of str or None",
        text='Names of layers, or patterns such as "conv*", that keep their weights. The output '
        "layer is not among them.",
    )
    layer_decay: float = word(
        default=1.0,
        rule=[NOT_NEGATIVE],
        kind="float",
        text="Each layer with weights learns at so many times the rate of the next one.",
    )
    input_shape: Sequence[int] | None = word(
        default=None,
        rule="no_validation",
        kind="(int, int, int), (int, int) or None",
        text="Height, width and channels (1 if not given) of an image; None takes them from X.",
    )
    convolution: str = word(default="auto", like=CONVOLUTION)
    input_shape_: tuple[int, ...] = fitted("tuple of int", "Of one sample.", saved=SHAPE)

    _taken_as_is: ClassVar[tuple[str, ...]] = ("init_from",)
    _least_batch: ClassVar[int] = 16  # images are large, and no vector has more lanes

    @property
    def _inputs(self) -> ImageInput:
        return ImageInput(self.input_shape, strips=lambda: L.takes_images(self._own_layers()))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; with `deep`, also layers and their fields (``conv1__filters``)."""
        params: dict[str, Any] = super().get_params(deep=deep)
        return with_layers(self, ["layers"], params) if deep else params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of layers too: ``conv1__filters=16``, ``conv1=Conv2D(16, 5)``.

        Returns
        -------
        estimator
            This object.
        """
        return super().set_params(**set_layers(self, ["layers"], params))

    # --- the network

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
        check_layer_names(self, layers)
        return list(layers)

    def _inherited(self) -> list[Layer]:
        if not hasattr(self.init_from, "_network"):
            raise ValueError(
                f"{type(self).__name__}: init_from={self.init_from!r} has no network to take over. "
                "Give a fitted estimator of fastdl, or one that fastdl.load read."
            )
        return thaw(self.init_from._network.layers)

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        hidden = self._own_layers()
        hidden = hidden if self.freeze is None else freeze(hidden, self.freeze)
        layers = with_output(hidden, input_shape, n_outputs)
        if self.init_from is not None and not self.drop_head:
            layers[-1] = self._inherited()[-1]
            if layers[-1].get_params()["units"] != n_outputs:
                raise ValueError(
                    f"{type(self).__name__}: the network of init_from has "
                    f"{layers[-1].get_params()['units']} outputs, but y needs {n_outputs}. "
                    "Set drop_head=True for a new output layer."
                )
        return decay_rates(layers, self.layer_decay)

    def _start(self, job: Job) -> None:
        """Take over the weights of `init_from`."""
        super()._start(job)
        sizes = {self._targets.n_outputs, len(self._targets.classes)}
        warn_of_two_outputs(type(self).__name__, self._network.layers, sizes)
        if self.init_from is not None:
            new = ["output"] if self.drop_head else []
            if not self.drop_head:  # then the units of y are those of that layer
                of = self.init_from._targets
                self._targets = replace(self._targets, center=of.center, scale=of.scale)
            try:
                copy_weights(self.init_from.program_, self._network.program, without=new)
            except ValueError as error:
                raise ValueError(
                    f"{type(self).__name__}: init_from was fitted with samples of shape "
                    f"{self.init_from._network.input_shape}, but X has samples of shape "
                    f"{job.train.X.shape[1:]}: {error}"
                ) from error

    def _go_on(self) -> None:
        """Before a warm start: the same weights with what is frozen, and at which rates, as now."""
        super()._go_on()
        old, layers = (
            self._network,
            self._layers(self._network.input_shape, self._targets.n_outputs),
        )
        if L.with_names(layers) != old.layers:
            self._network = Network(
                layers,
                old.input_shape,
                old.loss,
                dtype=old.dtype,
                seed=old.seed,
                convolution=old.convolution,
                batch_size=old.batch_size,
                n_jobs=self.n_jobs,
                random_state=0,
            )
            copy_weights(old.program, self._network.program)
