"""NetClassifier and NetRegressor: layers as parameters, taking over other networks."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from checks import parametrize_with_checks
from fastdl import MLPClassifier, NetClassifier, NetRegressor, estimators, optim
from fastdl import layers as L
from fastdl.estimators.parameters.words import parameters
from images import some_digits, tiny, weights

CONV = [L.Conv2D(4, 3, name="conv1"), L.Activation("relu"), L.MaxPool2D(2)]


def new(layers=None, **params):
    """A classifier that is fitted in no time."""
    known = {"max_epochs": 3, "learning_rate_init": 0.01, "random_state": 0, "n_jobs": 1}
    return NetClassifier(layers, **{**known, **params})


# A float32 network meets the checks but for rounding: one of them asks for 1e-7.
@parametrize_with_checks(
    [
        NetClassifier(max_epochs=50, dtype="float64", n_jobs=1),
        NetRegressor(max_epochs=50, dtype="float64", n_jobs=1),
        NetClassifier(
            [L.Conv2D(8, 1, name="conv1"), L.LayerNorm(), L.Activation("elu")],
            solver=optim.Nadam(),
            learning_rate_init=0.01,
            dtype="float64",
            n_jobs=1,
        ),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module", name="data")
def digits():
    return some_digits()


def test_every_layer_in_one_net(data):
    X, y = data
    inside = [L.Conv2D(4, 3, padding="same"), L.BatchNorm()]
    net = new(
        [
            *CONV,
            L.Residual([*inside, L.Activation("relu"), *inside]),
            L.PReLU(),
            L.GlobalAvgPool(),
            L.Maxout(16, pieces=3),
            L.Dropout(0.1),
        ],
        max_epochs=20,
    )
    assert net.fit(X, y).score(X, y) > 0.5


# --- the shape of X and of the output layer


def test_the_output_layer_comes_from_y(data):
    X, y = data
    assert new(CONV).fit(X, y).program_.output_shape == (10,)
    assert new(CONV).fit(X, y > 4).program_.output_shape == (1,)
    reg = NetRegressor(CONV, max_epochs=1, n_jobs=1)
    assert reg.fit(X, np.stack([y, y, y], axis=1)).program_.output_shape == (3,)


@pytest.mark.parametrize(
    ("layers", "flattened"),
    [
        (CONV, True),
        ([*CONV, L.Dropout(0.1)], True),
        ([*CONV, L.Flatten(), L.Activation("tanh")], False),
        ([*CONV, L.GlobalMaxPool()], False),
        ([*CONV, L.Reshape((36,))], False),
        ([L.Reshape((4, 16, 1))], True),
        ([L.Sequential(CONV)], True),
        ([L.Sequential([*CONV, L.Flatten()])], False),
        ([], True),
    ],
)
def test_images_are_flattened_for_it(data, layers, flattened):
    net = new(layers, max_epochs=1).fit(*data)
    titles = [layer.title for layer in net.program_.layers if layer.depth == 0]
    assert (titles[-2:-1] == ["Flatten"]) == (flattened or titles[-2] == "Flatten")
    assert len(titles) == len(layers) + 1 + flattened


def test_rows(data):
    X, y = data
    rows = X.reshape(len(X), -1)
    assert new([L.Dense(8)]).fit(rows, y).input_shape_ == (64,)
    assert new(CONV, input_shape=(8, 8)).fit(rows, y).input_shape_ == (8, 8, 1)
    strip = [L.BatchNorm(), L.Conv2D(4, (1, 3))]
    assert new(strip).fit(rows, y).input_shape_ == (1, 64, 1)


def test_a_list_of_no_layers_is_linear(data):
    X, y = data
    rows = X.reshape(len(X), -1)
    net = new([], max_epochs=30).fit(rows, y)
    weight, bias = (net.program_.get_parameter(f"output.{p}") for p in ("weight", "bias"))
    np.testing.assert_array_equal(net.predict(rows), (rows @ weight + bias).argmax(axis=1))


# --- layers are parameters


def test_parameters_of_layers():
    net = NetClassifier([*CONV, L.Conv2D(8, 3), L.Residual([L.Conv2D(8, 3, padding="same")])])
    params = net.get_params()
    assert params["conv1"] is CONV[0]
    assert params["conv1__filters"] == 4
    assert params["conv2d_2__filters"] == params["conv2d_3__filters"] == 8
    assert "conv1__filters" not in net.get_params(deep=False)
    net.set_params(conv1__filters=16, conv2d_3__padding="valid", max_epochs=7)
    assert net.layers[0] == L.Conv2D(16, 3, name="conv1")
    assert net.layers[-1].layers[0].padding == "valid"
    assert net.max_epochs == 7
    assert CONV[0].filters == 4


@pytest.mark.parametrize("name", estimators.__all__)
def test_layers_of_every_estimator_are_parameters(name):
    kind = getattr(estimators, name)
    lists = [f.name for f in parameters(kind) if "Sequence[Layer]" in str(f.type)]
    assert sorted(getattr(kind, "_layer_lists", ())) == sorted(lists)
    for which in lists:
        net = kind(**{which: [L.Dense(3), L.Dense(4)]}).set_params(dense_2__units=5)
        assert net.get_params()["dense_2__units"] == 5
        assert getattr(net, which)[1].units == 5


def test_set_params_of_layers_and_a_layer_in_it():
    net = NetClassifier([L.Dense(3)]).set_params(layers=CONV, conv1__filters=5)
    assert net.layers[0].filters == 5
    net.set_params(conv1=L.Dense(2))
    assert net.layers[0] == L.Dense(2, name="conv1")


def test_clone_pickle_repr(data):
    X, y = data
    net = new(CONV, solver=optim.SGD()).fit(X, y)
    assert clone(net).layers == net.layers
    assert weights(clone(net).fit(X, y)) == weights(net)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    assert repr(NetClassifier([L.Dense(3, name="a")])) == (
        "NetClassifier(layers=[Dense(3, name='a')])"
    )


def test_grid(data):
    X, y = data
    grid = {"conv1__filters": [1, 8], "solver": ["adamw", "sgd"]}
    search = GridSearchCV(new(CONV), grid, cv=2).fit(X, y)
    assert search.best_params_["conv1__filters"] == 8
    assert search.best_estimator_.layers[0].filters == 8


def test_summary():
    text = NetClassifier(CONV).summary(input_shape=(8, 8, 1), n_outputs=10)
    assert "conv1 (Conv2D)" in text
    assert "output (Dense)" in text


# --- taking over other networks


def test_frozen_layers_stay(data):
    X, y = data
    frozen = new([*CONV, L.Dense(8)][:3], freeze="conv*")
    before = frozen.set_params(max_epochs=1).fit(X, y).program_.get_parameter("conv1.weight")
    after = frozen.set_params(max_epochs=3).fit(X, y).program_.get_parameter("conv1.weight")
    np.testing.assert_array_equal(before, after)
    assert frozen.score(X, y) > 0.3


def test_freezing_a_container_freezes_what_it_holds(data):
    net = new([L.Sequential(CONV, name="body")], freeze="bod?").fit(*data)
    assert [p.trainable for p in net.program_.parameters] == [False, False, True, True]


def test_layer_decay(data):
    net = new([*CONV, L.BatchNorm(), L.Flatten(), L.Dense(8, lr_multiplier=2.0)], layer_decay=0.5)
    net.fit(*data)
    rates = {layer.name: getattr(layer, "lr_multiplier", None) for layer in net._network.layers}
    assert rates["conv1"] == rates["batch_norm_1"] == 0.25
    assert rates["dense_1"] == 1.0
    assert rates["output"] == 1.0


def test_init_from_goes_on(data):
    X, y = data
    base = tiny(batch_norm=True).fit(X, y)
    net = new(init_from=base, freeze="*", learning_rate_init=1e-9, max_epochs=1).fit(X, y)
    np.testing.assert_allclose(net.predict_proba(X), base.predict_proba(X), atol=1e-5)
    assert [layer.name for layer in net.program_.layers] == [
        layer.name for layer in base.program_.layers
    ]


@pytest.mark.parametrize("perceptron", [False, True])
def test_init_from_with_a_new_head(data, perceptron):
    X, y = data
    if perceptron:
        X = X.reshape(len(X), -1)
        base = MLPClassifier((8,), max_iter=20, random_state=0, tol=1.0).fit(X, y)
        pattern = "dense*"
    else:
        base, pattern = tiny(max_epochs=20).fit(X, y), ["conv*", "dense_*"]
    net = new(init_from=base, drop_head=True, freeze=pattern, max_epochs=30)
    net.fit(X, y > 4)
    np.testing.assert_allclose(net.transform(X), base.transform(X), atol=1e-6)
    assert net.program_.output_shape == (1,)
    assert net.score(X, y > 4) > 0.6


def test_then_everything_learns_at_falling_rates(data):
    X, y = data
    base = tiny().fit(X, y)
    net = new(init_from=base, drop_head=True, freeze="*").fit(X, y)
    kept = net.program_.get_parameter("conv2d_1.weight")
    head = net.program_.get_parameter("output.weight")
    net.set_params(freeze=None, layer_decay=0.5, warm_start=True, learning_rate_init=1e-6)
    net.fit(X, y)
    now = net.program_.get_parameter("conv2d_1.weight")
    assert not np.array_equal(now, kept)
    np.testing.assert_allclose(now, kept, atol=1e-3)
    np.testing.assert_allclose(net.program_.get_parameter("output.weight"), head, atol=1e-3)
    assert len(net.loss_curve_) == 6


def test_a_clone_starts_from_the_same_network(data):
    X, y = data
    base = tiny().fit(X, y)
    net = new(init_from=base)
    assert clone(net).init_from is base
    assert weights(clone(net).fit(X, y)) == weights(net.fit(X, y))
    assert GridSearchCV(net, {"freeze": [None, "*"]}, cv=2).fit(X, y).best_score_ > 0.2
