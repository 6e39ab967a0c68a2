"""A network between fits: specs, weights, and the program compiled of them when needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl import layers as L
from fastdl import program as programs
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.optim import SGD, Optimizer

if TYPE_CHECKING:
    from fastdl._core import Program


class Snapshot(NamedTuple):
    """What changes in a program by training, as arrays."""

    weights: NDArray[Any]
    states: NDArray[Any]
    moments: NDArray[Any]
    steps: int

    @classmethod
    def of(cls, program: Program) -> Snapshot:
        """Copies out of a program."""
        return cls(
            program.get_weights(),
            program.get_states(),
            program.get_optimizer(),
            program.optimizer_steps,
        )

    def load(self, program: Program) -> None:
        """Put everything into a program with the same layers and optimizer."""
        program.set_weights(self.weights)
        program.set_states(self.states)
        program.set_optimizer(self.moments, self.steps)


class Network:
    """Layers made ready for fits and predictions; pickles as specs and arrays.

    A program belongs to the core and holds its memory, so pickles and copies leave it out and
    compile it again, with the same weights, states and moments, when it is next used.

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
    batch_size : int
        The largest batch at first; grows when asked.
    n_jobs : int or None
    random_state : int, RandomState or None
        Of the initial weights.
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
        batch_size: int = 256,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.layers = L.with_names(layers)
        self.input_shape, self.loss, self.dtype = input_shape, loss, np.dtype(dtype).name
        self.cap, self.seed, self.batch_size = cap, seed, batch_size
        self.optimizer: Optimizer = SGD()
        self.options: dict[str, Any] = {}
        self._snapshot: Snapshot | None = None
        self._program: Program | None = None
        self._compile(programs.count_threads(n_jobs), random_state)

    def ready(self, n_jobs: int | None = None, batch_size: int = 0) -> Program:
        """The program, for `n_jobs` threads and batches up to `batch_size`."""
        threads = programs.count_threads(n_jobs)
        program = self._program
        if program and (threads > self._threads or batch_size > self.batch_size):
            self._snapshot, program = Snapshot.of(program), None
        if program is None:
            self.batch_size = max(batch_size, self.batch_size)
            program = self._compile(threads, 0)
        program.set_threads(threads)
        return program

    def lengthen(self, steps: int) -> None:
        """Make room for sequences of so many steps; weights do not depend on it."""
        if steps > self.input_shape[0]:
            if self._program is not None:
                self._snapshot, self._program = Snapshot.of(self._program), None
            self.input_shape = (steps, *self.input_shape[1:])

    @property
    def program(self) -> Program:
        """The program as it is, or compiled again."""
        return self._program or self.ready()

    def weights(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Copies of the weights and of the running statistics."""
        if self._snapshot is not None:
            return self._snapshot.weights, self._snapshot.states
        return self.program.get_weights(), self.program.get_states()

    def put_back(self, weights: tuple[NDArray[Any], NDArray[Any]]) -> None:
        """Give back what `weights` gave."""
        if self._program is not None:
            self._program.set_weights(weights[0])
            self._program.set_states(weights[1])

    def set_optimizer(self, optimizer: Optimizer, *, anew: bool = True, **options: Any) -> None:
        """Choose how the program learns; see `fastdl.program.set_optimizer`.

        `anew` forgets the moments of earlier steps. Without it they stay, if the rule is the same.
        """
        if not anew and (optimizer, options) == (self.optimizer, self.options):
            return
        program = self.program
        before = Snapshot.of(program)
        keep = not anew and optimizer.kind == self.optimizer.kind
        self.optimizer, self.options = optimizer, options
        programs.set_optimizer(program, optimizer, **options)
        if keep:
            before.load(program)

    def _compile(self, threads: int, random_state: int | np.random.RandomState | None) -> Program:
        program = programs.compile(
            self.layers,
            self.input_shape,
            dtype=self.dtype,
            batch_size=self.batch_size,
            threads=threads,
            seed=self.seed,
            random_state=random_state,
        )
        programs.set_loss(program, self.loss, cap=self.cap)
        programs.set_optimizer(program, self.optimizer, **self.options)
        if self._snapshot is not None:
            self._snapshot.load(program)
        self._threads, self._program, self._snapshot = threads, program, None
        return program

    def __getstate__(self) -> dict[str, Any]:
        state = vars(self).copy()
        program = state.pop("_program")
        if program is not None:
            state["_snapshot"] = Snapshot.of(program)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _program=None)
