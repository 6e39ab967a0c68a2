"""Layers that users write: they learn, and are listed, regularised and copied as others."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from fastdl import NetClassifier, NetRegressor, Network, initializers
from fastdl import layers as L
from fastdl.autodiff import value_of
from fastdl.program import compile

X = np.random.default_rng(0).normal(size=(60, 4))
labels = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.3)
COMMON = {"max_epochs": 3, "batch_size": 16, "dtype": "float64", "random_state": 0}


def affine(x, w, b):
    return x @ w + b


def dense(units, features=4, **options):
    return L.Lambda(affine, {"w": (features, units), "b": units}, **options)


def kept(estimator):
    return estimator.program_.get_weights()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_as_the_built_in(solver):
    """A dense layer in NumPy gives the network of `Dense`: its start, penalty and decay too."""
    params = COMMON | {"solver": solver, "weight_decay": 0.1, "early_stopping": solver == "adam"}
    first = NetClassifier([L.Dense(5), L.Activation("tanh")], **params).fit(X, labels)
    other = NetClassifier([dense(5), L.Activation("tanh")], **params).fit(X, labels)
    np.testing.assert_allclose(kept(other), kept(first), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.predict_proba(X), first.predict_proba(X), rtol=1e-7)
    np.testing.assert_allclose(other.loss_curve_, first.loss_curve_, rtol=1e-9)


def test_parameters_are_listed():
    program = compile([dense(3, name="own")], (4,), random_state=0)
    assert [(p.name, p.shape, p.role, p.trainable) for p in program.parameters] == [
        ("own.w", (4, 3), "weight", True),
        ("own.b", (3,), "bias", True),
    ]
    net = NetClassifier([dense(3, name="own")], **COMMON).fit(X, labels)
    assert "own (Lambda)" in net.summary() or "own" in net.summary()
    assert net.get_params()["own__params"] == (("w", (4, 3)), ("b", 3))
    with pytest.raises(ValueError, match="params has 'w', which tanh"):
        clone(net).set_params(own__function=tanh).fit(X, labels)


def tanh(x):
    return np.tanh(x)


def test_starts():
    layers = [dense(3, name="own", init={"b": initializers.Constant(2.0)})]
    program = compile(layers, (4,), random_state=0)
    assert (program.get_parameter("own.b") == 2).all()
    assert np.ptp(program.get_parameter("own.w")) > 0
    program = compile([dense(3, name="own", init="zeros")], (4,), random_state=0)
    assert not program.get_weights().any()


def test_frozen():
    net = NetClassifier([dense(5, trainable=False, name="own")], **COMMON)
    start = net.fit(X, labels).program_.get_parameter("own.w")
    np.testing.assert_array_equal(net.partial_fit(X, labels).program_.get_parameter("own.w"), start)


def untraceable(x):
    return np.round(value_of(x)) + np.linalg.eigvals(np.eye(2)).real.sum()


def test_without_a_gradient():
    """First and without parameters nothing is differentiated."""
    NetClassifier([L.Lambda(untraceable), L.Dense(3)], **COMMON).fit(X, labels)


def attention(x, lengths, q):
    """A mean over steps, weighted by their product with q."""
    z = np.where(np.arange(x.shape[1]) < lengths[:, None], x @ q, -np.inf)
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return np.sum(x * (e / np.sum(e, axis=1, keepdims=True))[..., None], axis=1)


def test_sequences_of_their_own_lengths():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(n, 3)) for n in rng.integers(1, 7, 30)]
    y = np.array([s[:, 0].mean() > 0 for s in sequences]).astype(int)
    layers = [L.Lambda(attention, {"q": 3}, form="rows", init="normal")]
    net = NetClassifier(layers, **COMMON).fit(sequences, y)
    together = net.predict_proba(sequences)
    for i, sequence in enumerate(sequences):
        np.testing.assert_allclose(net.predict_proba([sequence])[0], together[i], rtol=1e-9)


def test_same_bytes_for_any_number_of_threads():
    wide = np.random.default_rng(0).normal(size=(600, 40))
    layers = [dense(50, 40), L.Activation("relu"), L.Dense(30)]
    found = [
        kept(NetRegressor(layers, n_jobs=n, max_epochs=2, random_state=0).fit(wide, wide[:, 0]))
        for n in (1, 2, 4)
    ]
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()


def test_copies_and_files(tmp_path):
    net = NetClassifier([dense(5, name="own")], **COMMON).fit(X, labels)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    with pytest.raises(NotFittedError):
        clone(net).predict(X)
    with pytest.raises(TypeError, match=r"layer 'own' \(Lambda\) in .* cannot be saved: its fun"):
        net.save(tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())
    inside = NetClassifier([L.Sequential([dense(5, name="own")])], **COMMON).fit(X, labels)
    with pytest.raises(TypeError, match=r"layer 'own' \(Lambda\) in .* cannot be saved: its fun"):
        inside.save(tmp_path / "net.safetensors")
    hidden = NetClassifier([L.Lambda(lambda x: x)], **COMMON).fit(X, labels)
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(hidden)


class Later:
    """Raises at a call after those at the start."""

    def __init__(self, calls):
        self.left = calls

    def __call__(self, x):
        self.left -= 1
        if self.left < 0:
            raise KeyError("what the user's function raised")
        return np.tanh(x)


@pytest.mark.parametrize("calls", [0, 1, 2, 7])
def test_errors_of_the_function_come_out(calls):
    net = NetClassifier([L.Dense(5, name="own")], **COMMON).fit(X, labels)
    before = kept(net)
    net.set_params(layers=[L.Dense(5, name="own"), L.Lambda(Later(calls))])
    with pytest.raises(KeyError, match="what the user's function raised") as caught:
        net.fit(X, labels)
    assert (
        "In the function of layer 'lambda_1' (Lambda), with x of shape" in caught.value.__notes__[0]
    )
    np.testing.assert_array_equal(kept(net), before)


def depends(x):
    return x if len(x) < 4 else x[:, :2]


def test_errors_of_a_batch():
    with pytest.raises(ValueError, match=r"must be of shape|shape \(16, 2\)"):
        NetClassifier([L.Lambda(depends)], **COMMON).fit(X, labels)


def no_rule(x):
    return np.linalg.eigvals(x[:, :, None] * np.eye(4)).real


def test_functions_without_a_rule_are_refused_before_the_training():
    with pytest.raises(NotImplementedError, match=r"linalg.eigvals has no derivative rule"):
        NetClassifier([L.Dense(4), L.Lambda(no_rule)], **COMMON).fit(X, labels)


def test_recurrent():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(n, 3)) for n in rng.integers(1, 7, 20)]
    y = rng.integers(0, 2, 20)
    net = NetClassifier([L.Lambda(tanh), L.GRU(4)], **COMMON).fit(sequences, y)
    other = NetClassifier([L.Activation("tanh"), L.GRU(4)], **COMMON).fit(sequences, y)
    np.testing.assert_allclose(kept(net), kept(other), rtol=1e-7)


def test_lengths_are_those_after_the_windows_before() -> None:
    """Of steps, and of sequences as f sees them."""
    x, lengths = np.random.default_rng(0).normal(size=(4, 40, 3)), np.array([40, 33, 24, 16])
    seen: list[object] = []

    def same(x, lengths):
        seen.append((x.shape, lengths.tolist()))
        return x * 1.0

    pool = L.MaxPool1D(4, padding="same")
    net = Network([pool, L.Lambda(same), L.LSTM(3)], (40, 3), random_state=0, dtype="float64")
    plain = Network([pool, L.LSTM(3)], (40, 3), net.get_weights(), dtype="float64")
    np.testing.assert_array_equal(net.predict(x, lengths), plain.predict(x, lengths))
    assert ((4, 10, 3), [10, 9, 6, 4]) in seen
