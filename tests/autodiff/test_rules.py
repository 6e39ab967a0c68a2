"""Every rule, by the table of cases: values, both modes, both orders, types and layouts."""

import numpy as np
import pytest
from rule_cases import CASES, arguments, name_of

from each import Each
from fastdl.autodiff import check_gradients, grad, jvp, rules, vjp
from fastdl.autodiff._trace import RULES, Composed
from fastdl.autodiff._tree import leaves

CHECKS = []


def of_every_case(check):
    CHECKS.append(check)
    return check


@pytest.fixture
def check():
    return Each(CHECKS)


@pytest.mark.share(6)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_rule(case, check):
    """Each of the checks below."""
    check(case)


def outputs(y):
    return [np.asarray(part) for part in leaves(y)]


@of_every_case
def check_value_and_derivatives(case):
    _, f, *_ = case
    args = arguments(case)
    y, _ = vjp(f, *args)
    for found, expected in zip(outputs(y), outputs(f(*args)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    check_gradients(f, args)


@of_every_case
def check_modes_are_each_others_transpose(case):
    _, f, *_ = case
    args = arguments(case)
    rng = np.random.default_rng(1)
    tangents = [rng.normal(size=np.shape(a)) if np.shape(a) else float(rng.normal()) for a in args]
    y, dy = jvp(f, args, tangents)
    _, pullback = vjp(f, *args)
    weights = [rng.normal(size=np.shape(part)) for part in leaves(y)]
    form = (
        weights[0] if len(weights) == 1 and not isinstance(y, (tuple, list)) else type(y)(weights)
    )
    back = pullback(form)
    forward = sum(np.sum(w * d) for w, d in zip(weights, leaves(dy), strict=True))
    reverse = sum(np.sum(t * g) for t, g in zip(tangents, back, strict=True))
    assert forward == pytest.approx(reverse, rel=1e-10, abs=1e-10)


def _number(case, args):
    """The case as a function of one vector, smooth in its value."""
    _, f, *_ = case
    sizes = [int(np.prod(np.shape(a))) for a in args]
    ends = np.cumsum(sizes)

    def of(v):
        parts = [
            np.reshape(v[e - n : e], np.shape(a)) if np.shape(a) else v[e - 1]
            for a, n, e in zip(args, sizes, ends, strict=True)
        ]
        return sum(np.sum(np.sin(part)) for part in leaves(f(*parts)))

    return of, np.concatenate([np.reshape(a, -1) for a in args])


@of_every_case
def check_second_derivatives_agree(case):
    of, v = _number(case, arguments(case))
    u = np.random.default_rng(2).normal(size=v.shape)
    forward_over_reverse = jvp(grad(of), (v,), (u,))[1]
    reverse_over_reverse = grad(lambda x: np.sum(u * grad(of)(x)))(v)
    reverse_over_forward = grad(lambda x: jvp(of, (x,), (u,))[1])(v)
    size = np.max(np.abs(forward_over_reverse), initial=1.0)
    np.testing.assert_allclose(
        reverse_over_reverse, forward_over_reverse, rtol=1e-9, atol=1e-9 * size
    )
    np.testing.assert_allclose(
        reverse_over_forward, forward_over_reverse, rtol=1e-9, atol=1e-9 * size
    )


@of_every_case
def check_float32_stays(case):
    name, f, *_ = case
    if name in ("astype", "np_astype"):
        return  # asks for float64
    args = [
        a.astype(np.float32) if isinstance(a, np.ndarray) else np.float32(a)
        for a in arguments(case)
    ]
    y, pullback = vjp(f, *args)
    back = pullback(
        type(y)(np.ones_like(p) for p in y) if isinstance(y, (tuple, list)) else np.ones_like(y)
    )
    wide = vjp(f, *[np.asarray(a, float) for a in args])[1](
        type(y)(np.ones(np.shape(p)) for p in y)
        if isinstance(y, (tuple, list))
        else np.ones(np.shape(y))
    )
    for g, h, a in zip(back, wide, args, strict=True):
        assert g.dtype == np.float32
        assert np.shape(g) == np.shape(a)
        np.testing.assert_allclose(
            g, h, rtol=2e-2, atol=2e-3 * max(1, np.max(np.abs(h), initial=0))
        )


@of_every_case
def check_strided_and_read_only(case):
    _, f, *_ = case
    args = arguments(case)
    odd = []
    for a in args:
        if isinstance(a, np.ndarray):
            wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1])) if a.ndim else np.zeros(())
            strided = wide[..., ::2] if a.ndim else wide
            strided[...] = a
            strided.flags.writeable = False
            odd.append(strided)
        else:
            odd.append(a)
    y, pullback = vjp(f, *args)
    _z, same = vjp(f, *odd)
    ones = type(y)(np.ones_like(p) for p in y) if isinstance(y, (tuple, list)) else np.ones_like(y)
    for g, h in zip(pullback(ones), same(ones), strict=True):
        np.testing.assert_allclose(g, h, rtol=1e-12, atol=1e-12)
        assert not isinstance(h, np.ndarray) or (h.flags.writeable and h.base is None)


EMPTY = [
    lambda x: np.sum(x),
    lambda x: np.sum(np.sin(x) * x),
    lambda x: np.sum(np.concatenate([x, x])),
    lambda x: np.sum(np.reshape(x, (0, 1)) @ np.ones((1, 2))),
    lambda x: np.sum(np.cumsum(x)),
    lambda x: np.sum(x[::2]),
    lambda x: np.sum(np.sort(x)),
    lambda x: np.sum(np.pad(x, 2)),
    lambda x: np.linalg.norm(x),
]


@pytest.mark.parametrize("f", EMPTY, ids=range(len(EMPTY)))
def test_empty(f):
    assert grad(f)(np.zeros(0)).shape == (0,)


# Operators call these without a look into the table.
OPERATORS = {np.add, np.subtract, np.multiply, np.true_divide, np.power, np.negative, np.matmul}
# Refusals, tested with the messages; and what only derivatives of higher orders call.
OTHERS = {"np.put", "np.place", "np.putmask", "np.put_along_axis", "np.fill_diagonal", "np.copyto"}
OTHERS |= {"scipy.special.polygamma", "np.sum, transposed"}
OTHERS |= {"erf"}  # of F.activation, in test_traced_options.py


def test_every_rule_has_a_case(monkeypatch):
    """A rule that no case calls is not known to be right."""
    called = set()
    expected = set()
    for key, rule in list(RULES.items()):
        if (
            key in OPERATORS
            or isinstance(key, str)
            or rule.kind == "constant"
            or rule.name in OTHERS
            or rule.name.startswith("F.")  # tests/autodiff/test_traced_functional.py has them
        ):
            continue
        if isinstance(key, tuple) and key[1] == "outer":
            continue  # one function makes them all
        expected.add(rule.name)
        monkeypatch.setitem(RULES, key, Composed(_noting(rule, called), rule.name, None))
    for case in CASES:
        vjp(case[1], *arguments(case))
    assert expected - called == set()


def _noting(rule, called):
    def call(*args, **kwargs):
        called.add(rule.name)
        return rule(*args, **kwargs)

    return call


def test_names_and_kinds():
    table = rules()
    assert table["np.sin"] == "elementwise"
    assert table["np.sum"] == "linear"
    assert table["np.matmul"] == "multilinear"
    assert table["np.linalg.inv"] == "custom"
    assert table["np.mean"] == "composed"
    assert table["np.argmax"] == "constant"
    assert len(table) > 250
