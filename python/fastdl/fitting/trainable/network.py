"""A network between fits: specs, weights, and the program compiled of them when needed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl import _core
from fastdl import layers as L
from fastdl import program as programs
from fastdl._locks import ForkSafeLock
from fastdl.fitting.trainable import stored
from fastdl.fitting.trainable.compiled import Compiled
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.optim import SGD, Optimizer
from fastdl.program import Snapshot, devices, gpus
from fastdl.program.devices import Device

if TYPE_CHECKING:
    from fastdl._core import ParameterInfo, Program


_LARGEST_BATCH = 256  # of a network from a file
_MOST_SHAPES = 4  # of other inputs, that stay compiled


class TrainableNetwork:
    """Layers made ready for fits and predictions; copies and pickles as specs and arrays.

    A program belongs to the core and holds its memory. Copies leave it out and compile it again,
    with the same weights, states and moments, when they are first used.

    Any number of threads may predict. A program is compiled by one of them while the others wait,
    and can be seen when its weights are in it, not before. It is replaced by a larger one only
    between fits: who needs that during a fit gets a copy.

    Parameters
    ----------
    layers : list of layers
        The output layer included.
    input_shape : tuple of int
        Of one sample.
    loss : Loss
    dtype : float32 or float64
    cap : float, default=inf
        The largest loss reported for one sample.
    seed : int, default=0
        Of dropout.
    convolution : {"auto", "direct"}, default="auto"
        As `fastdl.program.make` takes it. It may be set to another, for the programs to come.
    device, precision : str
        As estimators take them. They too may be set to others. Files do not hold them.
    batch_size : int
        The largest batch at first; grows when asked.
    n_jobs : int or None
    random_state : int, RandomState or None
        Of the initial weights.
    snapshot : Snapshot, optional
        Weights to start from instead: then nothing is drawn, or compiled before it is used.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: tuple[int, ...],
        loss: Loss,
        *,
        dtype: DTypeLike,
        cap: float = math.inf,
        seed: int = 0,
        convolution: str = "auto",
        device: str = "cpu",
        precision: str = "float32",
        batch_size: int = 256,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        snapshot: Snapshot | None = None,
    ) -> None:
        self.layers = L.with_names(layers)
        self.input_shape, self.loss, self.dtype = input_shape, loss, np.dtype(dtype).name
        self.cap, self.seed, self.batch_size = cap, seed, batch_size
        self.convolution = convolution
        self.device, self.precision = device, precision
        self.optimizer: Optimizer = SGD()
        self.options: dict[str, Any] = {}
        self.without_optimizer = False  # read from a file that was saved without its state
        self._lock, self._is_training = ForkSafeLock(), False
        self._others: dict[tuple[int, ...], TrainableNetwork] = {}  # for inputs of other shapes
        self._held: Compiled | Snapshot  # what has the weights
        if snapshot is not None:
            self._held = snapshot
        else:
            self._held = Compiled.of(self, programs.count_threads(n_jobs), batch_size)
            programs.draw_weights(self._held.program, self.layers, random_state)

    @classmethod
    def made(
        cls,
        layers: Sequence[Layer],
        input_shape: tuple[int, ...],
        loss: Loss,
        weights: Mapping[str, Any] | None,
        *,
        dtype: DTypeLike,
        draws: int | np.random.RandomState | None = None,
    ) -> Self:
        """Of layers that no fit has made, with these weights or, without any, with drawn ones."""
        if weights is None:
            return cls(layers, input_shape, loss, dtype=dtype, batch_size=1, random_state=draws)
        layers, kind = L.with_names(layers), np.dtype(dtype)
        if kind.name not in ("float32", "float64"):
            raise ValueError(f"dtype={dtype!r}; expected 'float32' or 'float64'.")
        arrays = {name: np.asarray(value, kind) for name, value in weights.items()}
        outline = _core.outline(L.to_dict(layers), input_shape)
        snapshot = Snapshot.of_named(arrays, outline, kind)
        return cls(layers, input_shape, loss, dtype=kind, snapshot=snapshot)

    def counts(self) -> tuple[int, int]:
        """Parameters that predictions need, and those of side heads, which they do not."""
        inside = L.held_by_sides(self.layers)
        sizes = [(p.name.rpartition(".")[0] in inside, p.size) for p in self.parameters]
        return sum(n for side, n in sizes if not side), sum(n for side, n in sizes if side)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """What the layers give for one sample."""
        held = self._held
        if isinstance(held, Compiled) and held.program.input_shape == self.input_shape:
            return held.program.output_shape
        return programs.output_shape(self.layers, self.input_shape)

    def shape_after(self, layer: int) -> tuple[int, ...]:
        """What the layer of this number, or of this one from the end, gives for one sample."""
        inner = self.layers[: range(len(self.layers))[layer] + 1]
        return programs.output_shape(inner, self.input_shape)

    def ready(self, n_jobs: int | None = None, batch_size: int = 0) -> Program:
        """The program, for `n_jobs` threads and batches up to `batch_size`."""
        threads = programs.count_threads(n_jobs)
        with self._lock:
            held = self._held
            size = max(batch_size, self.batch_size)
            if isinstance(held, Compiled) and held.serves(self, threads, size):
                if held.program.threads != threads:
                    held.program.set_threads(threads)
                return held.program
            compiled = Compiled.of(self, threads, size)
            self.snapshot().load(compiled.program)
            if not self._is_training:
                self._held, self.batch_size = compiled, size
            return compiled.program

    @property
    def program(self) -> Program:
        """The program as it is, or compiled again."""
        held = self._held
        return self.ready() if isinstance(held, Snapshot) else held.program

    @property
    def works_on(self) -> Device:
        """What does the work of the program as it is, or would do that of the next one."""
        held = self._held
        if isinstance(held, Compiled):
            return held.device
        return devices.choose(
            self.device, self.precision, self.layers, self.input_shape, self.dtype
        )

    def lengthen(self, steps: int) -> None:
        """Make room for sequences of so many steps.

        Raises
        ------
        ValueError
            If the shapes of the weights depend on it.
        """
        with self._lock:
            longest, *features = self.input_shape
            if steps <= longest:
                return
            if not programs.takes_steps(self.layers, self.input_shape, steps):
                raise ValueError(
                    f"X has sequences of {steps} steps, but the layers are made for {longest} at "
                    "most: Flatten gives rows of all steps. Use LastStep or GlobalAvgPool, or fit "
                    "on sequences as long."
                )
            self.input_shape = (steps, *features)

    def lengthen_answers(self, steps: int) -> int:
        """Make room for answers of so many steps, their ends included; what there is room for."""
        with self._lock:
            decoder = self.layers[-1]
            if isinstance(decoder, L.Decoder) and steps > decoder.steps:
                decoder = decoder.replace(steps=steps)
                self.layers = (*self.layers[:-1], decoder)
            return decoder.steps  # type: ignore[attr-defined]

    def snapshot(self) -> Snapshot:
        """Copies of all that training changes."""
        held = self._held
        return held if isinstance(held, Snapshot) else Snapshot.of(held.program)

    @property
    def parameters(self) -> list[ParameterInfo]:
        """Names, shapes and places of the weights."""
        held = self._held
        if isinstance(held, Compiled):
            return held.program.parameters
        return _core.outline(L.to_dict(self.layers), self.input_shape)[0]

    @property
    def largest_fan_in(self) -> int:
        """The most inputs that a unit has; those of a table of symbols count as none."""
        fans = [p.fan_in for p in self.parameters if p.role == "weight" and p.trainable]
        return max(fans, default=1)

    def get_parameter(self, name: str) -> NDArray[Any]:
        """A copy of a weight, for which nothing is compiled."""
        held = self._held
        if isinstance(held, Compiled):
            return held.program.get_parameter(name)
        (p,) = (p for p in self.parameters if p.name == name)
        return held.weights[p.offset : p.offset + p.size].reshape(p.shape).copy()

    @contextmanager
    def training(self, n_jobs: int | None, batch_size: int) -> Iterator[Program]:
        """The program as `ready` gives it, which stays the network's until the block ends."""
        program = self.ready(n_jobs, batch_size)
        self._is_training = True
        try:
            with gpus.room(program.backend, program.memory):
                yield program
        finally:
            self._is_training = False

    def set_optimizer(self, optimizer: Optimizer, *, anew: bool = True, **options: Any) -> None:
        """Choose how the program learns; see `fastdl.program.set_optimizer`.

        `anew` forgets the moments of earlier steps. Without it they stay, if the rule is the same.
        """
        if not anew and (optimizer, options) == (self.optimizer, self.options):
            return
        program = self.program
        before = Snapshot.of(program)
        keep = not anew and optimizer.kind == self.optimizer.kind
        programs.set_optimizer(program, optimizer, **options)
        self.optimizer, self.options = optimizer, options
        self.without_optimizer = False
        if keep:
            before.load(program)

    def at(self, snapshot: Snapshot) -> TrainableNetwork:
        """A network of the same layers and settings with other weights, states and moments."""
        other = TrainableNetwork.__new__(TrainableNetwork)
        other.__setstate__({**vars(self), "_held": snapshot})
        return other

    def of_shape(self, input_shape: tuple[int, ...]) -> TrainableNetwork:
        """A network of the same layers and weights for samples of another shape, one at a time."""
        other = self.at(self.snapshot())
        other.input_shape, other.batch_size = input_shape, 1
        return other

    def program_of_shape(
        self, input_shape: tuple[int, ...], layers: Sequence[Layer], n_jobs: int | None, batch: int
    ) -> Program:
        """As `of_shape`, of layers with the same weights; the last few programs stay compiled."""
        with self._lock:
            other = self._others.pop(input_shape, None)
            if other is None or other.layers != tuple(layers):
                other = self.of_shape(input_shape)
                other.layers = tuple(layers)
            for old in list(self._others)[: len(self._others) - _MOST_SHAPES + 1]:
                del self._others[old]
            self._others[input_shape] = other
        now, program = self.snapshot(), other.ready(n_jobs, batch)
        program.set_weights(now.weights)
        program.set_states(now.states)
        return program

    def rebuilt(
        self, layers: Sequence[Layer], weights: Mapping[str, NDArray[Any]]
    ) -> TrainableNetwork:
        """A network of other layers with these weights, and an optimizer that has not begun."""
        layers = L.with_names(layers)
        weights = {name: np.asarray(value, self.dtype) for name, value in weights.items()}
        outline = _core.outline(L.to_dict(layers), self.input_shape)
        other = self.at(Snapshot.of_named(weights, outline, np.dtype(self.dtype)))
        other.layers, other.optimizer, other.options = layers, SGD(), {}
        return other

    def by_name(self) -> dict[str, NDArray[Any]]:
        """Copies of all weights and states, in the user's layout; nothing is compiled."""
        return self.snapshot().by_name(_core.outline(L.to_dict(self.layers), self.input_shape))

    # --- model files

    def to_dict(
        self, *, optimizer: bool = True, shown: Mapping[str, NDArray[Any]] | None = None
    ) -> dict[str, Any]:
        """Plain data for a model file; see `stored.to_dict`."""
        return stored.to_dict(self, optimizer=optimizer, shown=shown)

    @classmethod
    def from_dict(cls, of_file: Any) -> TrainableNetwork:
        """What `to_dict` gave; ValueError for anything else."""
        return stored.from_dict(cls, of_file)

    def __getstate__(self) -> dict[str, Any]:
        state = vars(self).copy()
        del state["_lock"], state["_is_training"], state["_others"]
        return {**state, "_held": self.snapshot()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=ForkSafeLock(), _is_training=False, _others={})
