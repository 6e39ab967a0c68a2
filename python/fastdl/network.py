"""A network apart from the estimator that learnt it: layers, weights, names; NumPy alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastdl import _core, losses
from fastdl import layers as L
from fastdl import program as programs
from fastdl._rules import Rule
from fastdl._saved import ANYTHING, NATURAL, TEXT, short, take
from fastdl.fitting import windows
from fastdl.fitting.columns import Columns
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.layers import Layer
from fastdl.losses import Loss
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
            targets = _of_classes(np.asarray(classes), link, n_outputs)
        self._set(trained, targets, None, n_hidden=len(trained.layers) - 1)
        self.input_axes, self.output_axes = _axes(input_axes), _axes(output_axes, answers=True)
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
            return self._put(outputs.reshape(-1, *self.input_shape))
        if targets.kind in ("next", "boxes"):  # as it comes
            return self._put(outputs)
        if targets.of == "pixels":
            answers = decode(outputs.reshape(-1, outputs.shape[-1]))
            return self._put(answers.reshape(-1, *targets.shape))
        return self._put(_each(decode, outputs, real))

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
        return self._put(_each(_both, outputs, real) if outputs.shape[-1] == 1 else outputs)

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
        x, steps = self._checked(x, lengths)
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

    def _put(self, answers: NDArray[Any]) -> NDArray[Any]:
        """Answers with their axes where the user wants them."""
        axes = self.output_axes
        if axes is None:
            return answers
        kept = [a for a in axes if a >= 0]
        if answers.ndim == max(kept):  # of one number, which it leaves out
            answers = answers[..., np.newaxis]
        gone = tuple(a for a in range(answers.ndim) if a not in kept)
        if max(kept) >= answers.ndim or any(answers.shape[a] != 1 for a in gone):
            return answers
        answers = answers.transpose(*kept, *gone).reshape([answers.shape[a] for a in kept])
        return np.expand_dims(answers, tuple(i for i, a in enumerate(axes) if a < 0))

    def _checked(self, x: Any, lengths: Any) -> tuple[NDArray[Any], NDArray[np.int32] | None]:
        """X as the core takes it, and lengths for sequences."""
        table = self._columns is not None
        if lengths is not None and (table or len(self.input_shape) != 2):
            takes = "this network takes a table" if table else self._expected(self.input_shape)
            raise ValueError(
                "lengths belongs to padded sequences, one array (n, steps, features); "
                f"{takes}. Leave it out."
            )
        if self._columns is not None:
            return self._columns.prepared(x, self.dtype), None
        try:
            given = np.asarray(x)
        except ValueError as error:  # lists of several lengths
            way_out = "Pad sequences, and pass lengths." if len(self.input_shape) == 2 else ""
            what = "x has parts of several lengths"
            raise ValueError(f"{what}; {self._expected(self.input_shape)}. {way_out}") from error
        if given.dtype.kind not in "biuf":
            what = f"x has the dtype {given.dtype}"
            raise ValueError(f"{what}; {self._expected(self.input_shape)}, of numbers.")
        codes = len(self.input_shape) == 2 and given.dtype.kind in "iu"
        is_known = codes or given.dtype in (np.uint8, np.float32, np.float64)
        x = given if is_known else given.astype(np.float64)
        if self.input_axes is not None and x.ndim == len(self.input_axes):
            x = x.transpose(self.input_axes)
        shape = self.input_shape
        if len(shape) == 2:
            return self._checked_steps(x, given.shape, lengths)
        size = int(np.prod(shape))
        fits = x.shape[1:] == shape or x.shape[1:] == (size,)
        if self.input_axes is not None and len(self.input_axes) <= len(shape):  # one pixel high
            fits = fits or (1, *x.shape[1:]) == shape
        if not fits and not (shape[-1] == 1 and x.shape[1:] == shape[:-1]):
            raise ValueError(f"x has shape {given.shape}; {self._expected(shape)}.")
        return x.reshape(len(x), *shape), None

    def _checked_steps(
        self, x: NDArray[Any], given: tuple[int, ...], lengths: Any
    ) -> tuple[NDArray[Any], NDArray[np.int32]]:
        _, n_features = self.input_shape
        x = x[..., np.newaxis] if x.ndim == 2 and n_features == 1 else x
        if x.ndim == 2 and x.shape[1] % n_features == 0:
            x = x.reshape(len(x), -1, n_features)
        if x.ndim != 3 or x.shape[2] != n_features or not x.shape[1]:
            raise ValueError(f"x has shape {given}; {self._expected(self.input_shape)}.")
        steps = np.full(len(x), x.shape[1], np.int32)
        if lengths is not None:
            steps = np.asarray(lengths)
            if steps.shape != x.shape[:1] or steps.dtype.kind not in "iu":
                raise ValueError(
                    f"lengths has shape {steps.shape} and dtype {steps.dtype}; expected {len(x)} "
                    "integers, one for each sequence of x."
                )
            if steps.size and not 0 <= steps.min() <= steps.max() <= x.shape[1]:
                raise ValueError(f"lengths has values outside 0 to {x.shape[1]}, the steps of x.")
            steps = steps.astype(np.int32)
        self._network.lengthen(x.shape[1])
        return (x.astype(np.int32) if x.dtype.kind in "iu" else x), steps

    def _expected(self, of_sample: tuple[int, ...]) -> str:
        shape: tuple[int | str, ...] = ("n", *of_sample)
        if len(shape) == 3 and programs.takes_steps(self.layers, of_sample, of_sample[0] + 1):
            shape = ("n", "steps", of_sample[1])
        if self.input_axes is not None:
            back = np.argsort(self.input_axes)
            shape = tuple(shape[i] for i in back)
        return f"this network takes ({', '.join(map(str, shape))})"

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
        network.input_axes = _axes(fields["input_axes"])
        network.output_axes = _axes(fields["output_axes"], answers=True)
        network.input_name, network.output_name = fields["input_name"], fields["output_name"]
        return network


def _each(
    decode: Callable[[NDArray[Any]], NDArray[Any]],
    outputs: NDArray[Any],
    real: NDArray[np.bool_] | None,
) -> Any:
    """Outputs (..., n_outputs) decoded row by row; zeros, or empty texts, where nothing is real."""
    if real is None:
        if outputs.ndim == 2:
            return decode(outputs)
        answers = decode(outputs.reshape(-1, outputs.shape[-1]))
        return answers.reshape(*outputs.shape[:-1], *answers.shape[1:])
    answers = decode(outputs[real])
    padded = np.zeros((*real.shape, *answers.shape[1:]), answers.dtype)
    padded[real] = answers
    return padded


def _both(p: NDArray[Any]) -> NDArray[Any]:
    """Probabilities of two classes, from those of the second."""
    return np.hstack([1 - p, p])


def _of_classes(classes: NDArray[Any], link: str, n_outputs: int) -> Targets:
    binary = n_outputs == 1 and len(classes) == 2 and link == "sigmoid"
    if classes.ndim != 1 or not (binary or len(classes) == n_outputs):
        raise ValueError(
            f"classes has shape {classes.shape}; expected a label for each of {n_outputs} outputs."
        )
    if link == "exp" or (link == "sigmoid" and not binary):
        only = "one output and two classes" if link == "sigmoid" else "numbers, without classes"
        raise ValueError(
            f"link={link!r} with {len(classes)} classes and {n_outputs} outputs; it is for {only}. "
            "Use link='softmax' for classes of which each sample has one."
        )
    if classes.dtype.kind not in "biufUO":
        raise ValueError(f"classes is of dtype {classes.dtype}; expected numbers or texts.")
    return Targets("binary" if binary else "multiclass", n_outputs, classes)


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


def _axes(axes: Sequence[int] | None, *, answers: bool = False) -> tuple[int, ...] | None:
    if axes is None:
        return None
    kept = [a for a in axes if a >= 0]
    if answers:
        if len(set(kept)) != len(kept) or 0 not in kept or min(axes) < -1 or max(kept) > 3:
            raise ValueError(
                f"output_axes={axes!r}; expected numbers from 0 to 3, each once and 0 among them, "
                "and -1 for axes of size 1."
            )
    elif sorted(axes) != list(range(len(axes))):
        raise ValueError(f"axes={axes!r}; expected each of 0 to {len(axes) - 1} once.")
    return tuple(map(int, axes))


def _is_axis(value: Any) -> bool:
    return NATURAL.accepts(value) or (type(value) is int and value == -1)


_AXES = Rule(
    "None or a list of axes",
    lambda v: v is None or (isinstance(v, list) and all(map(_is_axis, v)) and len(v) < 9),
    lambda v: v,
)
_FIELDS = {
    "network": ANYTHING,
    "targets": ANYTHING,
    "columns": ANYTHING,
    "n_hidden": NATURAL,
    "input_axes": _AXES,
    "output_axes": _AXES,
    "input_name": TEXT,
    "output_name": TEXT,
}
