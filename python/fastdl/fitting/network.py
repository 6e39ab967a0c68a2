"""A network between fits: specs, weights, and the program compiled of them when needed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from fastdl import layers as L
from fastdl import program as programs
from fastdl._locks import ForkSafeLock
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.optim import SGD, Optimizer
from fastdl.program import Snapshot

if TYPE_CHECKING:
    from fastdl._core import Program


class _Compiled(NamedTuple):
    program: Program
    threads: int  # the most it can use

    def serves(self, threads: int, batch_size: int, input_shape: tuple[int, ...]) -> bool:
        enough = self.threads >= threads and self.program.batch_size >= batch_size
        return enough and self.program.input_shape == input_shape


class Network:
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
        self._lock, self._is_training = ForkSafeLock(), False
        compiled = self._compile(programs.count_threads(n_jobs), batch_size)
        programs.draw_weights(compiled.program, self.layers, random_state)
        self._held: _Compiled | Snapshot = compiled  # what has the weights

    def ready(self, n_jobs: int | None = None, batch_size: int = 0) -> Program:
        """The program, for `n_jobs` threads and batches up to `batch_size`."""
        threads = programs.count_threads(n_jobs)
        with self._lock:
            held = self._held
            size = max(batch_size, self.batch_size)
            if isinstance(held, _Compiled) and held.serves(threads, size, self.input_shape):
                if held.program.threads != threads:
                    held.program.set_threads(threads)
                return held.program
            compiled = self._compile(threads, size)
            self.snapshot().load(compiled.program)
            if not self._is_training:
                self._held, self.batch_size = compiled, size
            return compiled.program

    @property
    def program(self) -> Program:
        """The program as it is, or compiled again."""
        held = self._held
        return self.ready() if isinstance(held, Snapshot) else held.program

    def lengthen(self, steps: int) -> None:
        """Make room for sequences of so many steps; weights do not depend on it."""
        with self._lock:
            self.input_shape = (max(steps, self.input_shape[0]), *self.input_shape[1:])

    def snapshot(self) -> Snapshot:
        """Copies of all that training changes."""
        held = self._held
        return held if isinstance(held, Snapshot) else Snapshot.of(held.program)

    @contextmanager
    def training(self, n_jobs: int | None, batch_size: int) -> Iterator[Program]:
        """The program as `ready` gives it, which stays the network's until the block ends."""
        program = self.ready(n_jobs, batch_size)
        self._is_training = True
        try:
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
        if keep:
            before.load(program)

    def _compile(self, threads: int, batch_size: int) -> _Compiled:
        program = programs.make(
            self.layers,
            self.input_shape,
            dtype=self.dtype,
            batch_size=batch_size,
            threads=threads,
            seed=self.seed,
        )
        programs.set_loss(program, self.loss, cap=self.cap)
        programs.set_optimizer(program, self.optimizer, **self.options)
        return _Compiled(program, threads)

    def __getstate__(self) -> dict[str, Any]:
        state = vars(self).copy()
        del state["_lock"], state["_is_training"]
        return {**state, "_held": self.snapshot()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=ForkSafeLock(), _is_training=False)
