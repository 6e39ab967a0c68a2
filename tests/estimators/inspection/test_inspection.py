"""How fast layers learn, and what their units do."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastdl import (
    DBN,
    Autoencoder,
    BernoulliRBM,
    CNNClassifier,
    DBNClassifier,
    ELMClassifier,
    GaussianRBM,
    MLPClassifier,
    NDScaler,
    NetClassifier,
    RNNClassifier,
    RNNRegressor,
    SequenceScaler,
)
from fastdl import functional as F
from fastdl import layers as L
from fastdl.inspection import (
    LearningSpeedDisplay,
    activation_statistics,
    gradient_norms_through_time,
    learning_speed,
)

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


def some_digits(n=300):
    digits = load_digits()
    return digits.data[:n] / 16, digits.target[:n]


def sigmoids(depth, **params):
    known = {"activation": "logistic", "max_iter": 3, "random_state": 0, "n_jobs": 1}
    return MLPClassifier((20,) * depth, **{**known, **params})


def axes():
    return Figure().subplots()


def test_gradients_vanish_downwards():
    X, y = some_digits()
    speed = learning_speed(sigmoids(4, solver="sgd"), X, y, role="bias")
    assert speed.layers == ["dense_1", "dense_2", "dense_3", "dense_4", "dense_5"]
    assert speed.gradient.shape == speed.update.shape == (3, 5)
    assert (speed.gradient[:, 0] < speed.gradient[:, 3] / 20).all()
    ax = speed.plot(axes()).ax_
    assert [line.get_label() for line in ax.lines] == speed.layers
    assert "update" in speed.plot(axes(), quantity="update").ax_.get_ylabel()


def test_norms_are_those_of_the_fit():
    """One batch of plain SGD: the update is the gradient times the rate."""
    X, y = some_digits()
    params = {"solver": "sgd", "momentum": 0.0, "batch_size": 300, "alpha": 0.0}
    mlp = sigmoids(2, learning_rate_init=0.5, **params)
    speed = learning_speed(mlp, X, y)
    np.testing.assert_allclose(speed.update, 0.5 * speed.gradient, rtol=1e-6)
    assert not hasattr(mlp, "coefs_")
    plain = sigmoids(2, learning_rate_init=0.5, **params).fit(X, y)
    for seen, known in zip(speed.estimator.coefs_, plain.coefs_, strict=True):
        np.testing.assert_array_equal(seen, known)


@pytest.mark.parametrize(
    "estimator",
    [
        NetClassifier([L.Dense(8), L.BatchNorm(), L.Activation("relu"), L.Dropout(0.2)]),
        CNNClassifier((4,), hidden_layer_sizes=(), input_shape=(8, 8)),
        Autoencoder(10, tied_weights=True, corruption=0.2),
    ],
)
def test_watching_changes_nothing(estimator):
    X, y = some_digits()
    target = () if isinstance(estimator, Autoencoder) else (y,)
    estimator.set_params(max_epochs=2, random_state=0, n_jobs=1)
    speed = learning_speed(estimator, X, *target)
    assert np.isfinite(speed.gradient).all()
    assert (speed.update > 0).all()
    estimator.fit(X, *target)
    for what in ("get_weights", "get_states"):
        np.testing.assert_array_equal(
            getattr(speed.estimator.program_, what)(), getattr(estimator.program_, what)()
        )


def test_activation_statistics():
    X, y = some_digits()
    mlp = sigmoids(2, activation=["logistic", "relu"]).fit(X, y)
    first = 1 / (1 + np.exp(-(X @ mlp.coefs_[0] + mlp.intercepts_[0])))
    second = np.maximum(first @ mlp.coefs_[1] + mlp.intercepts_[1], 0)
    found = activation_statistics(mlp, X)
    assert found.layers == ["activation_1", "activation_2"]
    np.testing.assert_allclose(found.mean, [first.mean(), second.mean()])
    np.testing.assert_allclose(found.std, [first.std(), second.std()])
    flat = (first < 0.05) | (first > 0.95)
    np.testing.assert_allclose(found.saturated, [flat.mean(), (second == 0).mean()])
    np.testing.assert_allclose(
        found.dead, [flat.all(axis=0).mean(), (second == 0).all(axis=0).mean()]
    )
    assert len(str(found).splitlines()) == 3
    assert len(found.plot(axes()).ax_.patches) == 4


def test_dead_units_are_found():
    X, y = some_digits()
    mlp = sigmoids(1, activation="relu").fit(X, y)
    before = activation_statistics(mlp, X)
    alive = np.flatnonzero(mlp.transform(X).any(axis=0))[:5]
    mlp.intercepts_[0][alive] = -1e3
    found = activation_statistics(mlp, X)
    assert found.dead[0] == before.dead[0] + 0.25
    assert np.isnan(activation_statistics(sigmoids(1, activation="elu").fit(X, y), X).dead[0])


@pytest.mark.parametrize(
    "estimator",
    [
        BernoulliRBM(8, n_iter=2, random_state=0),
        GaussianRBM(8, n_iter=2, random_state=0).set_output(transform="pandas"),
    ],
)
def test_activation_statistics_of_machines(estimator):
    X, _ = some_digits()
    h = np.asarray(estimator.fit(X).transform(X))
    found = activation_statistics(estimator, X)
    assert found.layers == ["hidden_1"]
    np.testing.assert_allclose(found.mean, h.mean())
    np.testing.assert_allclose(found.std, h.std())
    np.testing.assert_allclose(found.saturated, ((h < 0.05) | (h > 0.95)).mean())


def test_activation_statistics_of_stacks():
    X, y = some_digits()
    dbn = DBN((8, 5), pretrain_epochs=2, random_state=0).fit(X)
    found = activation_statistics(dbn, X)
    assert found.layers == ["hidden_1", "hidden_2"]
    np.testing.assert_allclose(found.mean[1], dbn.transform(X).mean(), rtol=1e-6)
    net = DBNClassifier((8, 5), pretrain_epochs=1, max_epochs=1, random_state=0).fit(X, y)
    assert activation_statistics(net, X).layers == ["activation_1", "activation_2"]


def sequences(n=40, longest=30):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 3)) for length in rng.integers(5, longest + 1, size=n)]
    return X, np.array([x[0, 0] for x in X])


def unlearnt(cls=RNNRegressor, **params):
    """As it starts."""
    known = {
        "hidden_layer_sizes": (8,),
        "dtype": "float64",
        "max_epochs": 1,
        "learning_rate_init": 1e-12,
        "random_state": 0,
    }
    if cls is RNNRegressor:
        known["normalize_y"] = False
    return cls(**{**known, **params})


def test_gradient_norms_are_those_of_the_functions():
    X, y = sequences()
    rnn = unlearnt(cell="rnn").fit(X, y)
    names = ("weight_ih", "weight_hh", "bias")
    weights = [rnn.program_.get_parameter(f"rnn_1.{name}") for name in names]
    w = rnn.program_.get_parameter("output.weight")
    by_step = [[] for _ in range(max(map(len, X)))]
    for x, error in zip(X, rnn.predict(X) - y, strict=True):
        h, cache = F.rnn(x[np.newaxis], *weights, return_cache=True)
        dh = np.zeros_like(h)
        dh[0, -1] = error * w[:, 0]
        dx = F.rnn_backward(dh, cache)[0][0]
        for k, norm in enumerate(np.linalg.norm(dx, axis=1)[::-1]):
            by_step[k].append(norm)
    display = gradient_norms_through_time(rnn, X, y)
    np.testing.assert_allclose(display.norms, [np.mean(norms) for norms in by_step], rtol=1e-9)
    np.testing.assert_allclose(display.relative, display.norms / display.norms[0])


def test_gradients_vanish_backwards_in_time():
    """And do not where the weights start as the identity."""
    X, y = sequences(longest=80)
    left = {}
    for cell in ("rnn", "irnn"):
        display = gradient_norms_through_time(unlearnt(cell=cell).fit(X, y), X, y)
        left[cell] = display.relative[60]
    assert left["rnn"] < 0.1 < left["irnn"]


def test_gradients_through_stacked_nets_of_classes():
    X, y = sequences()
    net = unlearnt(RNNClassifier, cell="gru", hidden_layer_sizes=(6, 5), dropout=0.2)
    display = gradient_norms_through_time(net.fit(X, y > 0), X, y > 0)
    assert display.norms.shape == (max(map(len, X)),)
    assert (display.norms > 0).all()
    before = net.program_.get_weights()
    ax = display.plot(axes(), name="GRU").ax_
    display.plot(ax, name="again")
    assert [line.get_label() for line in ax.lines] == ["GRU", "again"]
    np.testing.assert_array_equal(net.program_.get_weights(), before)


def test_pipelines():
    X, y = some_digits()
    pipe = make_pipeline(StandardScaler(), sigmoids(1)).fit(X, y)
    found, known = (
        activation_statistics(pipe, X),
        activation_statistics(pipe[1], pipe[0].transform(X)),
    )
    np.testing.assert_array_equal(found.mean, known.mean)
    X, y = sequences()
    pipe = make_pipeline(SequenceScaler(), unlearnt()).fit(X, y)
    known = gradient_norms_through_time(pipe[1], pipe[0].transform(X), y)
    np.testing.assert_array_equal(gradient_norms_through_time(pipe, X, y).norms, known.norms)


def test_texts():
    pairs, digits = sequences(), some_digits()
    mlp = MLPClassifier((), max_iter=1).fit(*digits)
    with pytest.raises(ValueError, match="this MLPClassifier has no recurrent layer to look at."):
        gradient_norms_through_time(mlp, *digits)
    both = unlearnt(bidirectional=True).fit(*pairs)
    with pytest.raises(ValueError, match="this RNNRegressor also reads from the end: no step is "):
        gradient_norms_through_time(both, *pairs)
    X, y = some_digits()
    with pytest.raises(ValueError, match="role='gain'; no layer learns a parameter of that role."):
        learning_speed(sigmoids(1), X, y, role="gain")
    with pytest.raises(ValueError, match="this MLPClassifier has no hidden activation to look at."):
        activation_statistics(MLPClassifier((), max_iter=1).fit(X, y), X)
    rbm, elm = BernoulliRBM(4, n_iter=1).fit(X), ELMClassifier(4).fit(X, y)
    scaler = NDScaler().fit(X)
    with pytest.raises(ValueError, match="this NDScaler has no hidden activation to look at."):
        activation_statistics(scaler, X)
    with pytest.raises(ValueError, match="this BernoulliRBM has no recurrent layer to look at."):
        gradient_norms_through_time(rbm, X, y)
    for estimator in (rbm, elm, scaler):
        name = type(estimator).__name__
        with pytest.raises(ValueError, match=f"{name} is no network that learns by gradient desce"):
            learning_speed(estimator, X, y)
    with pytest.raises(ValueError, match="quantity='loss'; expected 'gradient' or 'update'."):
        LearningSpeedDisplay([], np.empty((0, 0)), np.empty((0, 0))).plot(quantity="loss")
