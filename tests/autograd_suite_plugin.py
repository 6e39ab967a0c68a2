"""A pytest plugin: autograd's own tests, run against `fastdl.autodiff`.

It puts an adaptor in the place of the package before the test modules import it: `autograd.numpy`
is NumPy, and autograd's names stand for those of `fastdl.autodiff`. The tests are in autograd's
sdist::

    pip download autograd==1.9.1 --no-binary :all: --no-deps && tar xzf autograd-1.9.1.tar.gz
    PYTHONPATH=tests python -m pytest -c /dev/null -p autograd_suite_plugin autograd-1.9.1/tests

Checks of complex arguments and results are passed over: `fastdl.autodiff` takes real ones; a test
that has no other is skipped. What the adaptor does not have (tests of autograd's insides) fails.
docs/derivatives.md says what is left.
"""

from __future__ import annotations

import builtins
import sys
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats

import fastdl.autodiff as ad
from fastdl.autodiff._trace import any_traced, is_traced
from fastdl.autodiff._tree import leaves, rebuild

checks = {"real": 0, "complex": 0}  # of the test that runs


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: Any) -> Any:
    """A test that has checked nothing but complex numbers is not passed."""
    checks.update(real=0, complex=0)
    found = yield
    if checks["complex"] and not checks["real"]:
        pytest.skip("complex numbers")
    return found


def _floats(x: Any) -> Any:
    """Integers as floats, which autograd takes for them."""

    def leaf(a: Any) -> Any:
        if isinstance(a, int) and not isinstance(a, bool):
            return float(a)
        is_integer = isinstance(a, (np.ndarray, np.generic)) and a.dtype.kind in "iu"
        return np.asarray(a, float)[()] if is_integer else a

    return rebuild(x, leaf)


def _is_complex(x: Any) -> bool:
    return any(not is_traced(a) and np.iscomplexobj(a) for a in leaves(x))


def _of_some(f: Any, argnum: Any, args: Any, kwargs: Any) -> tuple[Any, list[Any]]:
    """f as a function of the chosen arguments, and those."""
    places = [argnum] if isinstance(argnum, int) else list(argnum)

    def of_some(*some: Any) -> Any:
        given = list(args)
        for place, value in zip(places, some, strict=True):
            given[place] = value
        return f(*given, **kwargs)

    return of_some, [_floats(args[place]) for place in places]


def _operator(make: Any) -> Any:
    """make(f, x) as autograd's operators are called: operator(f, argnum)(*args, **kwargs)."""

    def operator(f: Any, argnum: Any = 0, *options: Any, **named: Any) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            of_some, chosen = _of_some(f, argnum, args, kwargs)
            if isinstance(argnum, int):
                return make(of_some, chosen[0], *options, **named)
            return make(lambda xs: of_some(*xs), tuple(chosen), *options, **named)

        return called

    return operator


def _value_and_grad(f: Any, x: Any) -> Any:
    y, pullback = ad.vjp(f, x)
    if np.size(y) != 1:
        raise TypeError("one number is differentiated")
    return y, pullback(np.ones_like(y))[0]


def _make_vjp(f: Any, x: Any) -> Any:
    y, pullback = ad.vjp(f, x)
    return (lambda dy: pullback(dy)[0]), y


def _make_jvp(f: Any, x: Any) -> Any:
    return lambda v: ad.jvp(f, (x,), (_floats(v),))


def _ones(x: Any) -> Any:
    return rebuild(x, lambda a: np.ones(np.shape(a))[()])


def _elementwise(f: Any, x: Any) -> Any:
    y, pullback = ad.vjp(f, x)
    return pullback(_ones(y))[0]


def _grad_and_aux(f: Any, x: Any) -> Any:
    gradient, aux = ad.grad(f, has_aux=True)(x)
    return gradient, aux


def _tensor_product(f: Any, argnum: int = 0) -> Any:
    def called(*args: Any) -> Any:
        *args, v = args  # type: ignore[assignment]
        return _operator(lambda g, x: ad.hessian_vector_product(g)(x, v))(f, argnum)(*args)

    return called


def _tensor_jacobian(f: Any, argnum: int = 0) -> Any:
    def called(*args: Any) -> Any:
        *args, v = args  # type: ignore[assignment]
        dot = lambda g: lambda x: np.tensordot(v, g(x), axes=np.ndim(v))  # noqa: E731
        return _operator(lambda g, x: ad.jacobian(dot(g))(x))(f, argnum)(*args)

    return called


def _gauss_newton(f: Any, g: Any = lambda x: np.sum(x**2, axis=-1) / 2, f_argnum: int = 0) -> Any:
    def make(f: Any, x: Any) -> Any:
        def product(v: Any) -> Any:
            y, dy = ad.jvp(f, (x,), (v,))
            return ad.vjp(f, x)[1](ad.hessian_vector_product(g)(y, dy))[0]

        return product

    return _operator(make)(f, f_argnum)


def _check_grads(f: Any, argnum: Any = 0, modes: Any = ("fwd", "rev"), order: int = 2) -> Any:
    def check(*args: Any, **kwargs: Any) -> None:
        checks["complex"] += 1
        if _is_complex(list(args)):
            return
        of_some, chosen = _of_some(f, argnum, args, kwargs)
        if _is_complex(of_some(*chosen)):
            return
        checks["complex"] -= 1
        checks["real"] += 1
        named = tuple({"fwd": "forward", "rev": "reverse"}[mode] for mode in modes)
        try:  # a small step: the tests have nearly equal elements
            ad.check_gradients(
                of_some, chosen, modes=named, order=order, max_elements=6, step=6e-7, rtol=3e-5
            )
        except AssertionError as error:
            vjp_of = "vjp_" if "second" in str(error) else ""
            name = getattr(f, "__name__", "f")
            raise AssertionError(f"(VJP) check of {vjp_of}{name} failed: {error}") from None

    return check


def _check_equivalent(a: Any, b: Any) -> None:
    assert [np.shape(x) for x in leaves(a)] == [np.shape(x) for x in leaves(b)]
    for x, y in zip(leaves(a), leaves(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-6)


def _combo_check(f: Any, *options: Any, **named: Any) -> Any:
    def check(*args: Any, **kwargs: Any) -> None:
        names = list(kwargs)
        for chosen in product(*args):
            for values in product(*kwargs.values()):
                given = dict(zip(names, values, strict=True))
                _check_grads(f, *options, **named)(*chosen, **given)

    return check


def _array(x: Any, *args: Any, **kwargs: Any) -> Any:
    """np.array of lists that hold traced numbers is spelt np.stack here."""
    if isinstance(x, (list, tuple)) and any_traced(tuple(x)):
        return np.stack([_array(part) for part in x])
    return x if is_traced(x) else np.array(x, *args, **kwargs)


def _primitive(f: Any) -> Any:
    """A function whose rule comes later, by defvjp."""

    def called(*args: Any, **kwargs: Any) -> Any:
        return called.rule(*args, **kwargs)  # type: ignore[attr-defined]

    def no_rule(dy: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{f} has no rule")

    called.plain = f  # type: ignore[attr-defined]
    called.rule = ad.rule(f, vjp=no_rule)  # type: ignore[attr-defined]
    called.__name__ = getattr(f, "__name__", "f")
    return called


def _defvjp(f: Any, *makers: Any, argnums: Any = None) -> None:
    places = range(len(makers)) if argnums is None else argnums

    def vjp(dy: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        found: list[Any] = [None] * len(args)
        for place, make in zip(places, makers, strict=False):
            if make is not None:
                found[place] = make(y, *args, **kwargs)(dy)
        return tuple(found)

    f.rule = ad.rule(f.plain, vjp=vjp)


def _module(name: str, names: Any = (), **own: Any) -> ModuleType:
    """A module of this name with the names of another, and its own."""
    made = ModuleType(name)
    made.__path__ = []
    vars(made).update({k: v for k, v in vars(names).items() if k[:2] != "__"} if names else {})
    vars(made).update(own)
    sys.modules[name] = made
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, made)
    return made


def _install() -> None:
    _module(
        "autograd",
        primitive=_primitive,
        grad=_operator(lambda f, x: _value_and_grad(f, x)[1]),
        value_and_grad=_operator(_value_and_grad),
        deriv=_operator(lambda f, x: _make_jvp(f, x)(_ones(x))[1]),
        elementwise_grad=_operator(_elementwise),
        jacobian=_operator(lambda f, x: ad.jacobian(f)(x)),
        hessian=_operator(lambda f, x: ad.hessian(f)(x)),
        make_vjp=_operator(_make_vjp),
        make_jvp=_operator(_make_jvp),
        make_hvp=_operator(lambda f, x: (lambda v: ad.hessian_vector_product(f)(x, v), None)),
        grad_and_aux=_operator(_grad_and_aux),
        hessian_tensor_product=_tensor_product,
        hessian_vector_product=_tensor_product,
        tensor_jacobian_product=_tensor_jacobian,
        vector_jacobian_product=_tensor_jacobian,
        make_ggnvp=_gauss_newton,
        checkpoint=ad.checkpoint,
        holomorphic_grad=None,
        **{name: getattr(builtins, name) for name in ("tuple", "list", "dict", "isinstance")},
    )
    _module("autograd.builtins", builtins)
    _module("autograd.numpy", np, array=_array, __version__=np.__version__)
    for part in ("random", "linalg", "fft"):
        _module(f"autograd.numpy.{part}", getattr(np, part))
    _module("autograd.scipy", scipy)
    for part in ("linalg", "signal", "special", "integrate", "stats"):
        _module(f"autograd.scipy.{part}", getattr(scipy, part))
    _module("autograd.scipy.stats.multivariate_normal")
    _module(
        "autograd.test_util",
        check_grads=_check_grads,
        combo_check=_combo_check,
        check_equivalent=_check_equivalent,
        scalar_close=lambda a, b: abs(a - b) < 1e-6 * max(1.0, abs(a + b)),
    )
    _module("autograd.extend", primitive=_primitive, defvjp=_defvjp)
    _module("autograd.tracer", primitive=_primitive, isbox=is_traced)
    _module(
        "autograd.core", primitive=_primitive, make_vjp=_make_vjp, primitive_vjps={}, vspace=None
    )
    _module("autograd.wrap_util", unary_to_nary=_operator)
    _module("autograd.misc", flatten=ad.flatten, const_graph=None)


_install()
