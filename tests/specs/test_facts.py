"""Every fact of a layer, asked for every line of the case table, is what the core does.

A fact that is wrong fails here, and so does one that a new layer should have given and did not.
"""

import itertools
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from cases import CASES, Case
from each import Each
from fastdl import _core, initializers
from fastdl import layers as L
from fastdl._core import LayerInfo, Program
from fastdl.estimators.autoencoders.mirror import mirror
from fastdl.program import compile, summary_of
from programs import compiled, sample

pytestmark = pytest.mark.share(12)

# Layers that may stand in an encoder only with a decoder of the user's own: the way back of their
# shape is none layer's, or not one that would be guessed. Another layer has a mirror image.
NO_MIRROR = {
    *("conv2d_transpose", "upsample2d", "global_avg_pool", "global_max_pool", "last_step"),
    *("depthwise_conv2d", "separable_conv2d", "conv1d", "max_pool1d", "avg_pool1d"),
    *("stochastic_pool2d", "spatial_pyramid_pool", "pixel_shuffle", "weight_norm", "drop_connect"),
    *("numeric_embedding", "embed_categories"),
    *(
        "maxout",
        "embedding",
        "rnn",
        "lstm",
        "gru",
        "bidirectional",
        "residual",
        "gate",
        "sequential",
    ),
    "resize2d",
    *("concat", "aux_head", "tied_dense", "contractive", "lambda"),
}
# How parameters start that do not start as their role says.
STARTS: dict[tuple[str, str], Any] = {
    ("prelu", "alpha"): 0.25,
    ("lstm", "peepholes"): 0.0,
    ("weight_norm", "weight_g"): None,  # the norm of weight_v
    ("numeric_embedding", "phase"): None,  # drawn
    ("numeric_embedding", "bias"): None,
    ("embed_categories", "weight"): None,
}


@pytest.fixture(params=CASES, ids=lambda case: case.id)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def program_of(case: Case, **options: Any) -> Program:
    return compiled(case.layers, case.input_shape, dtype="float64", **options)


def rows(case: Case) -> Iterator[tuple[L.Layer, LayerInfo]]:
    """Each layer of a case that the core has by name, with its shapes."""
    named = {layer.name: layer for layer in L.walk(L.with_names(case.layers))}
    for row in program_of(case).layers:
        yield named[row.name], row


def alone(layer: L.Layer, input_shape: tuple[int, ...]) -> Program:
    """The layer by itself, with what it needs before it."""
    before = [L.Dense(input_shape[-1], name=layer.tied_to)] if hasattr(layer, "tied_to") else []
    return Program(L.to_dict([*before, layer]), input_shape, dtype="float64", batch_size=4)


def other_forms(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """A sample of this shape, and as many values in each other form."""
    steps = shape[0] if len(shape) == 2 else 1
    size = math.prod(shape)
    image = shape if len(shape) == 3 else (1, steps, size // steps)
    return [(size,), shape if len(shape) == 2 else (steps, size // steps), image]


FACTS: list[Callable[[Case], None]] = []


def fact(check: Callable[[Case], None]) -> Callable[[Case], None]:
    FACTS.append(check)
    return check


@pytest.fixture
def check() -> Each:
    return Each(FACTS)


def test_fact(case: Case, check: Callable[[Case], None]) -> None:
    """Each of those below."""
    check(case)


@fact
def check_gives(case: Case) -> None:
    """`gives` knows what the core refuses, and the form of the output of all else."""
    for layer, row in rows(case):
        assert layer.gives(L.form_of(row.input_shape)) == L.form_of(row.output_shape)
        if layer.kind == "lambda":
            continue  # its function says what else it takes
        for shape in other_forms(row.input_shape):
            try:
                found = L.form_of(alone(layer, shape).output_shape)
            except ValueError:
                found = None
            assert layer.gives(L.form_of(shape)) == found, (layer, shape)


@fact
def check_gives_of_a_list(case: Case) -> None:
    form = L.form_of(program_of(case).output_shape)
    assert L.gives(case.layers, L.form_of(case.input_shape)) == form


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([L.Conv2D(2, 3), L.Flatten()], "images"),
        ([L.BatchNorm(), L.Sequential([L.PReLU(), L.GlobalMaxPool()])], "images"),
        ([L.Conv2D(2, 3), L.Dense(3)], "images"),
        ([L.Flatten(), L.Dense(3)], None),
        ([L.Reshape((8, 8, 1)), L.Conv2D(2, 3)], None),
        ([L.LSTM(3)], "sequences"),
        ([L.Dense(3), L.LayerNorm(), L.GRU(3)], "sequences"),
        ([L.Activation("relu")], None),
        ([], None),
    ],
)
def test_asks_for(layers: list[L.Layer], expected: str | None) -> None:
    assert L.asks_for(layers) == expected


@fact
def check_draws(case: Case) -> None:
    """Training gives something else for another seed if a layer draws, and only then."""
    x = case.inputs(16)
    y = [program_of(case, batch_size=16, seed=seed).forward(x, training=True) for seed in (1, 2)]
    assert L.draws(case.layers) == (not np.array_equal(*y))


def with_all_steps(layer: L.Layer) -> L.Layer:
    steps = hasattr(layer, "return_sequences")
    return layer.replace(return_sequences=True) if steps else layer


@fact
def check_recurrent(case: Case) -> None:
    """Other steps before the last change what is made of it, and others after the first of it."""
    for layer, row in rows(case):
        if layer.paths() and layer.kind != "bidirectional":
            continue  # the layers inside are asked
        layer = with_all_steps(layer).map(with_all_steps)
        if len(row.input_shape) != 2 or layer.gives("sequences") != "sequences":
            continue
        shape = (6, row.input_shape[1])
        program = compiled([layer], shape, dtype="float64", batch_size=1)
        x = np.zeros((1, *shape)) if layer.kind == "embedding" else sample((1, *shape))
        first, last = x.copy(), x.copy()
        first[:, :-1] += 1
        last[:, 1:] += 1
        y = program.predict(x)
        forwards = not np.array_equal(program.predict(first)[:, -1], y[:, -1])
        backwards = not np.array_equal(program.predict(last)[:, 0], y[:, 0])
        assert layer.recurrent == (forwards or backwards), layer
        assert layer.reads_backwards == backwards, layer


@fact
def check_neighbourhood(case: Case) -> None:
    """Another pixel changes those around its place, no others, and one at the end of its reach."""
    for layer, row in rows(case):
        if L.form_of(row.input_shape) != "images" or layer.kind == "augment":
            continue
        found = layer.neighbourhood
        if L.form_of(row.output_shape) != "images":
            assert found is None, layer
            continue
        if found is None:
            continue
        sides = np.array([13, 14])
        shape = (*sides, row.input_shape[2])
        program = compiled([layer], shape, dtype="float64", batch_size=1)
        x, farthest = sample((1, *shape)), 0.0
        y = program.predict(x)[0]
        left_out = found.factor * sides - y.shape[:2]
        for pixel in ((0, 0), (6, 7), (12, 13), (6, 0)):
            other = x.copy()
            other[0, *pixel] += 3
            changed = np.argwhere((program.predict(other)[0] != y).any(axis=2))
            places = (changed + left_out / 2 + 0.5) / found.factor - 0.5
            far = np.abs(places - pixel).max(initial=0)
            assert far <= found.reach + 0.5, (layer, pixel)
            farthest = max(farthest, far)
        assert farthest > found.reach - 1, layer


def test_what_has_no_neighbourhood() -> None:
    """Where rows and columns go by twos, all pixels meet, or nobody knows."""
    layers = [
        L.Conv2D(2, 3, 2), L.MaxPool2D(2), L.StochasticPool2D(2), L.GroupNorm(1), L.Flatten(),
        L.Reshape((2, 8, 1)), L.GlobalAvgPool(), L.Dense(2), L.Upsample2D((1, 2)),
        L.Lambda(np.tanh), L.Concat([[L.Upsample2D(2)], [L.Conv2DTranspose(1, 2, 3)]]),
    ]  # fmt: skip
    assert [layer.neighbourhood for layer in layers] == [None] * len(layers)
    assert L.neighbourhood([L.Conv2D(1, 3), L.Flatten()]) is None
    assert L.neighbourhood([L.PixelShuffle(2), L.Conv2D(1, 5), L.Conv2D(1, 3)]) == (2, 2)


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "relu", "elu", "identity"])
def test_slope(function: str) -> None:
    """The largest one."""
    layer = L.Activation(function)
    program = Program(L.to_dict([layer]), (1,), dtype="float64", batch_size=2001)
    x = np.linspace(-4, 4, 2001)[:, np.newaxis]
    slopes = np.diff(program.predict(x), axis=0) / np.diff(x, axis=0)
    assert layer.slope == pytest.approx(slopes.max(), rel=1e-3)


@fact
def check_penalises(case: Case) -> None:
    if len(program_of(case).output_shape) == 2:
        return  # penalties need one output for each sample
    if L.side_heads(case.layers):
        return  # test_aux_head.py
    program = program_of(case._replace(layers=[*case.layers, L.Flatten()]), batch_size=16)
    program.set_loss("squared_error")
    y = np.zeros((16, *program.output_shape))
    _, penalty = program.loss_and_grads(case.inputs(16), y)
    assert any(layer.penalises for layer in L.walk(case.layers)) == (penalty != 0)


@fact
def check_has_weights(case: Case) -> None:
    """Where the core has weights under the layer's name, or that of a layer inside."""
    weights = [p.name.partition(".")[0] for p in program_of(case).parameters if p.role == "weight"]
    for layer in L.with_names(case.layers):
        inside = list(L.walk([layer]))
        found = any(x.name in weights for x in inside)
        assert found == any(x.has_weights for x in inside), layer
        if layer.has_weights:
            assert hasattr(layer, "trainable")


@fact
def check_normalises(case: Case) -> None:
    """Ten thousand times the input leaves the output as it is, but for eps."""
    for layer, row in rows(case):
        if layer.paths() or hasattr(layer, "tied_to") or layer.kind == "embedding":
            continue
        if row.output_shape[-1] == 1:
            continue  # of one class softmax makes 1
        if hasattr(layer, "trainable"):  # a frozen BatchNorm keeps to its running statistics
            layer = layer.replace(trainable=True)
        program = compiled([layer], row.input_shape, dtype="float64", batch_size=16)
        x = sample((16, *row.input_shape))
        if layer.normalises:
            x = 100 * x  # far from eps
        y, scaled = (program.forward(s * x, training=True) for s in (1, 1e4))
        assert layer.normalises == np.allclose(y, scaled, atol=0.01), layer


@fact
def check_initial_weights(case: Case) -> None:
    """Gains start at 1, shifts, biases at 0, weights in the range that the next function asks."""
    program = compile(case.layers, case.input_shape, dtype="float64", random_state=0)
    kinds = {x.name: x for x in L.walk(L.with_names(case.layers))}
    for p in program.parameters:
        name, _, what = p.name.rpartition(".")
        layer, value = kinds[name], program.get_parameter(p.name)
        what = what.removesuffix("_reverse")
        start = STARTS.get((layer.kind, what), ...)
        layer = getattr(layer, "layer", layer)
        if (layer.kind, what) in STARTS or start is not ...:
            start = STARTS.get((layer.kind, what), start)
            assert np.ptp(value) > 0 if start is None else (value == start).all(), p
        elif what == "bias" and layer.kind == "lstm":
            gates = value.reshape(4, -1)
            assert (gates == [[0], [1], [0], [0]]).all(), p
        elif p.role == "weight":
            assert np.ptp(value) > 0 or value.size == 1, p
            assert np.abs(value).max() <= max(1.0, math.sqrt(6 / p.fan_in)), p
        else:
            assert (value == (p.role == "gain")).all(), p


@fact
def check_initializer_before(case: Case) -> None:
    """An initialiser looks through a layer to the activation behind it, unless it has weights.

    Or is an activation, or adds up what several layers give.
    """
    behind = {"relu": initializers.HeUniform(), "selu": initializers.LeCunNormal()}
    for layer, (function, expected) in itertools.product(case.layers, behind.items()):
        layer = layer.replace(name=None)
        inside = list(L.walk([layer], sides=False))
        opaque = any(
            x.has_weights
            or hasattr(x, "tied_to")
            or x.kind in ("activation", "prelu", "rrelu", "parametric_activation")
            for x in inside
        ) or any(len(x.paths()) > 1 for x in inside)
        layers = L.with_names([L.Dense(3, name="before"), layer, L.Activation(function)])
        found = L.automatic_initializers(layers)["before"]
        if not opaque:
            assert found == expected, layer
        elif any(x.has_weights for x in inside):
            assert found == L.automatic_initializers(layers[:-1])["before"], layer


@fact
def check_mirror(case: Case) -> None:
    """Out and back is the shape before; what is left out keeps it; the rest is on the list."""
    for layer, row in rows(case):
        why = ""
        try:
            back = mirror([layer], row.input_shape)
        except ValueError as error:
            why = str(error)
        if why:
            known = layer.kind in NO_MIRROR
            others = "overlap, or do not fill|no layer makes sequences|crop cuts off"
            assert known or re.search(others, why), why
            continue
        assert layer.kind not in NO_MIRROR
        there = alone(layer, row.input_shape).output_shape
        chain = Program(L.to_dict([layer.replace(name=None), *back]), row.input_shape, batch_size=1)
        assert chain.output_shape == row.input_shape
        if layer.follows or layer.mirror(row.input_shape) is None:
            assert there == row.input_shape
            assert not layer.has_weights
        else:
            assert len(back) == 1


@fact
def check_joins(case: Case) -> None:
    """Paths that are added give one shape; those side by side give all of theirs."""
    shapes = {row.name: row.output_shape for _, row in rows(case)}
    for layer, row in rows(case):
        if not layer.joins:
            continue
        paths = layer.paths()
        assert len(paths) > 1
        ends = [shapes[path[-1].name or ""] if path else row.input_shape for path in paths]
        if layer.joins == "add":
            assert set(ends) == {row.output_shape}
        else:
            assert layer.joins == "concat"
            assert row.output_shape[-1] == sum(end[-1] for end in ends)


@pytest.mark.parametrize("layer", L.ALL, ids=lambda layer: layer.kind)
def test_cases_are_found_by_the_stem(layer: type[L.Layer]) -> None:
    """`-k max_pool2d` runs a layer's own cases."""
    longer = tuple(x.kind for x in L.ALL if x.kind.startswith(f"{layer.kind}_"))
    stem = tuple(case for case in CASES if re.match(rf"{layer.kind}(_|$)", case.id))
    own = [case for case in stem if not case.id.startswith(longer)]
    assert own
    for case in own:
        assert layer.kind in {inner.kind for inner in L.walk(case.layers)}, case.id


@fact
def check_survey(case: Case) -> None:
    """What a network would be, and need, is what a program is, and takes."""
    for dtype in ("float32", "float64"):
        program = compiled(case.layers, case.input_shape, dtype=dtype, batch_size=5)
        plain = L.to_dict(L.with_names(case.layers))
        rows, parameters, memory = _core.survey(plain, case.input_shape, dtype=dtype, batch_size=5)
        assert rows == program.layers
        assert parameters == program.parameters
        taken = program.memory()
        del taken["optimizer"], taken["prediction"]
        assert memory == taken


@pytest.mark.parametrize(
    ("layer", "input_shape", "expected"),
    [
        (L.Dense(3), (4,), 12),
        (L.Dense(3), (5, 4), 60),
        (L.Maxout(3, 2), (4,), 24),
        (L.Conv2D(3, 2), (5, 6, 4), 4 * 5 * (2 * 2 * 4 * 3)),
        (L.Conv2D(4, 2, stride=2, groups=4), (6, 6, 4), 3 * 3 * (2 * 2 * 4)),
        (L.Conv2DTranspose(3, 2, 2), (5, 6, 4), 5 * 6 * (2 * 2 * 4 * 3)),
        (L.Conv1D(3, 2), (6, 4), 5 * (2 * 4 * 3)),
        (L.SeparableConv2D(3, 2), (5, 6, 4), 4 * 5 * (2 * 2 * 4 + 4 * 3)),
        (L.WeightNorm(L.Conv2DTranspose(3, 2, 2)), (5, 6, 4), 5 * 6 * (2 * 2 * 4 * 3)),
        (L.RNN(3), (5, 4), 5 * (4 + 3) * 3),
        (L.LSTM(3), (5, 4), 5 * (4 + 3) * 12),
        (L.GRU(3, return_sequences=True), (5, 4), 5 * (4 + 3) * 9),
        (L.Bidirectional(L.LSTM(3)), (5, 4), 2 * 5 * (4 + 3) * 12),
        (L.Embedding(9, 3), (5, 1), 0),
        (L.BatchNorm(), (4,), 0),
        (L.Sequential([L.Dense(3), L.Dense(2)]), (4,), 12 + 6),
        (L.Residual([L.Dense(4)]), (4,), 16),
    ],
    ids=str,
)
def test_multiply_adds(layer: L.Layer, input_shape: tuple[int, ...], expected: int) -> None:
    text = summary_of([layer], input_shape).splitlines()[-1]
    assert text.startswith(f"{expected:,} multiply-adds for a sample; ")


def test_multiply_adds_with_tied_weights() -> None:
    text = summary_of([L.Dense(3, name="a"), L.TiedDense("a")], (7,)).splitlines()[-1]
    assert text.startswith("42 multiply-adds for a sample; 124 bytes of weights, ")


def test_a_summary_takes_no_memory() -> None:
    """Of a network of 480 GB."""
    text = summary_of([L.Dense(200_000), L.Dense(200_000)], (400_000,))
    assert "120,000,000,000 multiply-adds for a sample; 480 GB of weights, 1.92 TB" in text
