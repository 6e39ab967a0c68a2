"""Side heads in estimators: their output layers come from y, their losses stand in the history."""

import pickle
import re

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import fastdl
from fastdl import CNNClassifier, CNNRegressor, NetClassifier, NetRegressor, architectures
from fastdl import layers as L

X = np.random.default_rng(0).normal(size=(60, 6, 6, 2)).astype(np.float32)
Y = (X.mean(axis=(1, 2, 3)) > 0).astype(int) + (X[:, 0, 0, 0] > 1)


def layers():
    return [
        L.Conv2D(4, 3, padding="same", name="conv1"),
        L.Activation("relu"),
        L.AuxHead([L.AvgPool2D(2), L.Conv2D(2, 1)], name="side"),
        L.Conv2D(3, 3),
        L.AuxHead([L.GlobalAvgPool(), L.Dropout(0.2)], weight=0.5),
        L.Activation("relu"),
    ]


def net(**options):
    return NetClassifier(layers(), **{"max_epochs": 4, "random_state": 0, "n_jobs": 1} | options)


@pytest.fixture(scope="module")
def fitted():
    return net().fit(X, Y)


def test_output_layers_come_from_y(fitted):
    sides = [layer for layer in fitted._network.layers if isinstance(layer, L.AuxHead)]
    assert [[inner.name for inner in side.layers] for side in sides] == [
        ["avg_pool2d_1", "conv2d_2", "side_flatten", "side_output"],
        ["global_avg_pool_1", "dropout_1", "aux_head_2_output"],
    ]
    assert [side.layers[-1].units for side in sides] == [3, 3]
    regressor = NetRegressor(layers(), max_epochs=1, random_state=0).fit(X, X[:, 0, 0])
    assert regressor._network.layers[2].layers[-1].units == 2
    assert regressor.predict(X).shape == (60, 2)


def test_counts(fitted):
    in_use = 4 * (9 * 2 + 1) + 3 * (9 * 4 + 1) + 3 * (4 * 4 * 3 + 1)
    beside = 2 * (4 + 1) + 3 * (2 * 9 + 1) + 3 * (3 + 1)
    assert (fitted.n_parameters_, fitted.n_side_parameters_) == (in_use, beside)
    work = 36 * 4 * 18 + 16 * 3 * 36 + 48 * 3
    for text in (str(fitted.summary()), str(net().summary((6, 6, 2), 3))):
        assert f"Input 6x6x2, {in_use} parameters, and {beside} in side heads." in text
        assert f"{work:,} multiply-adds for a sample" in text
        assert "  side_output (Dense)" in text
    plain = NetClassifier([layers()[0]], max_epochs=1).fit(X, Y)
    assert plain.n_side_parameters_ == 0
    assert "side heads" not in plain.summary()


def test_the_history_has_their_losses_beside_the_loss(fitted):
    history = fitted.history_
    assert list(history)[:6] == ["epoch", "lr", "loss", "side_loss", "aux_head_2_loss", "val_loss"]
    assert {len(column) for column in history.values()} == {4}
    assert fitted.loss_curve_ == history["loss"]
    assert history["side_loss"][-1] < history["side_loss"][0]
    assert np.isfinite(history["aux_head_2_loss"]).all()
    assert "side_loss" not in NetClassifier([L.Flatten()], max_epochs=1).fit(X, Y).history_


def test_lbfgs_minimises_the_sum():
    """The column "loss" is that of the output; the sum is what falls."""
    smooth = [L.Dense(4), L.Activation("tanh"), L.AuxHead([L.Dense(3)], 0.5)]
    rows = X.reshape(60, -1)
    clf = NetClassifier(smooth, solver="lbfgs", max_epochs=5, random_state=0, dtype="float64")
    with pytest.warns(ConvergenceWarning):
        clf.fit(rows, Y)
    history = clf.history_
    total = np.array(history["loss"]) + 0.5 * np.array(history["aux_head_1_loss"])
    assert (np.diff(total) < 0).all()
    proba = clf.predict_proba(rows)
    shrunk = (
        clf.alpha / 2 * sum((w**2).sum() for n, w in clf.get_weights().items() if "bias" not in n)
    )
    loss = -np.log(proba[np.arange(60), Y]).mean()
    assert history["loss"][-1] == pytest.approx(loss + shrunk / 60, rel=1e-5)


def test_predictions_do_without_them(fitted):
    other, names = pickle.loads(pickle.dumps(fitted)), ("side", "conv2d_2", "aux_head_2")
    weights = {
        name: np.full_like(value, 99) if name.startswith(names) else value
        for name, value in fitted.get_weights().items()
    }
    other.set_weights(weights)
    np.testing.assert_array_equal(other.predict_proba(X), fitted.predict_proba(X))


def test_files_keep_them(fitted, tmp_path):
    """Training goes on as if there had been no file."""
    path = tmp_path / "net.safetensors"
    fitted.save(path, optimizer=True)
    loaded = fastdl.load(path)
    assert loaded.history_.keys() == fitted.history_.keys()
    assert loaded.history_["side_loss"] == fitted.history_["side_loss"]
    assert loaded.n_side_parameters_ == fitted.n_side_parameters_
    one, two = pickle.loads(pickle.dumps(fitted)).partial_fit(X, Y), loaded.partial_fit(X, Y)
    for name, value in one.get_weights().items():
        np.testing.assert_array_equal(two.get_weights()[name], value)
    assert len(two.history_["side_loss"]) == 5


def test_from_a_fitted_network(fitted):
    """Their output layers are the fitted ones, or new with `drop_head`."""
    again = NetClassifier(init_from=fitted, max_epochs=1, learning_rate_init=1e-9, random_state=0)
    again.fit(X, Y)
    for name, value in fitted.get_weights().items():
        np.testing.assert_allclose(again.get_weights()[name], value, atol=1e-6)
    halves = NetClassifier(init_from=fitted, drop_head=True, max_epochs=1, random_state=0)
    halves.fit(X, Y > 0)
    assert halves.get_weights()["side_output.weight"].shape[-1] == 1
    assert list(halves.history_)[3:5] == ["side_loss", "aux_head_2_loss"]


def test_frozen_layers_below_a_head():
    clf = net(freeze="conv1").fit(X, Y)
    assert clf.history_["side_loss"][-1] < clf.history_["side_loss"][0]


def test_rates_fall_by_the_layers_in_use():
    clf = net(layer_decay=0.5).fit(X, Y)
    rates = {
        layer.name: getattr(layer, "lr_multiplier", None) for layer in L.walk(clf._network.layers)
    }
    assert (rates["conv1"], rates["conv2d_3"], rates["output"]) == (0.25, 0.5, 1)
    assert rates["side_output"] <= 1


@pytest.mark.slow
def test_googlenet():
    """The paper's heads, at 4a and 4d."""
    net, images = CNNRegressor(architecture="googlenet", max_epochs=1, random_state=0), X[:8]
    images = np.tile(images, (1, 2, 2, 1))[:, :9, :9]
    net.fit(images, Y[:8])
    names = [layer.name for layer in net._network.layers]
    assert names.index("aux_head_1") == names.index("inception_4a") + 1
    assert names.index("aux_head_2") == names.index("inception_4d") + 1
    assert np.isfinite(net.history_["aux_head_1_loss"]).all()
    text = CNNClassifier(architecture="googlenet").summary((224, 224, 3), 1000)
    assert "6,998,552 parameters, and 6,379,728 in side heads." in text
    with_norm = architectures.googlenet((224, 224, 3), batch_norm=True)
    text = NetClassifier(with_norm).summary((224, 224, 3), 1000)
    assert "7,005,832 parameters, and 6,379,728 in side heads." in text


# fmt: off
SEQUENCES, STEPS = [np.ones((3, 2)), np.ones((4, 2))], [np.ones(3), np.ones(4)]
ALLOWED = (
    "Allowed are rows or images as X, with one class or with numbers for each sample as y. Leave "
    "it out."
)
REFUSED = [
    (lambda: NetRegressor([L.GRU(4), L.AuxHead([L.Dense(3)])]).fit(SEQUENCES, STEPS),
     "NetRegressor: layer 'aux_head_1' (AuxHead) cannot be trained where X holds sequences. "
     f"{ALLOWED}"),
    (lambda: NetRegressor([L.Conv2D(2, 1), L.AuxHead([L.Conv2D(3, 1)])]).fit(X, X[..., 0]),
     "NetRegressor: layer 'aux_head_1' (AuxHead) cannot be trained where y has a value for each of "
     f"the pixels. {ALLOWED}"),
    (lambda: NetClassifier([L.AuxHead([L.Flatten()], weight=-1)]).fit(X, Y),
     "layer 'aux_head_1' (AuxHead): weight=-1; expected a number of 0 or more."),
    (lambda: NetClassifier([L.AuxHead([])]).fit(X, Y),
     "layer 'aux_head_1' (AuxHead): layers=(); expected a list of at least one layer."),
    (lambda: NetClassifier([L.Flatten(), L.AuxHead([L.Conv2D(3, 1)])]).fit(X, Y),
     "layer 'conv2d_1' (Conv2D) takes images (height, width, channels), but its input is "),
]
# fmt: on


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refused(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        call()


def test_columns_of_history_have_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="called 'val_loss' in history_"):
        NetClassifier([L.Dense(4), L.AuxHead([L.Dense(3)], name="val")]).fit(
            np.eye(4), [0, 1, 0, 1]
        )


def test_a_warm_start_keeps_side_heads() -> None:
    X, y = np.eye(4), [0, 1, 0, 1]
    net = NetClassifier(
        [L.Dense(4), L.AuxHead([L.Dense(3)])], max_epochs=1, random_state=0, warm_start=True
    ).fit(X, y)
    with pytest.raises(ValueError, match=r"the side heads are \[\], but those that were fitted"):
        net.set_params(layers=[L.Dense(4)]).fit(X, y)
