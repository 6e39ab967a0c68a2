"""Rules of numpy.linalg, on stacks of matrices too.

M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008. Where eigenvalues or singular values are equal, their vectors are not
determined; terms between them are left out, so that what depends on the values alone stays right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdl.autodiff._rules.reductions import root
from fastdl.autodiff._rules.table import composed, custom, primitive
from fastdl.autodiff._trace import plain, spread


def _T(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


def _is_vector(a: Any, b: Any) -> bool:
    """Whether solve reads b as one vector."""
    return bool(np.ndim(b) == 1)


def _outer_of_solve(u: Any, x: Any, vector: bool) -> Any:
    if vector:
        return np.expand_dims(u, -1) * np.expand_dims(x, -2)
    return u @ _T(x)


def _solve_joint(dy: Any, _needs: Any, y: Any, a: Any, b: Any) -> Any:
    vector = _is_vector(a, b)
    column = np.expand_dims(dy, -1) if vector else dy
    db = np.linalg.solve(_T(a), column)
    db = np.squeeze(db, -1) if vector else db
    return -_outer_of_solve(db, y, vector), db


def _solve_jvp(tangents: Any, y: Any, a: Any, b: Any) -> Any:
    da, db = tangents
    if da is None and db is None:
        return None
    vector = _is_vector(a, b)
    right = 0.0 if db is None else db
    if da is not None:
        right = right - (np.squeeze(da @ np.expand_dims(y, -1), -1) if vector else da @ y)
    return np.linalg.solve(a, right)


custom(np.linalg.solve, joint=_solve_joint, joint_jvp=_solve_jvp)
custom(
    np.linalg.inv,
    (lambda dy, y, _a: -_T(y) @ dy @ _T(y),),
    (lambda da, y, _a: -y @ da @ y,),
)


def _scaled(d: Any, m: Any) -> Any:
    return np.reshape(d, (*np.shape(d), 1, 1)) * m


def _cofactors(y: Any, a: Any) -> Any:
    """The derivative of det: det(a) inv(a).T where there is an inverse, else by minors."""
    if np.all(plain(y) != 0):
        return _scaled(y, _T(np.linalg.inv(a)))
    n = a.shape[-1]
    rows = []
    for i in range(n):
        others = [k for k in range(n) if k != i]
        row = []
        for j in range(n):
            columns = [k for k in range(n) if k != j]
            minor = a[..., others, :][..., columns]
            row.append(
                (-1.0) ** (i + j) * (np.linalg.det(minor) if n > 1 else np.ones(a.shape[:-2]))
            )
        rows.append(np.stack(row, -1))
    return np.stack(rows, -2)


custom(
    np.linalg.det,
    (lambda dy, y, a: _scaled(dy, _cofactors(y, a)),),
    (lambda da, y, a: np.sum(da * _cofactors(y, a), axis=(-1, -2)),),
)


def _slogdet_joint(dy: Any, _needs: Any, _y: Any, a: Any) -> Any:
    return (_scaled(dy[1], _T(np.linalg.inv(a))),)


def _slogdet_jvp(tangents: Any, _y: Any, a: Any) -> Any:
    d = np.sum(tangents[0] * _T(np.linalg.inv(a)), axis=(-1, -2))
    return None if tangents[0] is None else (None, d)


custom(np.linalg.slogdet, joint=_slogdet_joint, joint_jvp=_slogdet_jvp)


def _half_lower(a: Any) -> Any:
    """The lower triangle with half of the diagonal."""
    n = a.shape[-1]
    return a * (np.tri(n, k=-1, dtype=a.dtype) + 0.5 * np.eye(n, dtype=a.dtype))


def _read(dx: Any, upper: bool = False) -> Any:
    """The symmetric matrix that NumPy reads from one triangle."""
    half = np.triu(dx, 1) if upper else np.tril(dx, -1)
    return half + _T(half) + _diagonal_part(dx)


def _read_transpose(ds: Any, upper: bool = False) -> Any:
    """Gradients by the triangle that is read, from those by the symmetric matrix."""
    both = ds + _T(ds)
    return (np.triu(both, 1) if upper else np.tril(both, -1)) + _diagonal_part(ds)


def _diagonal_part(x: Any) -> Any:
    return x * np.eye(x.shape[-1], dtype=x.dtype)


def _cholesky_vjp(dy: Any, y: Any, _a: Any, *, upper: bool = False) -> Any:
    low, d = (_T(y), _T(dy)) if upper else (y, dy)
    s = _half_lower(_T(low) @ d)
    s = np.linalg.solve(_T(low), _T(np.linalg.solve(_T(low), _T(s))))
    return _read_transpose(0.5 * (s + _T(s)), upper)


def _cholesky_jvp(da: Any, y: Any, _a: Any, *, upper: bool = False) -> Any:
    low = _T(y) if upper else y
    inner = np.linalg.solve(low, _T(np.linalg.solve(low, _read(da, upper))))
    d = low @ _half_lower(inner)
    return _T(d) if upper else d


custom(np.linalg.cholesky, (_cholesky_vjp,), (_cholesky_jvp,))


@composed(np.linalg.pinv)
def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """By the normal equations of full rank, which is where it has a derivative."""
    rows, columns = a.shape[-2:]
    asked = rtol if rcond is None else rcond
    rounding = max(rows, columns) * np.finfo(plain(a).dtype).eps
    threshold = rounding if asked is None else np.maximum(asked, rounding)
    if np.any(np.linalg.matrix_rank(plain(a), rtol=threshold) < min(rows, columns)):
        raise NotImplementedError("np.linalg.pinv has no derivative at a matrix without full rank.")
    if rows >= columns:
        return np.linalg.solve(_T(a) @ a, _T(a))
    return _T(np.linalg.solve(a @ _T(a), a))


@composed(np.linalg.lstsq)
def _lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    _, _, rank, s = np.linalg.lstsq(plain(a), plain(b), rcond)
    if rank < min(a.shape):
        raise NotImplementedError(
            "np.linalg.lstsq has no derivative at a matrix without full rank."
        )
    x = _pinv(a) @ b
    squares = np.sum((b - a @ x) ** 2, axis=0)
    many = a.shape[0] > a.shape[1]
    residuals = np.reshape(squares, (1,)) if np.ndim(squares) == 0 else squares
    return x, residuals if many else np.zeros(0), rank, s


# --- eigenvalues


def _gaps(w: Any) -> Any:
    """1 / (w_j - w_i), and 0 where they are equal."""
    d = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    size = np.max(np.abs(plain(w)), axis=-1, keepdims=True, initial=0)[..., None]
    equal = np.abs(plain(d)) <= 1e-14 * np.maximum(size, np.finfo(float).tiny)
    return np.where(equal, 0.0, 1 / np.where(equal, 1.0, d))


def _eigh_joint(dy: Any, _needs: Any, y: Any, _a: Any, UPLO: Any = "L") -> Any:
    (w, v), (dw, dv) = y, dy
    inner = 0.0 if dw is None else np.expand_dims(dw, -1) * np.eye(v.shape[-1], dtype=v.dtype)
    if dv is not None:
        inner = inner + _gaps(w) * (_T(v) @ dv)
    da = v @ inner @ _T(v)
    return (_read_transpose(0.5 * (da + _T(da)), UPLO.upper() == "U"),)


def _eigh_jvp(tangents: Any, y: Any, _a: Any, UPLO: Any = "L") -> Any:
    w, v = y
    inner = _T(v) @ _read(tangents[0], UPLO.upper() == "U") @ v
    return np.diagonal(inner, axis1=-2, axis2=-1), v @ (_gaps(w) * inner)


custom(np.linalg.eigh, joint=_eigh_joint, joint_jvp=_eigh_jvp)


@composed(np.linalg.eigvalsh)
def _eigvalsh(a: Any, UPLO: Any = "L") -> Any:
    return np.linalg.eigh(a, UPLO)[0]


def _svd_joint(dy: Any, _needs: Any, y: Any, a: Any) -> Any:
    (u, s, vt), (du, ds, dvt) = y, dy
    eye = np.eye(s.shape[-1], dtype=s.dtype)
    v = _T(vt)
    middle = 0.0 if ds is None else np.expand_dims(ds, -1) * eye
    gaps = _gaps(s * s)
    if du is not None:
        k = gaps * (_T(u) @ du)
        middle = middle + (k + _T(k)) * np.expand_dims(s, -2)
    if dvt is not None:
        k = gaps * (vt @ _T(dvt))
        middle = middle + np.expand_dims(s, -1) * (k + _T(k))
    da = u @ middle @ vt
    if du is not None and u.shape[-2] > u.shape[-1]:
        over = du / np.expand_dims(s, -2)
        da = da + (over - u @ (_T(u) @ over)) @ vt
    if dvt is not None and v.shape[-2] > v.shape[-1]:
        over = _T(dvt) / np.expand_dims(s, -2)
        da = da + u @ _T(over - v @ (vt @ over))
    return (da,)


def _svd_jvp(tangents: Any, y: Any, a: Any) -> Any:
    (da,), (u, s, vt) = tangents, y
    v = _T(vt)
    p = _T(u) @ da @ v
    row, column = np.expand_dims(s, -2), np.expand_dims(s, -1)
    gaps = _gaps(s * s)
    du = u @ (gaps * (p * row + column * _T(p)))
    dv = v @ (gaps * (column * p + _T(p) * row))
    if u.shape[-2] > u.shape[-1]:
        du = du + (da @ v - u @ (_T(u) @ da @ v)) / row
    if v.shape[-2] > v.shape[-1]:
        dv = dv + (_T(da) @ u - v @ (vt @ _T(da) @ u)) / row
    return du, np.diagonal(p, axis1=-2, axis2=-1), _T(dv)


@primitive
def thin_svd(a: Any) -> Any:
    """np.linalg.svd without the vectors of the null space, which are not determined."""
    return tuple(np.linalg.svd(a, full_matrices=False))


custom(thin_svd, joint=_svd_joint, joint_jvp=_svd_jvp, name="np.linalg.svd")


@composed(np.linalg.svd)
def _svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    u, s, vt = thin_svd(a)
    if not compute_uv:
        return s
    if full_matrices and a.shape[-1] != a.shape[-2]:
        raise NotImplementedError(
            "np.linalg.svd with full_matrices=True has no derivative where the matrix is not "
            "square; use full_matrices=False."
        )
    return type(np.linalg.svd(np.eye(1)))(u, s, vt)


if hasattr(np.linalg, "svdvals"):
    composed(np.linalg.svdvals)(lambda x, /: thin_svd(x)[1])


@composed(np.linalg.qr)
def _qr(a: Any, mode: str = "reduced") -> Any:
    """Q and R of a matrix with at least as many rows as columns, by the Cholesky factor of a'a."""
    rows, columns = a.shape[-2:]
    if mode not in ("reduced", "r") or rows < columns:
        raise NotImplementedError(
            "np.linalg.qr has a derivative rule for mode='reduced' or 'r' and at least as many "
            "rows as columns."
        )
    signs = np.sign(np.diagonal(np.linalg.qr(plain(a), mode="r"), axis1=-2, axis2=-1))
    r = np.expand_dims(signs, -1) * _T(np.linalg.cholesky(_T(a) @ a))
    if mode == "r":
        return r
    return type(np.linalg.qr(np.eye(1)))(_T(np.linalg.solve(_T(r), _T(a))), r)


# --- norms


@composed(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if axis is None:
        if ord is None:
            y = root(np.sum(x * x))
            return np.reshape(y, (1,) * x.ndim) if keepdims else y
        axis = tuple(range(x.ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    return _matrix_norm(x, ord, axes, keepdims)


def _vector_norm(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    if ord is None or ord == 2:
        return root(np.sum(x * x, axis=axis, keepdims=keepdims))
    if ord == 0:
        return np.sum(plain(x) != 0, axis=axis, keepdims=keepdims).astype(x.dtype)
    size = np.abs(x)
    if ord == np.inf:
        return np.max(size, axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    return np.sum(size**ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def _matrix_norm(x: Any, ord: Any, axes: Any, keepdims: bool) -> Any:
    m = np.moveaxis(x, axes, (-2, -1))
    if ord in (None, "fro"):
        y = root(np.sum(m * m, axis=(-2, -1)))
    elif ord in (1, -1):
        sums = np.sum(np.abs(m), axis=-2)
        y = np.max(sums, axis=-1) if ord == 1 else np.min(sums, axis=-1)
    elif ord in (np.inf, -np.inf):
        sums = np.sum(np.abs(m), axis=-1)
        y = np.max(sums, axis=-1) if ord == np.inf else np.min(sums, axis=-1)
    elif ord in (2, -2, "nuc"):
        s = thin_svd(m)[1]
        y = np.sum(s, axis=-1) if ord == "nuc" else s[..., 0] if ord == 2 else s[..., -1]
    else:
        raise ValueError(f"Invalid norm order {ord!r} for matrices.")
    return spread(y, x.shape, axes, False) if keepdims else y


if hasattr(np.linalg, "vector_norm"):

    @composed(np.linalg.vector_norm)
    def _norm_of_vectors(
        x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2
    ) -> Any:
        if axis is None:
            y = _vector_norm(np.reshape(x, -1), ord, 0, False)
            return np.reshape(y, (1,) * x.ndim) if keepdims else y
        return _vector_norm(x, ord, axis, keepdims)

    @composed(np.linalg.matrix_norm)
    def _norm_of_matrices(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
        return _matrix_norm(x, ord, (-2, -1), keepdims)


for _name, _of in (
    ("matmul", np.matmul),
    ("outer", np.outer),
    ("trace", None),
    ("cross", np.cross),
):
    _function = getattr(np.linalg, _name, None)
    if _function is not None and _of is not None and _function is not _of:
        composed(_function)(lambda x1, x2, /, *, _of=_of: _of(x1, x2))
if hasattr(np.linalg, "trace"):
    composed(np.linalg.trace)(lambda x, /, *, offset=0, dtype=None: np.trace(x, offset, -2, -1))
