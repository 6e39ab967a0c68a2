"""Messages: who, what was seen, what is expected, the way out. One row each."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.linalg
import scipy.special

from fastdl import autodiff as ad
from fastdl.autodiff import grad, jvp, vjp

x = np.array([1.0, 2.0, 3.0])


@dataclass
class Named:
    w: np.ndarray
    name: str


class Holder:
    def __array__(self, dtype=None, copy=None):
        return np.ones(3)


def written(x):
    a = np.zeros(3)
    a[0] = x[0]
    return np.sum(a)


def added(x):
    a = np.zeros(3)
    a += x
    return np.sum(a)


def at(x):
    a = np.zeros(3)
    np.add.at(a, [0], x[0])
    return np.sum(a)


def copied(x):
    a = np.zeros(3)
    np.copyto(a, x)
    return np.sum(a)


def kept(x):
    KEPT.append(x)
    return np.sum(x)


KEPT = []


def after(_):
    grad(kept)(x)
    return KEPT[-1] * 2


of_sum = np.sum
LOST = "its derivative would be lost"
ROWS = [
    # complex numbers, where they arise: by each kind of rule, in both modes
    (
        lambda: grad(lambda v: np.sum(np.sign(v * 1j).imag))(x),
        TypeError,
        "np.multiply: complex numbers. fastdl.autodiff takes derivatives of real ones only: keep",
    ),
    (lambda: jvp(lambda v: v * 1j, (x,), (x,)), TypeError, "np.multiply: complex numbers"),
    (lambda: vjp(lambda v: np.exp(1j * v), x), TypeError, "np.multiply: complex numbers"),
    (lambda: grad(lambda v: abs(v[0] + 1j))(x), TypeError, "np.add: complex numbers"),
    (lambda: grad(lambda v: abs((-v[0]) ** (0.5j)))(x), TypeError, "np.power: complex numbers"),
    (lambda: grad(lambda v: np.sum(v @ np.eye(3) * 1j))(x), TypeError, "complex numbers"),
    (lambda: grad(lambda v: abs(np.dot(v, 1j * x)))(x), TypeError, "np.matmul: complex numbers"),
    (
        lambda: grad(lambda v: abs(np.einsum("i,i", v, 1j * x)))(x),
        TypeError,
        "np.einsum: complex numbers",
    ),
    (
        lambda: grad(lambda v: np.sum(np.abs(np.concatenate([v, 1j * x]))))(x),
        TypeError,
        "np.concatenate: complex numbers",
    ),
    (
        lambda: grad(lambda v: np.sum(np.where(x > 1, v, 1j).real))(x),
        TypeError,
        "np.where: complex numbers",
    ),
    (
        lambda: grad(lambda v: np.sum(v, dtype=complex).real)(x),
        TypeError,
        "np.sum: complex numbers",
    ),
    (
        lambda: grad(lambda v: np.sum(np.linalg.solve(np.eye(3) * 1j, v).imag))(x),
        TypeError,
        "np.linalg.solve: complex numbers",
    ),
    (
        lambda: grad(lambda v: ad.rule(lambda u: u * 1j, vjp=lambda dy, y, u: dy)(v))(2.0),
        TypeError,
        "<lambda>: complex numbers",
    ),
    (lambda: grad(lambda v: np.sum(v.astype(complex)))(x), NotImplementedError, "complex128"),
    # and complex constants, which a function returns
    (lambda: grad(lambda v: 1j)(x), TypeError, "grad: complex numbers"),
    (lambda: vjp(lambda v: x * 1j, x), TypeError, "vjp: complex numbers"),
    (lambda: jvp(lambda v: x * 1j, (x,), (x,)), TypeError, "jvp: complex numbers"),
    (lambda: grad(np.sum, argnums=(0, 0))(x), ValueError, r"argnums=\(0, 0\) names an argument tw"),
    (lambda: grad(np.sum)(np.ma.array(x)), TypeError, "is a MaskedArray, which NumPy's functions"),
    (lambda: grad(np.sum)(x.view(np.matrix)), TypeError, "an argument is a matrix"),
    (
        lambda: grad(lambda v: np.allclose(v, v))(x),
        TypeError,
        "grad: the function returned the bool True, which has no derivative",
    ),
    # out= writes into a plain array, by whichever kind of rule
    *(
        (lambda f=f: grad(lambda v: np.sum(f(v)))(x), NotImplementedError, "keyword out= has no")
        for f in (
            lambda v: np.sum(v, axis=0, out=np.empty(())),
            lambda v: np.mean(v, out=np.empty(())),
            lambda v: np.max(v, out=np.empty(())),
            lambda v: np.cumsum(v, out=np.empty(3)),
            lambda v: np.nanmedian(v, out=np.empty(())),
        )
    ),
    # functions and keywords without a rule
    (
        lambda: grad(lambda v: np.sum(np.roots(v)))(x),
        NotImplementedError,
        "numpy.roots has no derivative rule",
    ),
    (
        lambda: grad(lambda v: np.sum(np.fft.fft(v)))(x),
        NotImplementedError,
        "fft has no derivative rule",
    ),
    (
        lambda: grad(lambda v: np.max(v, initial=0.0))(x),
        NotImplementedError,
        "np.max: the keyword initial= has no",
    ),
    (
        lambda: grad(lambda v: np.sum(np.exp(v, where=v > 1)))(x),
        NotImplementedError,
        "np.exp: the keyword where=",
    ),
    (
        lambda: grad(lambda v: np.sum(np.pad(v, 1, mode="mean")))(x),
        NotImplementedError,
        "mode='mean'",
    ),
    (
        lambda: grad(lambda v: np.quantile(v, 0.5, method="lower"))(x),
        NotImplementedError,
        "method='lower'",
    ),
    (
        lambda: grad(lambda v: np.sum(np.bitwise_and.outer(v, 1)))(x),
        NotImplementedError,
        "has no derivative rule",
    ),
    # numbers that Python takes out
    (lambda: grad(lambda v: float(v[0]))(x), TypeError, r"float\(x\) of a traced array: " + LOST),
    (lambda: grad(lambda v: int(v[0]))(x), TypeError, r"int\(x\) of a traced array"),
    (lambda: grad(lambda v: math.exp(v[0]))(x), TypeError, r"float\(x\) of a traced array"),
    (lambda: grad(lambda v: v[0].item())(x), TypeError, r"x.item\(\) of a traced array"),
    (lambda: grad(lambda v: sum(v.tolist()))(x), TypeError, r"x.tolist\(\) of a traced array"),
    (lambda: grad(lambda v: np.float64(v[0]))(x), TypeError, "of a traced array: " + LOST),
    # arrays that NumPy would make
    (lambda: grad(lambda v: np.sum(np.array([v[0], v[1]])))(x), TypeError, r"np.stack\(\[x\[0\]"),
    (lambda: grad(lambda v: np.sum(np.asarray(v)))(x), TypeError, "conversion to a plain array"),
    (lambda: grad(lambda v: np.sum(np.full(3, v[0])))(x), TypeError, "conversion to a plain array"),
    (
        lambda: grad(lambda v: np.sum(np.ones(3).dot(v)))(x),
        TypeError,
        "conversion to a plain array",
    ),
    (lambda: grad(lambda v: np.sum(np.arange(9)[v]))(x), TypeError, "of a traced array"),
    (lambda: grad(lambda v: np.sum(v[v]))(x), TypeError, "an index"),
    (lambda: grad(lambda v: np.sum(np.random.default_rng(0).normal(v)))(x), TypeError, LOST),
    # writing
    (lambda: grad(written)(x), TypeError, r"conversion to a plain array|float\(x\)"),
    (lambda: grad(added)(x), TypeError, "out=: writing into a plain array"),
    (lambda: grad(at)(x), TypeError, "np.add.at: writing into a plain array"),
    (lambda: grad(lambda v: np.add.at(v * 1, [v], 1.0))(x), TypeError, "an index .np.add.at"),
    (
        lambda: grad(lambda v: np.multiply.at(v * 1, [0], 2.0))(x),
        NotImplementedError,
        "numpy.multiply.at has no derivative rule",
    ),
    (lambda: grad(copied)(x), TypeError, "np.copyto.*: writing a traced array into a plain one"),
    (lambda: grad(lambda v: np.sum(np.exp(v, out=np.zeros(3))))(x), TypeError, "out=: writing"),
    (lambda: grad(lambda v: np.put(np.zeros(3), [0], v[0]))(x), TypeError, "np.put: writing"),
    # what is differentiated
    (
        lambda: grad(np.sin)(x),
        TypeError,
        r"grad: the function returned an array of shape \(3,\).*jacobian or vjp",
    ),
    (lambda: grad(lambda v: None)(x), TypeError, "the function returned None; expected one number"),
    (lambda: grad(lambda v: "text")(x), TypeError, "the function returned a str"),
    (lambda: grad(lambda v: (v[0], v[1]))(x), TypeError, "the function returned a tuple"),
    (
        lambda: grad(of_sum)(np.arange(3)),
        TypeError,
        r"grad: an argument is an array of int64.*astype\(float\)",
    ),
    (lambda: grad(lambda v: v * 2.0)(3), TypeError, "an argument is int 3"),
    (lambda: grad(lambda v: v * 2.0)(True), TypeError, "an argument is bool True"),
    (lambda: grad(of_sum)(np.ones(2, complex)), TypeError, "an array of complex128"),
    (lambda: grad(of_sum)(np.array(["a"], object)), TypeError, "an array of object"),
    (lambda: grad(of_sum)("ab"), TypeError, "an argument is a str"),
    (lambda: grad(lambda p: np.sum(p.w))(Named(x, "net")), TypeError, "an argument is a str"),
    (
        lambda: grad(of_sum, 1)(x),
        ValueError,
        "grad: argnums=1, but the function was called with 1 positional argument",
    ),
    (lambda: grad(of_sum, (0, 4))(x, x), ValueError, r"argnums=\(0, 4\)"),
    (lambda: grad(of_sum, "w")(x), TypeError, "argnums='w'; expected an int"),
    (lambda: grad(3), TypeError, "grad: expected a function, got a int"),
    (
        lambda: ad.value_and_grad(of_sum, has_aux=True)(x),
        TypeError,
        r"has to return \(value, aux\)",
    ),
    (lambda: ad.jacobian(np.sin, mode="both"), ValueError, "mode='both'"),
    (
        lambda: ad.jacobian(lambda p: p["a"])({"a": x}),
        TypeError,
        "join them by fastdl.autodiff.flatten",
    ),
    (lambda: ad.jacobian(lambda v: (v, v))(x), TypeError, "returned containers"),
    (lambda: ad.hessian_vector_product(of_sum)(x), TypeError, "then the vector"),
    (lambda: ad.rule(np.sin), TypeError, "give vjp, jvp, or both"),
    # functions that are not NumPy's are named, and by where they are
    (
        lambda: grad(lambda v: np.sum(scipy.linalg.expm(v * np.eye(3))))(x),
        TypeError,
        r"of a traced array in scipy.linalg.*expm: its derivative would be lost.*autodiff.rule",
    ),
    (
        lambda: grad(lambda v: scipy.special.logsumexp(v))(x),
        TypeError,
        "in scipy.special.logsumexp: its derivative",
    ),
    (lambda: grad(lambda v: np.mean([v[0], v[1]]))(x), TypeError, "traced array in np.mean: its"),
    (lambda: grad(lambda v: np.vectorize(abs)(v))(x), TypeError, "in np.vectorize: its derivative"),
    (
        lambda: grad(lambda v: np.sum(scipy.special.betaln(v, 2.0)))(x),
        NotImplementedError,
        "scipy.special.betaln has no derivative rule",
    ),
    # arrays of other kinds
    (
        lambda: grad(lambda v: np.sum(v * np.ma.array(x, mask=[0, 1, 0])))(x),
        TypeError,
        r"an operand is a MaskedArray.*np.asarray\(a\), or a.filled\(0\)",
    ),
    (
        lambda: grad(lambda v: np.sum(np.where(x > 1, v, np.ma.array(x))))(x),
        TypeError,
        "an operand is a MaskedArray",
    ),
    (
        lambda: grad(lambda v: np.sum(v @ np.eye(3).view(np.matrix)))(x),
        TypeError,
        "an operand is a matrix",
    ),
    (
        lambda: grad(of_sum)(Holder()),
        TypeError,
        r"an argument is a Holder; .* Pass a plain array: np.asarray\(x\)",
    ),
    (lambda: ad.hessian(of_sum)({"a": x}), TypeError, "hessian: the argument holds several arrays"),
    # what a rule of one's own is for
    (
        lambda: grad(lambda v: np.sum(ad.rule(lambda u: u > 0, vjp=lambda dy, y, u: dy)(v)))(x),
        TypeError,
        r"<lambda>: the function with a rule returned an array of bool; .* y.astype\(float\)",
    ),
    (
        lambda: grad(ad.rule(lambda u: 1, vjp=lambda dy, y, u: dy))(2.0),
        TypeError,
        "returned a int",
    ),
    (
        lambda: grad(ad.rule(lambda u: None, vjp=lambda dy, y, u: dy))(2.0),
        TypeError,
        "returned a NoneType",
    ),
    (
        lambda: grad(ad.rule(lambda u: [u], vjp=lambda dy, y, u: dy))(2.0),
        TypeError,
        "returned a list",
    ),
    # directions and gradients
    (
        lambda: jvp(np.sin, (x,), (np.ones(2),)),
        ValueError,
        r"the tangent has shape \(2,\), but the argument has",
    ),
    (lambda: jvp(np.sin, (x,), ({"a": x},)), ValueError, "the tangent has other containers"),
    (
        lambda: vjp(np.sin, x)[1](np.ones(2)),
        ValueError,
        r"pullback: dy has shape \(2,\), but the value has",
    ),
    (lambda: vjp(lambda v: (v, v), x)[1](x), ValueError, "dy has other containers than the value"),
    # traced arrays that got away
    (lambda: after(x), RuntimeError, "used after its transformation ended"),
    (
        lambda: grad(lambda v: np.sum(v.view()))(x),
        AttributeError,
        r"has no 'view'.*value_of\(x\).view",
    ),
    # linear algebra
    (
        lambda: grad(lambda a: np.sum(np.linalg.svd(a)[0]))(np.ones((2, 3))),
        NotImplementedError,
        "full_matrices=False",
    ),
    (
        lambda: grad(lambda a: np.sum(np.linalg.qr(a)[0]))(np.ones((2, 3))),
        NotImplementedError,
        "np.linalg.qr",
    ),
    (
        lambda: grad(lambda a: np.sum(np.linalg.pinv(a)))(np.ones((3, 2))),
        NotImplementedError,
        "full rank",
    ),
    (
        lambda: grad(lambda a: np.sum(np.linalg.pinv(a, rcond=0.2)))(np.diag([3.0, 1, 0.1])),
        NotImplementedError,
        "full rank",
    ),
    (
        lambda: grad(lambda a: np.sum(np.linalg.pinv(a, rtol=0.2)))(np.diag([3.0, 1, 0.1])),
        NotImplementedError,
        "full rank",
    ),
    (
        lambda: grad(lambda a: np.sum(np.linalg.lstsq(a, np.ones(3), 0.2)[0]))(
            np.diag([3, 1, 0.1])
        ),
        NotImplementedError,
        "np.linalg.lstsq has no derivative at a matrix without full rank",
    ),
    (
        lambda: grad(lambda a: np.sum(np.cross(a, a)))(np.ones((3, 2))),
        NotImplementedError,
        "vectors of 3 numbers",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=[str(i) for i in range(len(ROWS))])
def test_message(row):
    call, error, text = row
    with pytest.raises(error, match=text):
        call()


def test_an_error_leaves_nothing_behind():
    """The next transformation is as good as the first."""
    for _ in range(3):
        with pytest.raises(TypeError):
            grad(lambda v: float(v[0]))(x)
        assert grad(lambda v: np.sum(v * v))(x).tolist() == [2, 4, 6]


def test_checkpoint_with_a_traced_array_from_outside():
    def loss(w):
        return np.sum(ad.checkpoint(lambda h: h * w)(w * 2))

    with pytest.raises(RuntimeError, match="traced array that is not among its arguments"):
        grad(loss)(x)
