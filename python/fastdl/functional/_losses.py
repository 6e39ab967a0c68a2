"""Losses of raw outputs, each with its gradient; `fastdl.functional` says what all of them take."""

# mypy: allow-redefinition
from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import _core, losses
from fastdl._rules import choice
from fastdl._tracing import differentiable
from fastdl.functional._arrays import (
    beside,
    buffer,
    copied,
    deliver,
    expect,
    expect_same_shape,
    floats,
    overlap,
    total,
    zeros,
)
from fastdl.functional._device import expect_together, on_host, queue_of

Out: TypeAlias = NDArray[Any] | None
Result: TypeAlias = tuple[Any, NDArray[Any]]

_REDUCTION = choice("mean", "sum", "none")


@differentiable
def softmax_cross_entropy(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    label_smoothing: float = losses.SoftmaxCrossEntropy.label_smoothing,
    *,
    out: Out = None,
) -> Result:
    """log(sum_j exp(pred_j)) - sum_j t_j pred_j, with t = (1 - s) onehot(y) + s / K.

    y holds class codes; s is `label_smoothing`, K the number of outputs. Arguments and results are
    those of all losses, see `fastdl.functional`.
    """
    spec = losses.SoftmaxCrossEntropy(label_smoothing)
    return _loss(spec, pred, y, sample_weight, reduction, out)


@differentiable
def binary_cross_entropy(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    label_smoothing: float = losses.BinaryCrossEntropy.label_smoothing,
    *,
    out: Out = None,
) -> Result:
    """sum_j log(1 + exp(pred_j)) - t_j pred_j, t = (1 - s) y + s / 2; y is 0 or 1, or between.

    s is `label_smoothing`. Arguments and results are those of all losses, see `fastdl.functional`.
    """
    spec = losses.BinaryCrossEntropy(label_smoothing)
    return _loss(spec, pred, y, sample_weight, reduction, out)


@differentiable
def squared_error(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    *,
    out: Out = None,
) -> Result:
    """sum_j (pred_j - y_j)^2 / 2.

    Arguments and results are those of all losses, see `fastdl.functional`.
    """
    return _loss(losses.SquaredError(), pred, y, sample_weight, reduction, out)


@differentiable
def absolute_error(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    *,
    out: Out = None,
) -> Result:
    """sum_j |pred_j - y_j|.

    Arguments and results are those of all losses, see `fastdl.functional`.
    """
    return _loss(losses.AbsoluteError(), pred, y, sample_weight, reduction, out)


@differentiable
def huber(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    delta: float = losses.Huber.delta,
    *,
    out: Out = None,
) -> Result:
    """sum_j e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2); e = pred_j - y_j.

    Arguments and results are those of all losses, see `fastdl.functional`.
    """
    return _loss(losses.Huber(delta), pred, y, sample_weight, reduction, out)


@differentiable
def hinge(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    margin: float = losses.Hinge.margin,
    *,
    out: Out = None,
) -> Result:
    """max(0, margin + max_{j != y} pred_j - pred_y); y holds class codes.

    Arguments and results are those of all losses, see `fastdl.functional`.
    """
    return _loss(losses.Hinge(margin), pred, y, sample_weight, reduction, out)


@differentiable
def poisson(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    *,
    out: Out = None,
) -> Result:
    """sum_j exp(pred_j) - y_j pred_j; y holds counts.

    Arguments and results are those of all losses, see `fastdl.functional`.
    """
    return _loss(losses.Poisson(), pred, y, sample_weight, reduction, out)


@differentiable
def pinball(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    quantile: float = losses.Pinball.quantile,
    *,
    out: Out = None,
) -> Result:
    """sum_j max(q e, (q - 1) e) with e = y_j - pred_j and q the quantile.

    Arguments and results are those of all losses, see `fastdl.functional`.
    """
    return _loss(losses.Pinball(quantile), pred, y, sample_weight, reduction, out)


@differentiable
def focal(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    gamma: float = losses.Focal.gamma,
    *,
    out: Out = None,
) -> Result:
    """-(1 - p)^gamma log(p) with p = softmax(pred)_y; y holds class codes.

    Arguments and results are those of all losses, see `fastdl.functional`.
    """
    return _loss(losses.Focal(gamma), pred, y, sample_weight, reduction, out)


@differentiable
def binary_focal(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    gamma: float = losses.BinaryFocal.gamma,
    *,
    out: Out = None,
) -> Result:
    """sum_j -y_j (1 - p_j)^gamma log(p_j) - (1 - y_j) p_j^gamma log(1 - p_j); p = sigmoid(pred).

    y is 0 or 1, or between. Arguments and results are those of all losses, see `fastdl.functional`.
    """
    return _loss(losses.BinaryFocal(gamma), pred, y, sample_weight, reduction, out)


@differentiable
def objects_as_points(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    size_weight: float = losses.ObjectsAsPoints.size_weight,
    *,
    out: Out = None,
) -> Result:
    """Of cells: sum of |pred_j - y_j| over the first four, and of the focal loss of heat maps.

    Outputs 0 and 1 are the offset of a centre, 2 and 3 the logarithms of width and height, whose
    errors count `size_weight` times; where y is NaN, there is no centre. All others are heat maps:
    with s = sigmoid(pred), -(1 - s)^2 log(s) where y = 1, elsewhere -(1 - y)^4 s^2 log(1 - s); y is
    from 0 to 1. Arguments and results are those of all losses, see `fastdl.functional`, and
    `fastdl.losses.ObjectsAsPoints` for images.
    """
    return _loss(losses.ObjectsAsPoints(size_weight), pred, y, sample_weight, reduction, out)


@differentiable
def triplet(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    margin: float = losses.Triplet.margin,
    *,
    out: Out = None,
) -> Result:
    """mean_p max(0, margin + ||pred_a - pred_p||^2 - ||pred_a - pred_n||^2) of each row a.

    p are the rows with the code of a in y, n the nearest of another code beyond p, or else the
    furthest. Arguments and results are those of all losses, see `fastdl.functional`, but for y:
    codes are any integers. Rows without weight take no part.
    """
    return _loss(losses.Triplet(margin), pred, y, sample_weight, reduction, out)


@differentiable
def contrastive(
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    reduction: str = "mean",
    margin: float = losses.Contrastive.margin,
    *,
    out: Out = None,
) -> Result:
    """mean_p d^2 / 2 + mean_n max(0, margin - d)^2 / 2 of each row a, d = ||pred_a - pred_p||.

    p are the rows with the code of a in y, n those of other codes. Arguments and results are those
    of all losses, see `fastdl.functional`, but for y: codes are any integers. Rows without weight
    take no part.
    """
    return _loss(losses.Contrastive(margin), pred, y, sample_weight, reduction, out)


def _loss(
    spec: losses.Loss,
    pred: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    reduction: str,
    out: Out,
) -> Result:
    who = spec.kind
    spec.check()
    expect(who, "reduction", reduction, _REDUCTION)
    arrays = {"pred": pred, "sample_weight": sample_weight} | ({} if spec.codes else {"y": y})
    if spec.codes:
        expect_together(who, {"pred": pred, "y": y})
    pred, weight, *targets = floats(who, **arrays)
    rows = _rows(who, pred, spec.codes)
    n = len(rows)
    if spec.codes:
        targets = _codes(who, y, len(rows), None if spec.pairs else rows.shape[1])
        targets = beside(pred, targets)
    else:
        expect_same_shape(who, "y", targets[0], "pred", pred)
        targets = targets[0].reshape(rows.shape)
    if weight is not None and weight.shape != (n,):
        raise ValueError(f"{who}(): sample_weight has shape {weight.shape}; expected {(n,)}.")
    norm = 1.0
    if reduction == "mean":
        norm = float(n if weight is None else total(weight))
        if norm == 0:
            raise ValueError(f"{who}(): sample_weight adds up to 0, there is no mean.")
    values = zeros((n,), pred, np.float64)
    dpred = buffer(who, out, pred.shape, pred)
    if out is not None and overlap(pred, dpred):
        rows = copied(rows)
    to, queue = dpred.reshape(rows.shape), queue_of(pred)
    _core.loss(who, rows, targets, weight, norm, spec.param, values, to, queue)
    loss = values if reduction == "none" else total(values) / norm
    return loss, deliver(dpred, out)


def _rows(who: str, pred: NDArray[Any], codes: bool) -> NDArray[Any]:
    """Pred as (n, outputs)."""
    if not (pred.ndim == 2 or (pred.ndim == 1 and not codes)):
        shape = "(n, outputs)" if codes else "(n, outputs) or (n,)"
        raise ValueError(f"{who}(): pred has shape {pred.shape}; expected {shape}.")
    if pred.size == 0:
        raise ValueError(f"{who}(): pred has shape {pred.shape}; expected at least one sample.")
    return pred.reshape(len(pred), -1)


def _codes(who: str, y: ArrayLike, n: int, outputs: int | None) -> NDArray[np.int32]:
    codes = np.asarray(on_host(who, "y", y))
    if codes.dtype.kind not in "bui":
        raise TypeError(
            f"{who}(): y has dtype {codes.dtype}; expected class codes, integers from 0."
        )
    if codes.shape != (n,):
        raise ValueError(f"{who}(): y has shape {codes.shape}; expected {(n,)}, one code a sample.")
    if outputs is None:  # of samples that are alike
        return np.unique(codes, return_inverse=True)[1].astype(np.int32)
    outside = (codes < 0) | (codes >= outputs)
    if outside.any():
        raise ValueError(
            f"{who}(): y has the code {codes[outside][0]}, but pred has the outputs 0 to "
            f"{outputs - 1}."
        )
    return np.ascontiguousarray(codes, dtype=np.int32)
