"""Rules of maps that are linear in each of their arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastdl.autodiff._trace as _trace
import fastdl.functional as F
from fastdl.autodiff._functional.rules import ARRAYS, composed, empty, linear
from fastdl.autodiff._rules.indexing import scatter
from fastdl.autodiff._rules.table import primitive
from fastdl.autodiff._trace import RULES, any_traced, plain

for _f, _back in (
    (F.im2col, F.im2col_backward),
    (F.col2im, F.col2im_backward),
    (F.avg_pool2d, F.avg_pool2d_backward),
    (F.global_avg_pool2d, F.global_avg_pool2d_backward),
    (F.upsample2d, F.upsample2d_backward),
    (F.pixel_shuffle, F.pixel_shuffle_backward),
    (F.crop2d, F.crop2d_backward),
    (F.resize2d, F.resize2d_backward),
    (F.avg_pool1d, F.avg_pool1d_backward),
    (F.dropout, F.dropout_backward),
):
    linear(_f, _back)

# --- linear in x and in w, with a bias


def _affine(
    f: Any, back: Any, axes_of_bias: tuple[int, ...], real: Any = lambda dy, _w, **_: dy
) -> None:
    """f(x, w, b) and the two maps that its gradients are: they are each other's transposes.

    real: of dy, what stands at outputs that there are.
    """

    @primitive
    def to_x(dy: Any, w: Any, shape: tuple[int, ...], **o: Any) -> Any:
        return back(dy, np.empty(shape, w.dtype), w, needs=(True, False, False), **o)[0]

    @primitive
    def to_w(dy: Any, x: Any, shape: tuple[int, ...], **o: Any) -> Any:
        return back(dy, x, np.empty(shape, x.dtype), needs=(False, True, False), **o)[1]

    def rule(g: Any, *transposes: Any) -> None:
        RULES[g] = _trace.Multilinear(g, f"F.{back.__name__}", transposes, None, ())

    rule(
        to_x,
        lambda g, _like, _dy, w, _shape, **o: f(g, w, **o),
        lambda g, like, dy, _w, _shape, **o: to_w(dy, g, like.shape, **o),
    )
    rule(
        to_w,
        lambda g, _like, _dy, x, _shape, **o: f(x, g, **o),
        lambda g, like, dy, _x, _shape, **o: to_x(dy, g, like.shape, **o),
    )

    def joint(dy: Any, needs: Any, _y: Any, x: Any, w: Any, b: Any, **o: Any) -> Any:
        if not any_traced((dy, x, w)):
            return back(dy, x, w, b, needs=needs, **o)
        dx = to_x(dy, w, np.shape(x), **o) if needs[0] else None
        dw = to_w(dy, x, np.shape(w), **o) if needs[1] else None
        return dx, dw, np.sum(real(dy, w, **o), axis=axes_of_bias) if needs[2] else None

    def tangent(tangents: Any, y: Any, x: Any, w: Any, _b: Any, **o: Any) -> Any:
        dx, dw, db = tangents
        parts = [] if dx is None else [f(dx, w, **o)]
        parts += [] if dw is None else [f(x, dw, **o)]
        parts += [] if db is None else [real(np.broadcast_to(db, np.shape(y)), w, **o)]
        return sum(parts[1:], parts[0]) if parts else None

    RULES[f] = _trace.Custom(
        f, f"F.{f.__name__}", None, (), joint=joint, joint_jvp=tangent, keeps=0xFFFFFFFE
    )
    ARRAYS[f] = 3


_affine(F.dense, F.dense_backward, (0,))
_affine(F.conv2d, F.conv2d_backward, (0, 1, 2))
_affine(F.conv2d_transpose, F.conv2d_transpose_backward, (0, 1, 2))


def _within(
    dy: Any, w: Any, stride: int, padding: str, dilation: int, lengths: Any, **_: Any
) -> Any:
    """Gradients (n, out_T, f), zero past the ends of the sequences."""
    if lengths is None:
        return dy
    reach = dilation * (np.shape(w)[0] - 1) + 1 if padding == "valid" else 1
    left = (np.asarray(lengths) - reach) // stride + 1
    return dy * (np.arange(np.shape(dy)[1]) < left[:, None])[:, :, None]


_affine(F.conv1d, F.conv1d_backward, (0, 1), _within)


def _embedding_vjp(dy: Any, _y: Any, ids: Any, table: Any) -> Any:
    if any_traced((dy,)):
        return scatter(dy, (np.asarray(ids),), np.shape(table), table.dtype)
    return F.embedding_backward(dy, ids, np.empty(np.shape(table), table.dtype))


RULES[F.embedding] = _trace.Custom(
    F.embedding, "F.embedding", None, (),
    vjps=(None, _embedding_vjp),
    jvps=(None, lambda d, _y, ids, _table: F.embedding(ids, d)),
)  # fmt: skip
ARRAYS[F.embedding] = 2

# --- pad2d

# Linear but for the value around: tangents and gradients have zeros there.
linear(F.pad2d, F.pad2d_backward)


def _outside(dy: Any, x: Any, padding: Any = 1, mode: str = "constant") -> Any:
    """Of dy, what stands around the image; nothing where that is the image itself."""
    return dy * F.pad2d(np.zeros_like(plain(x)), padding, mode, 1.0)


_PAD2D = _trace.Custom(
    lambda x, value, **o: F.pad2d(x, value=value, **o),
    "F.pad2d", None, (),
    vjps=(
        lambda dy, _y, x, _value, **o: F.pad2d_backward(dy, empty(x), **o),
        lambda dy, _y, x, _value, **o: np.sum(_outside(dy, x, **o)),
    ),
    jvps=(
        lambda dx, _y, _x, _value, **o: F.pad2d(dx, **o),
        lambda dv, _y, x, _value, **o: _outside(dv, x, **o),
    ),
)  # fmt: skip


def _pad2d(x: Any, value: Any = 0.0, **o: Any) -> Any:
    return _PAD2D(x, value, **o)


RULES[F.pad2d_backward] = _trace.Linear(
    F.pad2d_backward,
    "F.pad2d_backward",
    lambda d, _like, _x, value=0.0, **o: F.pad2d(d, **o),
    None,
    (),
)
composed(F.pad2d, 1, _pad2d, "value")
