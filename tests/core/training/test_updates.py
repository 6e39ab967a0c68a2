"""Every update rule against plain NumPy, alone and in train_epoch with all that acts beside it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import reference
from fastdl import _core
from fastdl import layers as L
from programs import EPS, arrays, assert_close, compiled, rounded, sample

STEPS = 10
SETTINGS = reference.Settings(rate=0.04, beta2=0.99, eps=1e-3)

kinds = pytest.mark.parametrize("kind", reference.UPDATES)


def named(s: reference.Settings) -> dict[str, float]:
    return {key: value for key, value in s._asdict().items() if key != "rate"}


@kinds
@pytest.mark.parametrize("size", [1, 7, 33])
def test_rule(kind: str, size: int, dtype: str, rng: np.random.Generator) -> None:
    w, m, v = rounded(rng.normal(size=size)), np.zeros(size), np.zeros(size)
    params, first, second = w.astype(dtype), np.zeros(size, dtype), np.zeros(size, dtype)
    l1, l2, decay, clip = 0.01, 0.02, 0.03, 0.7
    for t in range(1, STEPS + 1):
        grads = rounded(rng.normal(size=size))
        g = np.clip(grads, -clip, clip) + l2 * w + l1 * np.sign(w)
        step, m, v = reference.UPDATES[kind](g, m, v, t, SETTINGS)
        w = w + step - SETTINGS.rate * decay * w
        _core.update(
            kind,
            params,
            grads.astype(dtype),
            first,
            second,
            step=t,
            rate=SETTINGS.rate,
            l1=l1,
            l2=l2,
            weight_decay=decay,
            clip_value=clip,
            **named(SETTINGS),
        )
    assert_close(params, w, EPS[dtype])


class Around(NamedTuple):
    """What acts on gradients and weights besides the rule."""

    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    max_norm: float = np.inf
    clip_value: float = np.inf
    clip_norm: float = np.inf
    lr_multipliers: tuple[float, ...] | None = None
    decay_multipliers: tuple[float, ...] | None = None


AROUND = {
    "plain": Around(),
    "l1": Around(l1=0.3),
    "l2": Around(l2=0.3),
    "weight-decay": Around(weight_decay=0.3),
    "clip-value": Around(clip_value=0.05),
    "clip-norm": Around(clip_norm=0.2),
    "max-norm": Around(max_norm=0.8),
    "multipliers": Around(lr_multipliers=(0.5, 0.0)),
    "decay-multipliers": Around(weight_decay=0.3, decay_multipliers=(0.0, 2.0)),
    "all": Around(0.1, 0.2, 0.3, 1.1, 0.1, 0.3, (0.5, 2.0)),
    "all-multipliers": Around(0.1, 0.2, 0.3, 1.1, 0.1, 0.3, (0.5, 2.0), (3.0, 0.25)),
}


def trained(
    kind: str, around: Around, w: NDArray[Any], b: NDArray[Any], batches: list[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Linear least squares by the textbook: y = x w + b."""
    moments = {"w": (np.zeros_like(w), np.zeros_like(w)), "b": (np.zeros_like(b), np.zeros_like(b))}
    rates = dict(zip("wb", around.lr_multipliers or (1.0, 1.0), strict=True))
    decays = dict(zip("wb", around.decay_multipliers or (rates["w"], 0.0), strict=True))
    values = {"w": w, "b": b}
    for t, (x, y, weight) in enumerate(batches, start=1):
        norm = weight.sum()
        dy = weight[:, None] * (x @ values["w"] + values["b"] - y) / norm
        gradients = {"w": x.T @ dy, "b": dy.sum(axis=0)}
        length = np.sqrt(sum(np.sum(g**2) for g in gradients.values()))
        for name, g in gradients.items():
            p, s = values[name], SETTINGS._replace(rate=SETTINGS.rate * rates[name])
            g = np.clip(
                g * min(1.0, around.clip_norm / length), -around.clip_value, around.clip_value
            )
            if name == "w":
                g = g + (around.l2 * p + around.l1 * np.sign(p)) / norm
            step, *moments[name] = reference.UPDATES[kind](g, *moments[name], t, s)
            decay = SETTINGS.rate * decays[name] * around.weight_decay
            values[name] = p + step - decay * p
        norms = np.linalg.norm(values["w"], axis=0)
        values["w"] = values["w"] * np.minimum(1.0, around.max_norm / norms)
    return values["w"], values["b"]


def check_epoch(
    kind: str,
    around: Around,
    backend: str,
    dtype: str,
    rng: np.random.Generator,
    shape: tuple[int, int],
    steps: int,
) -> None:
    n, size = 5 * steps - 2, 5  # the last batch is smaller
    inputs, outputs = shape
    program = compiled([L.Dense(outputs)], (inputs,), backend=backend, dtype=dtype, batch_size=size)
    program.set_loss("squared_error")
    program.set_optimizer_rule(kind, **around._asdict(), **named(SETTINGS))
    w, b = arrays(program).values()
    x, y, weight = (
        sample((n, inputs)),
        sample((n, outputs), 1),
        rounded(rng.uniform(0.5, 2.0, size=n)),
    )
    order = rng.permutation(n)
    result = program.train_epoch(
        x.astype(dtype),
        y.astype(dtype),
        order,
        np.array([SETTINGS.rate]),
        sample_weight=weight.astype(dtype),
    )
    assert (result.status, result.n_batches) == ("done", steps)
    assert program.optimizer_steps == steps
    batches = [(x[i], y[i], weight[i]) for i in np.split(order, range(size, n, size))]
    for name, expected in zip(
        ("weight", "bias"), trained(kind, around, w, b, batches), strict=True
    ):
        assert_close(program.get_parameter(f"dense_1.{name}"), expected, 10 * EPS[dtype], name)


@kinds
@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_train_epoch(
    kind: str, around: Around, backend: str, dtype: str, rng: np.random.Generator
) -> None:
    check_epoch(kind, around, backend, dtype, rng, (7, 3), STEPS)


@pytest.mark.parametrize("shape", [(150, 97), (151, 98)])
@pytest.mark.parametrize("kind", ["momentum", "adam"])
def test_many_parameters(
    kind: str, shape: tuple[int, int], backend: str, dtype: str, rng: np.random.Generator
) -> None:
    """Each moment begins at any address, and biases have runs of their own."""
    check_epoch(kind, Around(l2=0.3), backend, dtype, rng, shape, 2)


def test_loss_of_an_epoch(backend: str, dtype: str) -> None:
    """The mean over samples of what each batch cost before its update, penalties included."""
    program = compiled([L.Dense(3)], (7,), backend=backend, dtype=dtype, batch_size=4)
    program.set_loss("squared_error")
    program.set_optimizer_rule("sgd", l1=0.1, l2=0.2)
    x, y = sample((6, 7)), sample((6, 3), 1)
    w, b = arrays(program).values()
    losses, penalties = [], []
    for rows in (slice(4), slice(4, 6)):
        r, count = x[rows] @ w + b - y[rows], len(x[rows])
        penalty = (0.1 * np.abs(w).sum() + 0.1 * (w**2).sum()) / count
        losses.append(0.5 * (r**2).sum() + count * penalty)
        penalties.append(count * penalty)
        g = x[rows].T @ r / count + (0.1 * np.sign(w) + 0.2 * w) / count
        w, b = w - 0.01 * g, b - 0.01 * r.mean(axis=0)
    result = program.train_epoch(x.astype(dtype), y.astype(dtype), np.arange(6), np.array([0.01]))
    assert result.loss == pytest.approx(sum(losses) / 6, rel=EPS[dtype])
    assert result.penalty == pytest.approx(sum(penalties) / 6, rel=EPS[dtype])


def test_a_rate_for_each_batch(backend: str) -> None:
    """Rates (a, b) in one epoch are two epochs of one batch with a, then b."""
    x, y = sample((6, 7)), sample((6, 3), 1)
    weights = []
    for epochs in ([(np.arange(6), [0.1, 0.02])], [([0, 1, 2], [0.1]), ([3, 4, 5], [0.02])]):
        program = compiled([L.Dense(3)], (7,), backend=backend, dtype="float64", batch_size=3)
        program.set_loss("squared_error")
        program.set_optimizer_rule("adam")
        for order, rates in epochs:
            program.train_epoch(x, y, np.array(order, np.int64), np.array(rates))
        weights.append(program.get_weights())
    np.testing.assert_array_equal(*weights)


def test_regularisation_for_each_batch(backend: str) -> None:
    """Factors of dropout and decay: those of each batch, and 1 is as if there were none."""
    x, y = sample((6, 7)), sample((6, 3), 1)

    def weights(factors: list[float] | None, drop: float, decay: float) -> NDArray[Any]:
        layers = [L.Dense(20), L.Dropout(drop), L.Dense(3)]
        program = compiled(layers, (7,), backend=backend, dtype="float64", batch_size=3)
        program.set_loss("squared_error")
        program.set_optimizer_rule("sgd", weight_decay=decay)
        given = None if factors is None else np.array(factors)
        program.train_epoch(x, y, np.arange(6), np.array([0.01]), regularisation=given)
        return program.get_weights()

    whole = weights(None, 0.5, 0.3)
    np.testing.assert_array_equal(weights([1.0], 0.5, 0.3), whole)
    np.testing.assert_array_equal(weights([0.0, 0.0], 0.5, 0.3), weights(None, 0.0, 0.0))
    np.testing.assert_array_equal(weights([0.5, 0.5], 0.5, 0.3), weights(None, 0.25, 0.15))
    assert not np.array_equal(weights([1.0, 0.0], 0.5, 0.3), whole)
    for wrong in ([1.0, 1.0, 1.0], [1.5], [-0.1]):
        with pytest.raises(ValueError, match="^regularisation must hold"):
            weights(wrong, 0.5, 0.3)


@pytest.mark.parametrize("cell", [L.RNN, L.LSTM, L.GRU], ids=lambda cell: cell.__name__)
def test_states_are_not_dropped_by_a_factor_of_zero(
    cell: type[Any], backend: str, dtype: str
) -> None:
    """Theirs is drawn at a rate of 0, too; other layers leave it out."""
    x, y = sample((6, 4, 5)).astype(dtype), sample((6, 3), 1).astype(dtype)

    def weights(drop: float, factor: float) -> NDArray[Any]:
        layers = [cell(6, recurrent_dropout=drop), L.Dense(3)]
        program = compiled(layers, (4, 5), backend=backend, dtype=dtype, batch_size=3)
        program.set_loss("squared_error")
        program.set_optimizer_rule("sgd")
        given = np.array([factor])
        program.train_epoch(x, y, np.arange(6), np.array([0.01]), regularisation=given)
        return program.get_weights()

    whole = weights(0.0, 1.0)
    assert_close(weights(0.5, 0.0), whole, EPS[dtype])
    assert np.abs(weights(0.5, 1.0) - whole).max() > 1e-4


@kinds
def test_state_moves_to_another_program(kind: str, backend: str, dtype: str) -> None:
    """Moments and step count taken along, training goes on with the same bytes."""
    x, y = sample((12, 7)).astype(dtype), sample((12, 3), 1).astype(dtype)
    order, rates = np.arange(12), np.array([0.05])

    def build() -> _core.Program:
        program = compiled([L.Dense(3)], (7,), backend=backend, dtype=dtype, batch_size=4)
        program.set_loss("squared_error")
        program.set_optimizer_rule(kind)
        return program

    one, two = build(), build()
    one.train_epoch(x, y, order, rates)
    two.set_weights(one.get_weights())
    two.set_optimizer(one.get_optimizer(), one.optimizer_steps)
    for program in (one, two):
        program.train_epoch(x, y, order, rates)
    assert one.get_weights().tobytes() == two.get_weights().tobytes()


def test_frozen_parameters_stay(backend: str, dtype: str) -> None:
    """Neither rule nor decay nor max-norm moves them, and they do not count in the penalty."""
    layers = [L.Dense(4, trainable=False), L.Activation("tanh"), L.Dense(2)]
    program = compiled(layers, (7,), backend=backend, dtype=dtype)
    program.set_loss("squared_error")
    program.set_optimizer_rule("momentum", l2=0.1, weight_decay=0.1, max_norm=0.01)
    before = arrays(program)
    x, y = sample((9, 7)).astype(dtype), sample((9, 2), 1).astype(dtype)
    result = program.train_epoch(x, y, np.arange(9), np.array([0.1]))
    after = arrays(program)
    np.testing.assert_array_equal(after["dense_1.weight"], before["dense_1.weight"])
    np.testing.assert_array_equal(after["dense_1.bias"], before["dense_1.bias"])
    assert np.all(after["dense_2.weight"] != before["dense_2.weight"])
    penalty = 0.05 * np.sum(before["dense_2.weight"] ** 2) / 9
    assert result.penalty == pytest.approx(penalty, rel=EPS[dtype])


def test_divergence_stops_before_the_update(backend: str, dtype: str) -> None:
    program = compiled([L.Dense(3)], (7,), backend=backend, dtype=dtype, batch_size=3)
    program.set_loss("squared_error")
    program.set_optimizer_rule("sgd")
    x, y = sample((9, 7)).astype(dtype), sample((9, 3), 1).astype(dtype)
    x[4] = np.inf
    result = program.train_epoch(x, y, np.arange(9), np.array([0.1]))
    assert (result.status, result.n_batches) == ("diverged", 1)
    assert np.isfinite(program.get_weights()).all()


@pytest.fixture(params=[(1, 1), (2048, 2)], ids=["alone", "team"])
def endless(request: pytest.FixtureRequest) -> Any:
    """train_epoch(poll=...) of an epoch that takes seconds, and its program."""
    batch_size, threads = request.param
    layers = [L.Dense(256), L.Dense(3)]
    program = compiled(layers, (7,), batch_size=batch_size, threads=threads)
    assert program.team_size(batch_size) == threads
    program.set_loss("squared_error")
    x, y = np.zeros((10**6, 7), np.float32), np.zeros((10**6, 3), np.float32)

    def train(poll: Callable[[], bool]) -> _core.EpochResult:
        return program.train_epoch(x, y, np.arange(10**6), np.array([0.1]), poll=poll)

    return train, program


def test_poll_interrupts(endless: Any) -> None:
    """Asked between batches, at most every 50 ms; True ends the epoch."""
    train, program = endless
    calls = []

    def poll() -> bool:
        calls.append(None)
        return len(calls) == 2

    result = train(poll)
    assert result.status == "interrupted"
    assert len(calls) == 2
    assert 0 < result.n_batches < 10**6 / program.batch_size


def test_poll_may_raise(endless: Any) -> None:
    """What it raises arrives, and the program can go on."""
    train, program = endless

    def poll() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(poll)
    x, y = np.zeros((9, 7), np.float32), np.zeros((9, 3), np.float32)
    assert program.train_epoch(x, y, np.arange(9), np.array([0.1])).status == "done"
