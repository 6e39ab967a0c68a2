"""The gradient of an answer by X."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from fastdl import program as programs
from fastdl.inspection._saliency.answers import (
    check_of_samples,
    classes_of,
    columns,
    one_hot,
    per_class,
)
from fastdl.inspection._saliency.behind import Behind, behind, is_coder, parted
from fastdl.inspection._saliency.loaded import unpacked
from fastdl.inspection._saliency.scaling import pulled_back, through
from fastdl.samples import core_input, with_steps

_CHUNK = 64  # samples whose gradients are held at a time


def input_gradient(estimator: Any, X: Any, y: Any = None, *, lengths: Any = None) -> Any:
    """The gradient of an answer of a fitted network by each value of X.

    Of classifiers it is the score of a class, what the last layer gives before the link; of two
    classes that share an output, that of the first is minus that of the second. Of regressors it
    is the prediction, of autoencoders and embedders a unit of the code. Simonyan, Vedaldi and
    Zisserman, "Deep inside convolutional networks: visualising image classification models and
    saliency maps", ICLR workshop 2014, section 3.

    Parameters
    ----------
    estimator : estimator of fastdl, a pipeline or search that ends with one, or a Network
        Fitted, with one answer for each sample. Scalers before it are heeded: the gradient is by X
        as you pass it.
    X : as for its predict
        Images, rows or sequences. Of symbols the gradient is by their vectors.
    y : label or int, or array-like of shape (n,), default=None
        The class, number of the output or unit of the code that is asked about, for all samples or
        for each. None: the predicted class, or the only output.
    lengths : array-like of int of shape (n,), default=None
        How many steps of padded sequences are real.

    Returns
    -------
    ndarray of the shape of X, or list of n ndarrays
        A list where X is one. Of symbols (n, T, n_components), or a list of (T_i, n_components).

    Raises
    ------
    ValueError
        If there is no gradient to follow: no network, a step of the pipeline whose derivative is
        not known, answers for every step or pixel; or for y that is no class or output.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import MLPRegressor
    >>> from fastdl.inspection import input_gradient
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> linear = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, X @ [1.0, 2.0, 3.0])
    >>> input_gradient(linear, X[:1]).round(2)
    array([[1., 2., 3.]])
    """
    estimator, X, back = unpacked(estimator, X)
    steps, final = parted(estimator)
    check_of_samples(final)
    inner, pullbacks = through(steps, X)
    found = behind(final, inner, lengths)
    gradient = _in_form_of(inner, lengths, found, _gradient(found, y))
    return pulled_back(gradient if back is None else gradient.transpose(back), pullbacks)


def answer_of(found: Behind, first: int) -> Any:
    """The layers from one on, up to what is asked about, as a program that gives gradients."""
    return programs.part(
        found.program,
        found.layers,
        first,
        input_shape=found.input_shape if first == 0 else None,
        batch_size=min(found.X.shape[0], _CHUNK),
        threads=found.estimator.n_jobs,
        input_gradient=True,
    )


def slopes(found: Behind, outputs: NDArray[Any], y: Any) -> NDArray[Any]:
    """The derivative of what is asked about by the outputs before the link, of their shape."""
    final, flat = found.estimator, outputs.reshape(len(outputs), -1)
    classes = classes_of(final)
    if classes is not None:
        both = per_class(flat, len(classes))
        column = columns(final, y, both)
        if both.shape == flat.shape:
            return one_hot(column, flat)
        return np.where(column[:, np.newaxis] == 1, 1, -1).astype(flat.dtype)
    slope = one_hot(columns(final, y, flat), flat)
    if is_coder(final) or hasattr(final, "classes_"):
        return slope.reshape(outputs.shape)
    link = found.estimator._network.loss.link
    if link == "exp":
        slope *= np.exp(flat)
    targets = final._targets
    return (slope * targets.scale if targets.is_normalized else slope).astype(flat.dtype)


def _gradient(found: Behind, y: Any) -> NDArray[Any]:
    """By checked X, or by the vectors of its symbols: (n, ...), zero past a sequence's end."""
    n, first = found.X.shape[0], int(found.layers[0].takes_codes)
    above = answer_of(found, first)
    values = found.outputs(0) if first else None
    parts = []
    for part in gen_batches(n, above.batch_size):
        lengths = None if found.lengths is None else found.lengths[part]
        x = core_input(found.X[part]) if values is None else values[part]
        outputs = above.forward(x, lengths=lengths)
        of_part = y[part] if np.ndim(y) == 1 and len(y) == n else y
        parts.append(above.backward(slopes(found, outputs, of_part)))
    return np.concatenate(parts)


def _in_form_of(X: Any, lengths: Any, found: Behind, gradient: NDArray[Any]) -> Any:
    """The gradient in the form of X as the user has it."""
    of_symbols = bool(found.layers[0].takes_codes)
    if found.lengths is None:
        return gradient.reshape(np.shape(X))
    if isinstance(X, np.ndarray) and X.dtype != object:
        steps = int(found.lengths.max()) if lengths is None else X.shape[1]
        gradient = with_steps(gradient, steps)
        return gradient if of_symbols else gradient.reshape(X.shape)
    parts = [g[:length] for g, length in zip(gradient, found.lengths, strict=True)]
    return parts if of_symbols else [g.reshape(np.shape(x)) for g, x in zip(parts, X, strict=True)]
