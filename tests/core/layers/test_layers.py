"""Every line of the case table, on every backend, in float32 and float64."""

import itertools
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import backends
import reference
from cases import CASES, Case
from fastdl import layers as L
from fastdl._core import Program
from fastdl.testing import check_program_gradients
from programs import (
    EPS,
    arrays,
    assert_close,
    assert_same_bytes,
    compiled,
    gradients,
    sample,
)

pytestmark = pytest.mark.share(12)
of_every_case = pytest.mark.share(1)

SEED = 2**35 + 7


@pytest.fixture(params=CASES, ids=lambda case: case.id)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def has_modes(case: Case) -> bool:
    """Whether training is not use: something is drawn, or running statistics are kept."""
    program = Program(L.to_dict(case.layers), case.input_shape, batch_size=1)
    return L.draws(case.layers) or len(program.states) > 0


def modes(case: Case) -> tuple[bool, ...]:
    return (True, False) if has_modes(case) else (True,)


def build(case: Case, backend: str, dtype: str, **options: Any) -> Program:
    options = {"batch_size": max(case.batches), "seed": SEED, "input_gradient": True} | options
    return compiled(case.layers, case.input_shape, backend=backend, dtype=dtype, **options)


def masks(case: Case, program: Program, n: int) -> dict[str, NDArray[np.float64]]:
    """What each layer with noise, numbered in their order, does to a batch of n."""
    shapes = {layer.name: (n, *layer.output_shape) for layer in program.layers}
    named = list(L.walk(L.with_names(case.layers)))
    both_ways = {x.layer.name: x.name for x in named if isinstance(x, L.Bidirectional)}
    drawn: dict[str, NDArray[np.float64]] = {}
    number = itertools.count()
    for x in named:
        shape = shapes.get(x.name or "", ())
        if isinstance(x, L.Augment):
            drawn[f"{x.name}.key"] = np.array([SEED, next(number)])
        elif isinstance(x, L.Dropout):
            drawn[f"{x.name}.mask"] = reference.dropout_mask(shape, x.rate, SEED, next(number))
        elif isinstance(x, L.SpatialDropout):
            one = (shape[0], 1, 1, shape[-1]) if len(shape) == 4 else shape
            drawn[f"{x.name}.mask"] = reference.dropout_mask(one, x.rate, SEED, next(number))
        elif isinstance(x, L.RReLU):
            u = reference.uniform(shape, SEED, next(number))
            drawn[f"{x.name}.slopes"] = x.lower + (x.upper - x.lower) * u
        elif isinstance(x, L.StochasticPool2D):
            drawn[f"{x.name}.draws"] = reference.uniform(shape, SEED, next(number))
        elif isinstance(x, L.DropConnect):
            weight = program.get_parameter(f"{x.name}.weight")
            mask = reference.dropout_mask((1, weight.size), x.rate, SEED, next(number))
            drawn[f"{x.name}.mask"] = mask.reshape(weight.shape)
        elif isinstance(x, L.Corrupt):
            scale, shift = reference.corruption(shape, x.noise, x.rate, SEED, next(number))
            drawn |= {f"{x.name}.scale": scale, f"{x.name}.shift": shift}
        elif isinstance(x, L.RecurrentLayer) and x.recurrent_dropout:
            ends = ["_reverse"] if x.reverse else ["", "_reverse"] if x.name in both_ways else [""]
            for end in ends:
                mask = reference.dropout_mask((n, x.units), x.recurrent_dropout, SEED, next(number))
                drawn[f"{both_ways.get(x.name, x.name)}.mask{end}"] = mask
    return drawn


class Pass(NamedTuple):
    """One batch forward and back."""

    y: NDArray[Any]
    dx: NDArray[Any] | None
    grads: dict[str, NDArray[Any]]

    def assert_same_bytes(self, other: "Pass") -> None:
        assert_same_bytes(self.y, other.y, "output")
        if self.dx is not None and other.dx is not None:
            assert_same_bytes(self.dx, other.dx, "gradient of the input")
        assert self.grads.keys() == other.grads.keys()
        for name, g in self.grads.items():
            assert_same_bytes(g, other.grads[name], f"gradient of {name}")

    def assert_close(self, other: "Pass", eps: float) -> None:
        assert_close(self.y, other.y, eps, "output")
        assert_close(self.dx, other.dx, eps, "gradient of the input")
        for name, g in self.grads.items():
            assert_close(g, other.grads[name], eps, f"gradient of {name}")


def run(case: Case, program: Program, n: int, training: bool, seed: int = 3) -> Pass:
    x = np.resize(case.inputs(64, seed), (n, *program.input_shape))
    dy = np.resize(sample((64, *program.output_shape), seed + 1), (n, *program.output_shape))
    y = program.forward(x.astype(program.dtype), training=training)
    dx = program.backward(dy.astype(program.dtype))
    return Pass(y, dx, gradients(program))


@of_every_case
def test_forward(case: Case, backend: str, dtype: str) -> None:
    layers = L.to_dict(case.layers)
    program = build(case, backend, dtype)
    for n in case.batches:
        for training in modes(case):
            x, expected = case.inputs(n, n), arrays(program)
            expected |= masks(case, program, n)
            y = program.forward(x.astype(dtype), training=training)
            assert_close(y, reference.forward(layers, expected, x, training), EPS[dtype])
            for name, state in arrays(program).items():  # running statistics have moved alike
                assert_close(state, expected[name], EPS[dtype], name)


@pytest.mark.share(4)
def test_gradients(case: Case, backend: str) -> None:
    n = case.batches[1]
    changes_x = any(isinstance(layer, L.Augment) for layer in case.layers)
    for training in (False,) if changes_x else modes(case):
        program = build(case, backend, "float64", batch_size=n, input_gradient=not case.symbols)
        x = case.inputs(n)
        check_program_gradients(program, x, training=training, max_elements=200)


def test_same_as_generic(case: Case, backend: str, dtype: str) -> None:
    exact, program = build(case, "cpu:generic", "float64"), build(case, backend, dtype)
    for n in case.batches:
        for training in modes(case):
            found = run(case, program, n, training)
            found.assert_close(run(case, exact, n, training), 10 * EPS[dtype])


def test_batch_is_the_sum_of_its_parts(case: Case, backend: str, dtype: str) -> None:
    program = build(case, backend, dtype)
    n, cut = case.batches[-1], case.batches[-1] // 3
    x = case.inputs(n).astype(dtype)
    dy = sample((n, *program.output_shape)).astype(dtype)
    whole = program.forward(x), program.backward(dy), gradients(program)
    total = {name: np.zeros_like(g) for name, g in whole[2].items()}
    for part in (slice(cut), slice(cut, n)):
        assert_same_bytes(program.forward(x[part]), whole[0][part], "output")
        assert_close(
            program.backward(dy[part]), whole[1][part], EPS[dtype], "gradient of the input"
        )
        for name, g in gradients(program).items():
            total[name] += g
    for name, g in whole[2].items():
        assert_close(total[name], g, 10 * EPS[dtype], f"gradient of {name}")


def test_predict_is_forward(case: Case, backend: str, dtype: str) -> None:
    """Though there later values take the places of earlier ones; layer by layer."""
    program, n = build(case, backend, dtype), case.batches[-1]
    x = case.inputs(n).astype(dtype)
    for i in range(len(case.layers)):
        part = compiled(
            case.layers[: i + 1], case.input_shape, backend=backend, dtype=dtype, batch_size=n
        )
        for p in part.parameters:
            part.set_parameter(p.name, program.get_parameter(p.name))
        for state in part.states:
            part.set_state(state.name, program.get_state(state.name))
        assert_same_bytes(program.predict(x, layer=i), part.forward(x), f"layer {i}")


def test_backward_overwrites(case: Case, backend: str, dtype: str) -> None:
    program = build(case, backend, dtype)
    n = case.batches[-1]
    first = run(case, program, n, True)
    run(case, program, case.batches[1], True, seed=5)
    run(case, program, n, True).assert_same_bytes(first)


def test_stale_memory_changes_nothing(case: Case, backend: str, dtype: str) -> None:
    program = build(case, backend, dtype)
    for n in case.batches:
        first = run(case, program, n, True)
        program.poison()
        run(case, program, n, True).assert_same_bytes(first)


def test_without_input_gradient(case: Case, backend: str, dtype: str) -> None:
    program = build(case, backend, dtype, input_gradient=False)
    if not gradients(program):
        with pytest.raises(ValueError, match="backward\\(\\) has nothing to do"):
            run(case, program, 1, True)
        return
    n = case.batches[-1]
    found = run(case, program, n, True)
    assert found.dx is None
    found.assert_same_bytes(run(case, build(case, backend, dtype), n, True))


def test_weights_move_to_another_program(case: Case, backend: str, dtype: str) -> None:
    program = build(case, backend, dtype)
    x = case.inputs(case.batches[1]).astype(dtype)
    program.forward(x, training=True)  # moves running statistics
    other = Program(L.to_dict(case.layers), case.input_shape, backend=backend, dtype=dtype)
    other.set_weights(program.get_weights())
    other.set_states(program.get_states())
    assert_same_bytes(other.predict(x), program.predict(x))
    flat = [program.get_parameter(p.name).ravel() for p in program.parameters]
    assert_same_bytes(program.get_weights(), np.concatenate([*flat, np.empty(0, dtype)]))


def test_row_alone(case: Case, backend: str, dtype: str) -> None:
    n = case.batches[-1]
    program, narrow = build(case, backend, dtype), build(case, backend, dtype, batch_size=3)
    x = case.inputs(n).astype(dtype)
    together = program.predict(x)
    assert_same_bytes(narrow.predict(x), together, "batches of 3")
    for i in range(n):
        assert_same_bytes(program.predict(x[i : i + 1]), together[i : i + 1], f"row {i} alone")


@pytest.mark.filterwarnings("ignore:invalid value encountered in logaddexp")
def test_nan_stays_in_its_row(case: Case, backend: str, dtype: str) -> None:
    """And it is not swallowed: outputs that read it are NaN (Winograd: and the rest of a tile)."""
    if case.symbols or case.codes:
        return  # a NaN is no code
    convolves = (L.Conv2D, L.Conv2DTranspose)
    winograd = dtype == "float32" and any(isinstance(x, convolves) for x in L.walk(case.layers))
    n = case.batches[-1]
    program = build(case, backend, dtype)
    layers, x = L.to_dict(case.layers), sample((n, *case.input_shape))
    clean, row = program.predict(x.astype(dtype)), n // 2
    others = np.arange(n) != row
    for elements in (slice(x[row].size // 2, x[row].size // 2 + 1), slice(None)):  # one, all
        x[row].flat[elements] = np.nan
        y = program.predict(x.astype(dtype))
        expected = reference.forward(layers, arrays(program), x)
        assert np.isnan(y[np.isnan(expected)]).all()
        assert winograd or not np.isnan(y[~np.isnan(expected)]).any()
        assert_same_bytes(y[others], clean[others])


# Each makes its threads.
@pytest.mark.share(20)
def test_threads(case: Case, backend: str, dtype: str) -> None:
    """The batch is large enough for a team: float64 on one backend, as all share out alike."""
    if dtype == "float64" and backend != backends.BEST:
        return
    program = build(case, backend, dtype, threads=4)
    n = 1
    while program.team_size(n) == 1:
        n += n // 8 + 1
    program = build(case, backend, dtype, threads=4, batch_size=n)
    states, found = program.get_states(), []
    for threads in (1, 3):
        program.set_threads(threads)
        program.set_states(states)
        found.append((run(case, program, n, True), program.get_states()))
    (one, stayed), (other, moved) = found
    other.assert_same_bytes(one)
    assert_same_bytes(moved, stayed, "running statistics")
