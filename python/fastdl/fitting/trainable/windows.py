"""Sequences longer than their program: window by window, states carried over.

Back-propagation is cut where a window begins (truncated BPTT: Williams and Peng, "An efficient
gradient-based algorithm for on-line training of recurrent network trajectories", 1990), so memory
is that of one window. Predictions see the whole past, and do not depend on the windows at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fastdl._locks import ForkSafeLock
from fastdl.samples import with_steps

if TYPE_CHECKING:
    from fastdl._core import EpochResult, Program
    from fastdl.samples import Samples

_locks: WeakKeyDictionary[Program, ForkSafeLock] = WeakKeyDictionary()


@contextmanager
def _carrying(program: Program) -> Iterator[None]:
    """States go from one call to the next in the program: threads that use it take turns."""
    lock = _locks.setdefault(program, ForkSafeLock())
    if lock.is_mine():
        raise RuntimeError(
            "this network is in the middle of a sequence in the same thread: a signal handler "
            "cannot use it now. Let the handler set a flag, and look at it afterwards."
        )
    with lock:
        program.reset_states()
        yield


def are_needed(program: Program, X: Any, lengths: NDArray[np.int32] | None) -> bool:
    """Whether X has more steps than the program."""
    return lengths is not None and X.shape[1] > program.input_shape[0]


def check_steps(program: Program, lengths: NDArray[np.int32]) -> None:
    """Raise ValueError for a sequence of which a layer over time would leave nothing.

    The program says so too, but of the batch that it gets, in an order that is not the user's.
    """
    least, layer = program.least_steps
    short = np.flatnonzero(lengths < least)
    if len(short):
        raise ValueError(
            f"X[{short[0]}] has {lengths[short[0]]} steps, but {layer} needs at least {least}. "
            'Use padding="same" or "causal", or leave short sequences out.'
        )


def predict(
    program: Program,
    X: Any,
    lengths: NDArray[np.int32] | None = None,
    *,
    link: str = "",
    layer: int = -1,
) -> NDArray[Any]:
    """``program.predict`` for sequences (n, T, F) of any length.

    Returns
    -------
    ndarray of shape (n, T, units) or (n, units)

    Raises
    ------
    ValueError
        As `check_steps`.
    """
    if lengths is not None:
        check_steps(program, lengths)
        X = with_steps(X, max(X.shape[1], program.input_shape[0]))
    if lengths is not None and lengths.min() < lengths.max():  # short ones cost less together
        falling = np.argsort(-lengths, kind="stable")
        if (np.diff(falling) != 1).any():
            sorted_outputs = predict(program, X[falling], lengths[falling], link=link, layer=layer)
            outputs = np.empty_like(sorted_outputs)
            outputs[falling] = sorted_outputs
            return outputs
    if not are_needed(program, X, lengths):
        return program.predict(X, link=link, layer=layer, lengths=lengths)
    assert lengths is not None
    whole: NDArray[Any] | None = None
    for rows in _groups(np.arange(len(X)), program.batch_size):
        with _carrying(program):
            for t, window, left in _walk(program, X[rows], lengths[rows]):
                y = program.predict(window, link=link, layer=layer, lengths=left, stateful=True)
                if whole is None:
                    shape = (X.shape[1], y.shape[2]) if y.ndim == 3 else (y.shape[1],)
                    whole = np.zeros((len(X), *shape), y.dtype)
                if y.ndim == 3:
                    whole[rows, t : t + y.shape[1]] = y[:, : X.shape[1] - t]
                else:  # of the last window that is not empty
                    here = (left > 0) | (t == 0)
                    whole[rows[here]] = y[here]
    assert whole is not None
    return whole


@contextmanager
def going_on(program: Program) -> Iterator[Callable[[NDArray[Any]], NDArray[Any]]]:
    """One sequence that comes bit by bit: a function from steps (t, F) to their outputs (t, units).

    It starts from a state of zeros and goes on from where the last call ended.
    """

    def outputs(x: NDArray[Any]) -> NDArray[Any]:
        steps, found = program.input_shape[0], []
        for t in range(0, len(x), steps):
            n = min(steps, len(x) - t)
            window = with_steps(x[np.newaxis, t : t + n], steps)
            y = program.predict(window, lengths=np.array([n], np.int32), stateful=True)
            found.append(y[0, :n])
        return np.concatenate(found)

    with _carrying(program):
        yield outputs


def mean_loss(program: Program, samples: Samples) -> float:
    """The mean loss of all steps, or of samples, without the outputs in memory."""
    X, y, lengths = samples.X, samples.y, samples.lengths
    if lengths is None or not are_needed(program, X, lengths):
        return program.loss_and_grads(
            X, y, sample_weight=samples.weight, evaluation=True, lengths=lengths
        )[0]
    total = 0.0
    for rows in _groups(np.arange(len(X)), program.batch_size):
        with _carrying(program):
            for t, window, left in _walk(program, X[rows], lengths[rows]):
                answers = with_steps(y[rows, t : t + window.shape[1]], window.shape[1])
                mean, _ = program.loss_and_grads(
                    window, answers, evaluation=True, lengths=left, stateful=True
                )
                total += mean * int(left.sum())
    return total / max(1, int(lengths.sum()))


def longest_first(
    order: NDArray[np.int64], lengths: NDArray[np.int32] | None, batch_size: int
) -> NDArray[np.int64]:
    """The same batches, each by falling length: what has ended then costs nothing."""
    if lengths is None:
        return order
    return order[np.lexsort((-lengths[order], np.arange(len(order)) // batch_size))]


def by_length(
    order: NDArray[np.int64],
    samples: Samples,
    batch_size: int,
    random_state: np.random.RandomState,
) -> NDArray[np.int64]:
    """Batches of pairs of like length, of X first and then of y; the batches shuffled.

    Pairs of the same lengths stay in the order given. The batch that is smaller than the others
    comes last, as it must; which lengths it has is drawn.
    """
    assert samples.lengths is not None
    lengths = samples.lengths[order], (samples.y[order] >= 0).sum(axis=1)
    order = order[np.lexsort(lengths[::-1])]
    n_whole, rest = divmod(len(order), batch_size)
    at = random_state.randint(n_whole + 1) * batch_size
    smaller, others = order[at : at + rest], np.delete(order, slice(at, at + rest))
    batches = others.reshape(n_whole, batch_size)[random_state.permutation(n_whole)]
    return np.concatenate([batches.ravel(), smaller])


def count(program: Program, samples: Samples, order: NDArray[np.int64], batch_size: int) -> int:
    """Updates in an epoch: one for each batch, or for each window of each."""
    lengths = samples.lengths
    if lengths is None or not are_needed(program, samples.X, lengths) or not _each_step(program):
        return math.ceil(len(order) / batch_size)
    steps = program.input_shape[0]
    return sum(_n_windows(lengths[rows], steps) for rows in _groups(order, batch_size))


def train_epoch(
    program: Program,
    samples: Samples,
    order: NDArray[np.int64],
    rates: NDArray[np.float64],
    *,
    batch_size: int,
    epoch: int,
    poll: Callable[[], bool],
    regularisation: NDArray[np.float64] | None = None,
    version: int = 0,
) -> EpochResult:
    """``program.train_epoch`` for sequences of any length.

    Where every step has a target, each window of a batch is an update. Where a sequence has one,
    its last window is, with the state that the steps before it led to.
    """
    if not are_needed(program, samples.X, samples.lengths):
        return program.train_epoch(
            samples.X,
            samples.y,
            order,
            rates,
            sample_weight=samples.weight,
            batch_size=batch_size,
            epoch=epoch,
            poll=poll,
            lengths=samples.lengths,
            regularisation=regularisation,
            version=version,
            sampling=samples.sampling,
        )
    from fastdl._core import EpochResult

    loss = penalty = 0.0
    seen, done = 0.0, 0
    windows_of = _all_windows if _each_step(program) else _last_windows
    groups = list(_groups(order, batch_size))
    for g, rows in enumerate(groups):
        with _carrying(program):
            X, y, weight, lengths = windows_of(program, samples, rows)
            n_windows = len(X) // len(rows)
            now = slice(done, done + n_windows)
            result = program.train_epoch(
                X,
                y,
                np.arange(len(X)),
                _part(rates, now),
                sample_weight=weight,
                batch_size=len(rows),
                epoch=epoch * len(groups) + g,  # for draws that differ from group to group
                poll=poll,
                lengths=lengths,
                stateful=True,
                regularisation=None if regularisation is None else _part(regularisation, now),
            )
        n: float = int(lengths.sum()) if _each_step(program) else len(rows)
        if weight is not None and weight.ndim == 2:
            n = float(weight.sum())
        loss, penalty, seen = loss + result.loss * n, penalty + result.penalty * n, seen + n
        done += result.n_batches
        if result.status != "done":
            break
    seen = seen or 1  # steps without weight
    return EpochResult(loss / seen, penalty / seen, done, result.status, ())


def _n_windows(lengths: NDArray[np.int32], steps: int) -> int:
    """Of a batch of sequences, which may all be empty."""
    return max(1, math.ceil(lengths.max() / steps))


def _part(values: NDArray[np.float64], of: slice) -> NDArray[np.float64]:
    """Of numbers for each update, or the one for all."""
    return values if len(values) == 1 else values[of]


def _each_step(program: Program) -> bool:
    return len(program.output_shape) == 2


def _groups(order: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    return (order[i : i + size] for i in range(0, len(order), size))


def _left(lengths: NDArray[np.int32], done: Any, steps: int) -> NDArray[np.int32]:
    """How many steps of a window are real, `done` before it."""
    return np.clip(lengths - done, 0, steps).astype(np.int32)


def _walk(
    program: Program, X: NDArray[Any], lengths: NDArray[np.int32]
) -> Iterator[tuple[int, NDArray[Any], NDArray[np.int32]]]:
    """First step, values and lengths of each window of a batch."""
    steps = program.input_shape[0]
    for t in range(0, max(1, int(lengths.max())), steps):
        window = np.ascontiguousarray(with_steps(X[:, t : t + steps], steps))
        yield t, window, _left(lengths, t, steps)


def _all_windows(
    program: Program, samples: Samples, rows: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None, NDArray[np.int32]]:
    """X, y, weights and lengths of a batch's windows, one batch after the other."""
    assert samples.lengths is not None
    lengths, steps = samples.lengths[rows], program.input_shape[0]
    n = _n_windows(lengths, steps)

    def cut(values: NDArray[Any]) -> NDArray[Any]:
        values = with_steps(values[rows], n * steps)
        parts = values.reshape(len(rows), n, steps, *values.shape[2:]).swapaxes(0, 1)
        return np.ascontiguousarray(parts).reshape(n * len(rows), steps, *values.shape[2:])

    weight = samples.weight
    if weight is not None:
        weight = cut(weight) if weight.ndim == 2 else np.tile(weight[rows], n)
    left = _left(lengths, steps * np.arange(n)[:, np.newaxis], steps)
    return cut(samples.X), cut(samples.y), weight, left.ravel()


def _last_windows(
    program: Program, samples: Samples, rows: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None, NDArray[np.int32]]:
    """X, y, weights, lengths of a batch's last steps; the program is in the state before."""
    assert samples.lengths is not None
    X, lengths, steps = samples.X[rows], samples.lengths[rows], program.input_shape[0]
    before = np.maximum(lengths - steps, 0)
    for _, window, left in _walk(program, X, before):
        program.forward(window, lengths=left, stateful=True)
    at = before[:, np.newaxis] + np.arange(steps)
    last = X[np.arange(len(rows))[:, np.newaxis], at.clip(max=X.shape[1] - 1)]
    weight = None if samples.weight is None else samples.weight[rows]
    return last, samples.y[rows], weight, lengths - before
