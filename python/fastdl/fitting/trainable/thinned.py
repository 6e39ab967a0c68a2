"""Dropout as an ensemble: the answers of thinned networks, which prediction otherwise averages.

Each thinned network has its own draw of all dropouts (Srivastava et al., "Dropout: a simple way to
prevent neural networks from overfitting", JMLR 2014, section 9; Gal and Ghahramani, "Dropout as a
Bayesian approximation", ICML 2016). The draws are counter-based: of the network's seed, the layer
and the number of the thinned network. So every sample meets the same networks, and its answer
depends neither on the samples beside it nor on threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special
from sklearn.utils import gen_batches

from fastdl import layers as L
from fastdl import program as programs
from fastdl.layers import Layer
from fastdl.layers._spec import LearningLayer
from fastdl.samples import Sequences, core_input, with_steps

if TYPE_CHECKING:
    from fastdl._core import Program
    from fastdl.fitting.trainable import TrainableNetwork

_AT_A_TIME = 64  # thinned networks
_SAMPLES_AT_A_TIME = 1024
_LINKS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "": lambda z: z,
    "softmax": lambda z: special.softmax(z, axis=-1),
    "sigmoid": special.expit,
    "exp": np.exp,
}


def draws(layers: tuple[Layer, ...]) -> bool:
    """Whether there is something to draw: a dropout."""
    return any(layer.draws for layer in L.walk(list(map(_thinning, layers)), sides=False))


def mean_and_std(
    network: TrainableNetwork,
    program: Program,
    X: Any,
    n_nets: int,
    n_jobs: int | None,
    read: Callable[[NDArray[Any]], NDArray[Any]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Over thinned networks, of what is read of their `answers`.

    A row for each sample, or each step or pixel where each has an answer.
    """
    means, spreads = [], []
    for part in gen_batches(X.shape[0], _SAMPLES_AT_A_TIME):
        some = X[np.arange(part.start, part.stop)] if isinstance(X, Sequences) else X[part]
        found = answers(network, program, some, n_nets, n_jobs)
        if isinstance(X, Sequences) and found.ndim == 4:
            found = found.swapaxes(1, 2)[some.inside]
        elif found.ndim == 5:  # images
            found = found.reshape(*found.shape[:2], -1, found.shape[4])
            found = found.swapaxes(1, 2).reshape(-1, found.shape[1], found.shape[3])
        values = read(found.reshape(-1, *found.shape[2:]))
        values = values.reshape(*found.shape[:2], *values.shape[1:])
        means.append(values.mean(axis=1))
        spreads.append(values.std(axis=1))
    return np.concatenate(means), np.concatenate(spreads)


def answers(
    network: TrainableNetwork, program: Program, X: Any, n_nets: int, n_jobs: int | None
) -> NDArray[np.float64]:
    """Outputs of `n_nets` thinned networks for checked X, after the link.

    Parameters
    ----------
    network : TrainableNetwork
    program : Program
        Of the network: its weights are taken.
    X : array, CSR or CSC matrix, or Sequences of n samples
    n_nets : int
    n_jobs : int or None

    Returns
    -------
    ndarray of shape (n, n_nets, ...)
        Of steps, zeros past the ends of sequences.
    """
    at_a_time = min(n_nets, _AT_A_TIME)
    thin = programs.make(
        [_thinning(layer) for layer in network.layers],
        program.input_shape,
        dtype=network.dtype,
        batch_size=at_a_time,
        threads=programs.count_threads(n_jobs),
        seed=network.seed,
        convolution=network.convolution,
        backend=network.works_on.backend,
        precision=network.works_on.precision,
    )
    thin.set_weights(program.get_weights())
    thin.set_states(program.get_states())
    link = _LINKS[network.loss.link]
    outputs = np.zeros((X.shape[0], n_nets, *_output_shape(thin, X)))
    for i in range(X.shape[0]):
        x, steps = _sample(X, i)
        for first in range(0, n_nets, at_a_time):
            n = min(at_a_time, n_nets - first)
            some = link(_of_some(thin, x, steps, n, first // at_a_time))
            place = outputs[i, first : first + n]
            (place[:, :steps] if some.ndim == 3 else place)[...] = some
    return outputs


def _thinning(layer: Layer) -> Layer:
    """In training mode, a layer that only drops: frozen, or it would take statistics of its own."""
    layer = layer.map(_thinning)
    if isinstance(layer, LearningLayer):
        layer = layer.replace(trainable=False)
    if isinstance(layer, L.Augment):
        return layer.replace(probability=0.0)
    return layer.replace(rate=0.0) if isinstance(layer, L.Corrupt) else layer


def _output_shape(thin: Program, X: Any) -> tuple[int, ...]:
    shape = thin.output_shape
    return (X.shape[1], *shape[1:]) if len(shape) == 2 else shape


def _sample(X: Any, i: int) -> tuple[NDArray[Any], int | None]:
    """A sample as an array (1, ...) that the core reads, and its steps."""
    steps = None
    if isinstance(X, Sequences):
        steps = int(X.lengths[i])
        row = X.values[i : i + 1, : max(steps, 1)]
    else:
        row = X[[i]].toarray() if sparse.issparse(X) else X[i : i + 1]
    read = core_input(row)
    assert isinstance(read, np.ndarray)
    return read, steps


def _of_some(
    thin: Program, x: NDArray[Any], steps: int | None, n: int, block: int
) -> NDArray[np.float64]:
    """Outputs of a block of thinned networks before the link: row k of the batch is net k."""
    copies = np.repeat(x, n, axis=0)
    if steps is None:
        return thin.forward(copies, training=True, epoch=block).astype(np.float64)
    thin.reset_states()
    room, found = thin.input_shape[0], []
    for t in range(0, max(steps, 1), room):
        window = np.ascontiguousarray(with_steps(copies[:, t : t + room], room))
        left = np.full(n, min(room, steps - t), np.int32)
        goes_on = steps > room or steps == 0
        y = thin.forward(window, training=True, epoch=block, lengths=left, stateful=goes_on)
        found.append(y[:, : left[0]] if y.ndim == 3 else y)
    return (np.concatenate(found, axis=1) if found[0].ndim == 3 else found[-1]).astype(np.float64)
