"""A network apart from the estimator that learnt it: layers, weights, names; NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastdl import _core, losses
from fastdl import layers as L
from fastdl import program as programs
from fastdl._saved import ANYTHING, NATURAL, TEXT, short, take
from fastdl.fitting.columns import Columns
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import TrainableNetwork, windows
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.network.answers import both, each, of_classes
from fastdl.network.axes import AXES, checked_axes, put
from fastdl.network.samples import checked
from fastdl.samples import core_input, inside

if TYPE_CHECKING:
    from fastdl._core import Program
    from fastdl.io._sources import File

_LOSSES: dict[str, Loss] = {
    "": losses.SquaredError(),
    "sigmoid": losses.BinaryCrossEntropy(),
    "softmax": losses.SoftmaxCrossEntropy(),
    "exp": losses.Poisson(),
}


_MOST_BYTES = 1 << 28  # that what goes through the layers takes, if a smaller batch does not


class Network:
    """Layers with their weights, ready to predict: no estimator, no scikit-learn.

    `fastdl.load_network` and `fastdl.from_onnx` give one; ``NetClassifier(init_from=network)``
    trains it on. Predictions are those of the estimator that it comes from, byte for byte, for any
    number of threads and any batch; of what is passed only the shape is checked.

    Parameters
    ----------
    layers : list of layers
        All of them, the output layer included.
    input_shape : tuple of int
        Of one sample, as the layers take it: (features,), (steps, features) of the longest sequence
        or (height, width, channels).
    weights : mapping of str to array-like, optional
        Weights, biases and running statistics by name ("dense_1.weight"), in the layouts of
        `fastdl.layers`. None draws them, as a fit does.
    dtype : {"float32", "float64"}, default="float32"
    link : {"", "softmax", "sigmoid", "exp"}, default=""
        What the outputs of the last layer go through. A softmax or sigmoid belongs here and not
        among the layers, so that the layers can be trained on.
    classes : array-like of shape (n_classes,), optional
        Labels that the outputs stand for: `predict` then gives labels.
    input_axes, output_axes : sequence of int, optional
        How the axes of an array are to be put before and after the layers, the samples' axis
        included: ``input_axes=(0, 2, 3, 1)`` takes images with channels first. Of answers, -1 is an
        axis of size 1 more, and an axis of size 1 may be left out.
    input_name, output_name : str, default="X", "y"
        What a file that it came from calls them.
    random_state : int, RandomState or None
        Of drawn weights.
    n_jobs : int or None
        Threads; see the guide.

    Attributes
    ----------
    n_jobs : int or None
        May be set.

    Raises
    ------
    ValueError
        For layers that do not fit each other or the input, and for weights that are missing, too
        many or of another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import Network, layers as L
    >>> weights = {"dense_1.weight": np.eye(3), "dense_1.bias": np.zeros(3)}
    >>> net = Network([L.Dense(3)], (3,), weights, link="softmax", classes=["a", "b", "c"])
    >>> net.predict(np.eye(3, dtype=np.float32)).tolist()
    ['a', 'b', 'c']
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Sequence[int],
        weights: Mapping[str, ArrayLike] | None = None,
        *,
        dtype: DTypeLike = "float32",
        link: str = "",
        classes: ArrayLike | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
        input_name: str = "X",
        output_name: str = "y",
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        if link not in _LOSSES:
            raise ValueError(f"link={link!r}; expected one of {', '.join(map(repr, _LOSSES))}.")
        trained = TrainableNetwork.made(
            layers, tuple(input_shape), _LOSSES[link], weights, dtype=dtype, draws=random_state
        )
        trained.batch_size = _batch_size(trained)
        n_outputs = int(trained.output_shape[-1])
        targets = Targets("continuous", n_outputs)
        if classes is not None:
            targets = of_classes(np.asarray(classes), link, n_outputs)
        self._set(trained, targets, None, n_hidden=len(trained.layers) - 1)
        self.input_axes, self.output_axes = (
            checked_axes(input_axes),
            checked_axes(output_axes, answers=True),
        )
        self.input_name, self.output_name = input_name, output_name
        self.n_jobs = n_jobs

    def _set(
        self, trained: TrainableNetwork, targets: Targets, columns: Columns | None, n_hidden: int
    ) -> None:
        self._network, self._targets, self._columns = trained, targets, columns
        self._n_hidden = n_hidden
        self.input_axes = self.output_axes = None
        self.input_name, self.output_name = "X", "y"
        self.n_jobs = None

    @classmethod
    def _of(
        cls,
        trained: TrainableNetwork,
        targets: Targets,
        columns: Columns | None = None,
        *,
        n_hidden: int | None = None,
    ) -> Self:
        """Of what an estimator consists of; `columns` prepare those of tables."""
        network = cls.__new__(cls)
        names = [layer.name for layer in trained.layers]
        if n_hidden is None:
            n_hidden = names.index("code") + 1 if "code" in names else len(names) - 1
            if targets.are_vectors:  # which are what it answers
                n_hidden = len(names)
        network._set(trained, targets, columns, n_hidden)
        return network

    # --- what it is

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, each with its name."""
        return tuple(self._network.layers)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one sample, as the layers take it."""
        return tuple(self._network.input_shape)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Of what the layers give for one sample."""
        return self._network.output_shape

    @property
    def dtype(self) -> str:
        """Of the weights: "float32" or "float64"."""
        return self._network.dtype

    @property
    def link(self) -> str:
        """What the outputs of the last layer go through."""
        return self._network.loss.link

    @property
    def classes(self) -> NDArray[Any] | None:
        """The labels that `predict` gives; None where it gives numbers."""
        return self._targets.classes if len(self._targets.classes) else None

    @property
    def targets(self) -> Targets:
        """What the outputs stand for."""
        return self._targets

    @property
    def program_(self) -> Program:
        """The compiled network: predictions without any check."""
        return self._network.ready(self.n_jobs)

    def summary(self) -> str:
        """A table of the layers: output shapes, parameters, multiply-adds of a sample."""
        text = programs.summary_of(
            self.layers, self.input_shape, dtype=self.dtype, batch_size=1, optimizer=""
        )
        if self.classes is not None:
            text += f"\n{len(self.classes)} classes: {short(self.classes.tolist())}"
        return text

    def __repr__(self) -> str:
        shapes = f"input_shape={self.input_shape}, output_shape={self.output_shape}"
        return f"<Network of {len(self.layers)} layers, {shapes}>"

    def get_weights(self) -> dict[str, NDArray[Any]]:
        """Weights, biases and running statistics by name, as copies."""
        return {name: value.copy() for name, value in self._network.by_name().items()}

    def set_weights(self, weights: Mapping[str, ArrayLike]) -> Self:
        """Replace some or all of them; ValueError, and no change, for names or shapes it lacks."""
        program = self.program_
        new = {name: np.asarray(value, program.dtype) for name, value in weights.items()}
        programs.set_state(program, {**programs.get_state(program), **new})
        return self

    def save(self, path: File) -> None:
        """Write it to a safetensors file; `fastdl.load_network` reads it."""
        from fastdl import io

        io.save(self, path)

    # --- what it answers

    def predict(self, x: ArrayLike, lengths: ArrayLike | None = None) -> Any:
        """What the network answers.

        Parameters
        ----------
        x : array-like of shape (n, ...)
            Samples of the network's shape, or rows of as many values; with `input_axes`, as they
            say. Images of one channel may leave it out. Sequences (n, steps, features) may have any
            number of steps; of symbols, their codes (n, steps).
        lengths : array-like of int of shape (n,), optional
            How many steps of each sequence are real; for sequences only.

        Returns
        -------
        ndarray of shape (n, ...)
            Labels where there are classes, else numbers; of each step (n, steps, ...), zero past a
            sequence's end.

        Raises
        ------
        ValueError
            For another shape; for `lengths` where the network takes no sequences.
        """
        targets, columns = self._targets, self._columns

        def decode(outputs: NDArray[Any]) -> Any:
            return targets.decode(outputs) if columns is None else columns.decode(outputs, targets)

        outputs, real = self._outputs(x, lengths)
        if targets.kind == "input":
            return put(outputs.reshape(-1, *self.input_shape), self.output_axes)
        if targets.kind in ("next", "boxes"):  # as it comes
            return put(outputs, self.output_axes)
        if targets.of == "pixels":
            answers = decode(outputs.reshape(-1, outputs.shape[-1]))
            return put(answers.reshape(-1, *targets.shape), self.output_axes)
        return put(each(decode, outputs, real), self.output_axes)

    def predict_proba(self, x: ArrayLike, lengths: ArrayLike | None = None) -> NDArray[Any]:
        """Probabilities of the classes, in their order.

        Parameters
        ----------
        x, lengths : as in `predict`

        Returns
        -------
        ndarray of shape (n, n_classes), or (n, steps, n_classes)

        Raises
        ------
        ValueError
            If the network gives none.
        """
        if self.link not in ("softmax", "sigmoid") or self.classes is None:
            raise ValueError("this network gives numbers and no probabilities: see predict.")
        outputs, real = self._outputs(x, lengths)
        p = each(both, outputs, real) if outputs.shape[-1] == 1 else outputs
        return put(p, self.output_axes)

    def transform(
        self, x: ArrayLike, layer: int | str | None = None, lengths: ArrayLike | None = None
    ) -> NDArray[Any]:
        """The outputs of a layer.

        Parameters
        ----------
        x, lengths : as in `predict`
        layer : int or str, optional
            By number or name, as in `summary`. None: the last hidden one; of an autoencoder, the
            code.

        Returns
        -------
        ndarray of shape (n, ...)
            As the layer gives it, images (n, height, width, channels).
        """
        names = [spec.name for spec in self.layers]
        index = self._n_hidden - 1 if layer is None else layer
        if isinstance(index, str) and index in names:
            index = names.index(index)
        if isinstance(index, str) or not -len(names) <= index < len(names):
            raise ValueError(
                f"layer={layer!r}; expected a number below {len(names)} or one of "
                f"{', '.join(map(repr, names))}."
            )
        return self._outputs(x, lengths, layer=index)[0]

    def _outputs(
        self, x: ArrayLike, lengths: ArrayLike | None, layer: int | None = None
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """After the link, or of a layer; and where each step has some, which of them are real.

        In the type that estimators give.
        """
        x, steps = checked(self, x, lengths)
        link, at = (self.link, -1) if layer is None else ("", layer)
        width = max(x.shape[1], self.input_shape[0]) if steps is not None else 0
        outputs = windows.predict(self.program_, core_input(x), steps, link=link, layer=at)
        if x.dtype.kind != "i":
            outputs = outputs.astype(np.result_type(x.dtype, outputs.dtype), copy=False)
        if self._columns is not None and layer is not None:
            outputs = outputs.astype(np.float64)
        if steps is None or outputs.ndim != 3:
            return outputs, None
        if outputs.shape[1] != width:  # the layers leave fewer steps
            return outputs[:, : self._steps_after(at, x.shape[1])], None
        return outputs[:, : x.shape[1]], inside(steps, x.shape[1])

    def _steps_after(self, layer: int, steps: int) -> int:
        """How many of so many steps are left after a layer."""
        least, _ = self.program_.least_steps
        shape = (max(steps, least), *self.input_shape[1:])
        through = range(len(self.layers))[layer] + 1
        return int(programs.output_shape(self.layers[:through], shape)[0])

    # --- model files

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a model file."""
        return {
            "network": self._network.to_dict(optimizer=False),
            "targets": self._targets.to_dict(),
            "columns": None if self._columns is None else self._columns.to_dict(),
            "n_hidden": self._n_hidden,
            "input_axes": None if self.input_axes is None else list(self.input_axes),
            "output_axes": None if self.output_axes is None else list(self.output_axes),
            "input_name": self.input_name,
            "output_name": self.output_name,
        }

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """What `to_dict` gave; ValueError for anything else."""
        fields = take(stored, _FIELDS, "network")
        columns = fields["columns"]
        network = cls._of(
            TrainableNetwork.from_dict(fields["network"]),
            Targets.from_dict(fields["targets"]),
            None if columns is None else Columns.from_dict(columns),
            n_hidden=fields["n_hidden"],
        )
        if fields["n_hidden"] > len(network.layers):
            raise ValueError(f"network: n_hidden is {fields['n_hidden']}.")
        network.input_axes = checked_axes(fields["input_axes"])
        network.output_axes = checked_axes(fields["output_axes"], answers=True)
        network.input_name, network.output_name = fields["input_name"], fields["output_name"]
        return network


def _batch_size(trained: TrainableNetwork) -> int:
    """As many samples at a time as large images leave memory for, 256 at most."""
    specs, most = L.to_dict(trained.layers), 256
    shape, dtype = trained.input_shape, trained.dtype
    while most > 1:
        *_, blocks = _core.survey(specs, shape, dtype=dtype, batch_size=most)
        if blocks["values"] + blocks["scratch"] <= _MOST_BYTES:
            break
        most //= 4
    return most


_FIELDS = {
    "network": ANYTHING,
    "targets": ANYTHING,
    "columns": ANYTHING,
    "n_hidden": NATURAL,
    "input_axes": AXES,
    "output_axes": AXES,
    "input_name": TEXT,
    "output_name": TEXT,
}
