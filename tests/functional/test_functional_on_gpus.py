"""Functions of arrays on a GPU, which is emulated: with what they give on the host, and no copy.

Device memory is hidden from the host, and streams work as late as they may.
"""

import gc
from inspect import signature

import numpy as np
import pytest
from arrays_on_gpus import Lent, Theirs, close, host, in_a_thread
from functional_calls import (
    BETA,
    CODES,
    CPU_ONLY,
    GAMMA,
    MEAN,
    ROWS,
    STEPS,
    VAR,
    X,
    Z,
    as_tuple,
    cast,
    is_floats,
    normal,
)
from test_functional import CALLS, NAMES, backward_of
from test_functional_losses import LOSSES, WEIGHTS

import fastdl.functional as F
from fastdl._core import DeviceArray

test_backends = pytest.importorskip("fastdl._test_backends")
pytestmark = [pytest.mark.share(4), pytest.mark.usefixtures("emulated_gpu")]

ON_GPUS = [
    (call, name)
    for call, name in zip(CALLS, NAMES, strict=True)
    if call[0].__name__ not in CPU_ONLY
]
each_call = pytest.mark.parametrize(
    ("f", "args", "options"), [call for call, _ in ON_GPUS], ids=[name for _, name in ON_GPUS]
)
STEP_FUNCTIONS = [name for name in F.__all__ if name.endswith("_step")]


@each_call
@pytest.mark.parametrize(("dtype", "kind"), [("float64", Theirs), ("float32", Lent)])
def test_functions(f, args, options, dtype, kind):
    args = cast(args, lambda a: a.astype(dtype))
    expected = f(*cast(args, np.copy), **options)
    dy = normal(*expected.shape, seed=5).astype(dtype)
    before = test_backends.allocated_bytes()

    def both():
        y = f(*cast(args, kind), **options)
        assert isinstance(y, DeviceArray)
        assert y.device == "cuda:0"
        return host(y), host(backward_of(f)(kind(dy), *cast(args, kind), **options))

    y, gradients = in_a_thread(both)
    close(y, expected, dtype)
    close(gradients, backward_of(f)(dy, *args, **options), dtype)
    gc.collect()
    assert test_backends.allocated_bytes() == before


@each_call
def test_out(f, args, options):
    expected = f(*cast(args, np.copy), **options)
    out = Theirs(np.full(expected.shape, np.nan))
    assert f(*cast(args, Theirs), **options, out=out) is out
    close(out.get(), expected, "float64")
    if expected.shape == np.shape(args[0]):  # may be the input
        x, *others = cast(args, Theirs)
        assert f(x, *others, **options, out=x) is x
        close(x.get(), expected, "float64")


@pytest.mark.parametrize(("f", "y", "options", "reference"), LOSSES)
def test_losses(f, y, options, reference):
    weights = Theirs(WEIGHTS)
    is_code = y is CODES
    theirs = Theirs(y if is_code else y.astype(np.float64))
    for reduction in ("mean", "sum", "none"):
        loss, dpred = f(Z, y, WEIGHTS, reduction, **options)
        found = f(Theirs(Z), theirs, weights, reduction, **options)
        close(found[1], dpred, "float64")
        assert isinstance(found[0], DeviceArray if reduction == "none" else float)
        np.testing.assert_allclose(host(found[0]), loss, rtol=1e-10)
    single = f(Lent(np.float32(Z)), Theirs(y if is_code else np.float32(y)), **options)
    assert single[0] == pytest.approx(f(Z, y, **options)[0], rel=1e-4)


@pytest.mark.parametrize("name", STEP_FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps(name, dtype):
    step = getattr(F, name)
    params = [normal(4, 3).astype(dtype), normal(5).astype(dtype)]
    theirs = [Theirs(params[0]), Lent(params[1])]
    state = there = None
    for i in range(3):
        grads = [normal(*p.shape, seed=i + 1).astype(dtype) for p in params]
        state = step(params, grads, state, lr=0.05)
        there = step(theirs, [Lent(grads[0]), Theirs(grads[1])], there, lr=0.05)
    for mine, other in zip(params, theirs, strict=True):
        close(other.get(), mine, dtype)
    for mine, other in zip(state.first + state.second, there.first + there.second, strict=True):
        close(other, mine, dtype)
    alone = Theirs(normal(5))
    step(alone, Theirs(np.ones(5)), lr=0.05)
    mine = normal(5)
    step(mine, np.ones(5), lr=0.05)
    close(alone.get(), mine, "float64")


def test_running_statistics():
    mean, var = MEAN.copy(), VAR.copy()
    F.batch_norm(X, GAMMA, BETA, mean, var, training=True)
    theirs = Theirs(MEAN), Lent(VAR)
    F.batch_norm(*map(Theirs, (X, GAMMA, BETA)), *theirs, training=True)
    close(theirs[0].get(), mean, "float64")
    close(theirs[1].get(), var, "float64")


def test_in_parts(monkeypatch):
    rows = normal(700, 6)
    w = normal(6, 3)
    close(F.dense(Theirs(rows), Theirs(w)), F.dense(rows, w), "float64")
    monkeypatch.setattr("fastdl.functional._activation._PART", 100)
    for f in (F.tanh, F.softmax):
        close(f(Theirs(rows)), f(rows), "float64")
        expected = getattr(F, f"{f.__name__}_backward")(rows, rows)
        close(getattr(F, f"{f.__name__}_backward")(Theirs(rows), Theirs(rows)), expected, "float64")


@each_call
def test_empty_batches(f, args, options):
    if f is F.col2im:
        args = (args[0][:0], (0, *args[1][1:]), *args[2:])
    else:
        args = (args[0][:0], *args[1:])
    if "lengths" in options:
        options = options | {"lengths": np.empty(0, int)}
    if options.get("training") and f is F.batch_norm:
        pytest.skip("no statistics of nothing")
    expected = f(*args, **options)
    y = f(*cast(args, Theirs), **options)
    assert y.shape == expected.shape
    assert y.get().shape == expected.shape
    gradients = as_tuple(backward_of(f)(Theirs(expected), *cast(args, Theirs), **options))
    for grad, a in zip(gradients, filter(is_floats, args), strict=False):
        assert grad.shape == a.shape
        assert not grad.get().any()


def test_needs():
    x, w = Theirs(ROWS), Theirs(normal(6, 3))
    dx, dw, db = F.dense_backward(Theirs(np.ones((5, 3))), x, w, needs=(False, True, False))
    assert dx is db is None
    close(dw, F.dense_backward(np.ones((5, 3)), ROWS, normal(6, 3))[1], "float64")


def test_lengths_at_either_place():
    lengths = np.array([7, 2, 5])
    expected = F.max_pool1d(STEPS, 2, lengths=lengths)
    close(F.max_pool1d(Theirs(STEPS), 2, lengths=lengths), expected, "float64")
    close(F.max_pool1d(Theirs(STEPS), 2, lengths=Theirs(lengths)), expected, "float64")
    close(F.max_pool1d(STEPS, 2, lengths=Lent(lengths)), expected, "float64")


@pytest.mark.parametrize(
    "name", sorted(set(F.__all__) - {"DeviceArray", "RecurrentCache", "State"})
)
def test_every_function(name):
    """Each takes arrays on a GPU, or says that it runs on the CPU only."""
    stem = name.removesuffix("_backward")
    there = [f.__name__ for (f, _, _), _ in ON_GPUS] + [f.__name__ for f, _, _, _ in LOSSES]
    if stem not in CPU_ONLY:
        assert stem in there or name in STEP_FUNCTIONS
        return
    f, x = getattr(F, name), Theirs(STEPS)
    if stem in ("rnn", "lstm", "gru") and name != stem:
        _, *_, cache = getattr(F, stem)(STEPS, *recurrent_weights(stem), return_cache=True)
        given = (x, cache)
    else:
        required = [p for p in signature(f).parameters.values() if p.default is p.empty]
        given = [x for p in required if p.kind is p.POSITIONAL_OR_KEYWORD]
    with pytest.raises(
        TypeError, match=rf"^{stem}\w*\(\) runs on the CPU only, but \w+ is on a GPU"
    ):
        f(*given)


def recurrent_weights(name):
    gates = {"rnn": 1, "lstm": 4, "gru": 3}[name]
    return normal(4, 2 * gates), normal(2, 2 * gates)
