"""Side heads: a loss of their own in training, nothing in use."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._core import Program
from programs import assert_same_bytes, compiled, sample

N, CLASSES = 13, 3


def act(function: str) -> L.Activation:
    return L.Activation(function)


def head(*layers: L.Layer, weight: float = 0.3, **options: Any) -> L.AuxHead:
    return L.AuxHead([*layers, L.Dense(CLASSES)], weight, **options)


NETS: dict[str, tuple[list[L.Layer], tuple[int, ...]]] = {
    "rows": (
        [L.Dense(6), act("tanh"), head(L.Dense(5), act("tanh")), L.Dense(4), act("tanh")],
        (5,),
    ),
    "first": ([head(), L.Dense(4), act("tanh")], (5,)),
    "frozen below": (
        [L.Dense(6, trainable=False), head(L.Dense(4)), L.Dense(4), act("tanh")],
        (5,),
    ),
    "frozen head": (
        [L.Dense(6), L.AuxHead([L.Dense(CLASSES, trainable=False)]), act("tanh")],
        (5,),
    ),
    "two": ([L.Dense(6), head(weight=2.0), act("tanh"), L.Dense(4), head(L.Dense(3))], (5,)),
    "nested": ([L.Dense(6), head(L.Dense(4), head(act("tanh"), weight=0.7)), act("tanh")], (5,)),
    "no weight": ([L.Dense(6), head(weight=0), act("tanh")], (5,)),
    "images": (
        [
            L.Conv2D(4, 3, padding="same"),
            act("tanh"),
            head(L.AvgPool2D(2), L.Conv2D(2, 1), L.Flatten()),
            L.Conv2D(3, 3),
            act("tanh"),
            head(L.GlobalAvgPool(), weight=1.5),
            L.Flatten(),
        ],
        (4, 5, 2),
    ),
    "branches": (
        [
            L.Dense(6),
            L.Concat(
                [[L.Dense(3), head(L.Dense(2))], [], [head(weight=1), L.Dense(4), act("tanh")]]
            ),
            L.Residual([L.Dense(13), head(act("tanh")), L.Dense(13)]),
        ],
        (5,),
    ),
    "normalised": ([L.Dense(6), head(L.BatchNorm()), L.BatchNorm(), act("tanh")], (5,)),
}


@pytest.fixture(params=NETS)
def net(request: pytest.FixtureRequest) -> tuple[list[L.Layer], tuple[int, ...]]:
    layers, input_shape = NETS[request.param]
    return list(L.with_names([*layers, L.Dense(CLASSES, name="output")])), input_shape


def heads(layers: list[L.Layer]) -> list[L.AuxHead]:
    return [layer for layer in L.walk(layers) if isinstance(layer, L.AuxHead)]


def program_of(
    layers: list[L.Layer], input_shape: tuple[int, ...], loss: str = "", **options: Any
) -> Program:
    program = compiled(layers, input_shape, **{"dtype": "float64", "batch_size": 32, **options})
    program.set_loss(loss or "softmax_cross_entropy")
    return program


def data(input_shape: tuple[int, ...], n: int = N) -> tuple[NDArray[Any], NDArray[np.int32]]:
    return sample((n, *input_shape)), (np.arange(n) % CLASSES).astype(np.int32)


def without_heads(layers: list[L.Layer]) -> list[L.Layer]:
    """The same network, identities in the places of the heads."""

    def visit(layer: L.Layer) -> L.Layer:
        is_head = isinstance(layer, L.AuxHead)
        return L.Activation("identity", name=layer.name) if is_head else layer.map(visit)

    return [visit(layer) for layer in layers]


def test_loss_and_gradient(net: Any, backend: str) -> None:
    """The loss is the output's; gradients are of it and of the weighted losses of the heads."""
    layers, input_shape = net
    program, (X, y) = program_of(layers, input_shape, backend=backend), data(input_shape)
    weight = np.linspace(0, 2, N)
    penalty = program.loss_and_grads(X, y, sample_weight=weight)[1]
    assert penalty == 0
    assert len(program.side_losses) == len(heads(layers))
    found = program.get_gradients()
    learns = np.concatenate([np.full(p.size, p.trainable) for p in program.parameters])
    w, step = program.get_weights(), 1e-5
    for i in np.flatnonzero(learns):
        ends = []
        for moved in (w[i] + step, w[i] - step):
            at = w.copy()
            at[i] = moved
            program.set_weights(at)
            total = program.loss_and_grads(X, y, sample_weight=weight)[0]
            pairs = zip(heads(layers), program.side_losses, strict=True)
            ends.append(total + sum(layer.weight * side for layer, side in pairs))
        assert found[i] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "squared_error", "binary_cross_entropy"])
def test_side_losses_are_those_of_the_layers_alone(loss: str) -> None:
    layers = list(L.with_names([*NETS["two"][0], L.Dense(CLASSES, name="output")]))
    program, (X, y) = program_of(layers, (5,), loss), data((5,))
    target: Any = y if loss == "softmax_cross_entropy" else np.eye(CLASSES)[y]
    losses = [program.loss_and_grads(X, target)[0], *program.side_losses]
    plain = without_heads(layers)
    ways = [plain, [plain[0], *heads(layers)[0].layers], [*plain[:4], *heads(layers)[1].layers]]
    for way, expected in zip(ways, losses, strict=True):
        alone = program_of(way, (5,), loss)
        for p in alone.parameters:
            alone.set_parameter(p.name, program.get_parameter(p.name))
        assert alone.loss_and_grads(X, target)[0] == pytest.approx(expected, rel=1e-12)


def test_in_use_nothing_changes(net: Any, backend: str, dtype: str) -> None:
    """Not a bit, whatever the heads hold, NaN included; nor does the loss of an evaluation."""
    layers, input_shape = net
    X, y = data(input_shape, 17)
    X = X.astype(dtype)
    program = program_of(layers, input_shape, backend=backend, dtype=dtype)
    plain = program_of(without_heads(layers), input_shape, backend=backend, dtype=dtype)
    kept = {p.name for p in plain.parameters} | {s.name for s in plain.states}
    for p in program.parameters:
        if p.name in kept:
            plain.set_parameter(p.name, program.get_parameter(p.name))
        else:
            program.set_parameter(p.name, np.full(p.shape, np.nan, dtype))
    for s in program.states:
        if s.name in kept:
            plain.set_state(s.name, program.get_state(s.name))
    for n in (1, 2, 17):
        assert_same_bytes(program.predict(X[:n]), plain.predict(X[:n]), f"{n} samples")
    losses = [p.loss_and_grads(X, y, evaluation=True) for p in (program, plain)]
    assert losses[0] == losses[1]
    assert program.side_losses == (0.0,) * len(heads(layers))


def trained(layers: list[L.Layer], input_shape: tuple[int, ...], **options: Any) -> Any:
    program, (X, y) = program_of(layers, input_shape, **options), data(input_shape, 50)
    program.set_optimizer_rule("sgd", momentum=0.9)
    order, rates = np.arange(len(X)), np.array([0.1])
    results = [
        program.train_epoch(X.astype(program.dtype), y, order, rates, batch_size=16, epoch=epoch)
        for epoch in range(3)
    ]
    return program, results


def test_training(net: Any) -> None:
    """Losses of the epoch are means over samples, and those of the heads fall too."""
    layers, input_shape = net
    results = trained(layers, input_shape)[1]
    assert all(len(result.sides) == len(heads(layers)) for result in results)
    learns = [layer.weight > 0 for layer in heads(layers)]
    for first, last, fell in zip(results[0].sides, results[-1].sides, learns, strict=True):
        assert not fell or last < first
    assert results[-1].loss < results[0].loss
    assert results[-1].penalty == 0
    start = program_of(layers, input_shape, batch_size=50)
    X, y = data(input_shape, 50)
    one = start.train_epoch(X, y, np.arange(50), np.array([0.0]), batch_size=50, epoch=0)
    loss, _ = start.loss_and_grads(X, y)
    if not any(isinstance(layer, L.BatchNorm) for layer in L.walk(layers)):
        assert one.loss == pytest.approx(loss, rel=1e-12)
        assert one.sides == pytest.approx(start.side_losses, rel=1e-12)


def test_threads(net: Any, dtype: str) -> None:
    layers, input_shape = net
    one, several = (trained(layers, input_shape, dtype=dtype, threads=t)[0] for t in (1, 3))
    assert_same_bytes(one.get_weights(), several.get_weights(), "weights")
    assert_same_bytes(one.get_states(), several.get_states(), "states")


def test_a_head_that_weighs_nothing_changes_no_other_layer() -> None:
    layers, input_shape = NETS["no weight"]
    layers = list(L.with_names([*layers, L.Dense(CLASSES, name="output")]))
    with_head, _ = trained(layers, input_shape)
    plain = program_of(without_heads(layers), input_shape)
    start = program_of(layers, input_shape)
    for p in plain.parameters:
        plain.set_parameter(p.name, start.get_parameter(p.name))
    plain.set_optimizer_rule("sgd", momentum=0.9)
    X, y = data(input_shape, 50)
    for epoch in range(3):
        plain.train_epoch(X, y, np.arange(50), np.array([0.1]), batch_size=16, epoch=epoch)
    for p in plain.parameters:
        assert_same_bytes(plain.get_parameter(p.name), with_head.get_parameter(p.name), p.name)
    own = [p.name for p in with_head.parameters if p.name.startswith("dense_2.")]
    assert own
    for name in own:
        assert_same_bytes(with_head.get_parameter(name), start.get_parameter(name), name)


@pytest.mark.parametrize(
    ("layers", "input_shape", "message"),
    [
        (
            [L.AuxHead([L.Dense(4)]), L.Dense(3)],
            (5,),
            "but its layers give rows of 4, and the network rows of 3",
        ),
        (
            [L.AuxHead([L.Dense(3)]), L.Dense(3)],
            (4, 5),
            "and the network sequences of 4x3, of sequences of 4x5",
        ),
        (
            [L.AuxHead([L.Conv2D(3, 1)]), L.Conv2D(3, 1)],
            (4, 5, 3),
            "its layers give an image of 4x5x3",
        ),
    ],
    ids=["units", "steps", "pixels"],
)
def test_what_cannot_be_trained(
    layers: list[L.Layer], input_shape: tuple[int, ...], message: str
) -> None:
    program = program_of(layers, input_shape, "squared_error")
    X = sample((4, *input_shape))
    y = program.predict(X)
    y = y.reshape(4, -1, 3) if y.ndim == 4 else y
    with pytest.raises(ValueError, match=message) as caught:
        program.loss_and_grads(X, y)
    assert "layer 'aux_head_1' (AuxHead) needs rows or images as input" in str(caught.value)
