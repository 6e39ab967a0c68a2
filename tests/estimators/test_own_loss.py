"""Losses that users write: the built-in ones written in NumPy give the built-in network."""

import pickle
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

import fastdl
from fastdl import CNNClassifier, NetClassifier, NetRegressor, RNNRegressor, SequenceTagger
from fastdl import layers as L
from fastdl.losses import Custom

X = np.random.default_rng(0).normal(size=(60, 4))
WEIGHT = np.random.default_rng(1).random(60)
labels = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.3)
indicators = np.stack([labels > 0, labels > 1], axis=1).astype(int)
numbers = np.stack([X[:, 0] * X[:, 1], X[:, 2]], axis=1)


def cross_entropy(y_true, y_pred):
    return np.logaddexp.reduce(y_pred, axis=1) - np.sum(y_true * y_pred, axis=1)


def cross_entropy_of_codes(codes, y_pred):
    return np.logaddexp.reduce(y_pred, axis=1) - y_pred[np.arange(len(codes)), codes]


def binary(y_true, y_pred):
    return np.sum(np.logaddexp(0, y_pred) - y_true * y_pred, axis=1)


def squared(y_true, y_pred, scale=0.5):
    return scale * np.sum((y_pred - y_true) ** 2, axis=1)


def mean_squared(y_true, y_pred):
    return np.mean(0.5 * np.sum((y_pred - y_true) ** 2, axis=1))


def kept(estimator):
    return estimator.program_.get_weights()


COMMON = {
    "max_epochs": 3,
    "weight_decay": 0.01,
    "batch_size": 16,
    "dtype": "float64",
    "random_state": 0,
}
PAIRS = {
    "classes": (NetClassifier, "log_loss", cross_entropy, labels),
    "codes": (NetClassifier, "log_loss", Custom(cross_entropy_of_codes, y="codes"), labels),
    "two_classes": (NetClassifier, "log_loss", binary, labels > 0),
    "indicators": (NetClassifier, "log_loss", binary, indicators),
    "numbers": (NetRegressor, "squared_error", squared, numbers),
    "partial": (NetRegressor, "squared_error", partial(squared, scale=0.5), numbers[:, 0]),
}  # fmt: skip


@pytest.mark.share(3)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs", "adamw"])
@pytest.mark.parametrize("name", PAIRS)
def test_as_the_built_in(name, solver):
    kind, built_in, own, y = PAIRS[name]
    params = COMMON | {"solver": solver, "layers": [L.Dense(5), L.Activation("tanh")]}
    weight = WEIGHT if "numbers" not in name else None
    if kind is NetRegressor:
        params["normalize_y"] = False  # a loss of one's own gets y as it is
    first = kind(loss=built_in, **params).fit(X, y, sample_weight=weight)
    other = kind(loss=own, **params).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(kept(other), kept(first), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.loss_curve_, first.loss_curve_, rtol=1e-7)
    np.testing.assert_allclose(other.predict(X), first.predict(X))
    if kind is NetClassifier:
        np.testing.assert_allclose(other.predict_proba(X), first.predict_proba(X), rtol=1e-7)


def test_one_number_for_the_batch():
    params = COMMON | {"layers": [L.Dense(5), L.Activation("tanh")], "normalize_y": False}
    first = NetRegressor(**params).fit(X, numbers)
    other = NetRegressor(loss=mean_squared, **params).fit(X, numbers)
    np.testing.assert_allclose(kept(other), kept(first), rtol=1e-7, atol=1e-9)
    with pytest.raises(ValueError, match="mean_squared gives one number for the batch"):
        NetRegressor(loss=mean_squared, **params).fit(X, numbers, sample_weight=WEIGHT)


def test_images_and_sequences():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(20, 6, 6, 1))
    params = COMMON | {"conv_layer_sizes": (3,), "hidden_layer_sizes": (4,)}
    first = CNNClassifier(**params).fit(images, labels[:20])
    other = CNNClassifier(loss=cross_entropy, **params).fit(images, labels[:20])
    np.testing.assert_allclose(kept(other), kept(first), rtol=1e-6, atol=1e-8)

    sequences = [rng.normal(size=(n, 2)) for n in rng.integers(1, 7, 20)]
    params = COMMON | {"hidden_layer_sizes": (4,)}
    steps = [(s[:, 0] > 0).astype(int) for s in sequences]
    first = SequenceTagger(**params).fit(sequences, steps)
    other = SequenceTagger(loss=binary, **params).fit(sequences, steps)
    np.testing.assert_allclose(kept(other), kept(first), rtol=1e-6, atol=1e-8)
    values = [s[:, 0] for s in sequences]
    params = params | {"return_sequences": True, "normalize_y": False}
    first = RNNRegressor(**params).fit(sequences, values)
    other = RNNRegressor(loss=squared, **params).fit(sequences, values)
    np.testing.assert_allclose(kept(other), kept(first), rtol=1e-6, atol=1e-8)


def test_same_bytes_for_any_number_of_threads():
    wide = np.random.default_rng(0).normal(size=(600, 40))
    found = [
        kept(
            NetRegressor(loss=squared, n_jobs=n, max_epochs=2, random_state=0).fit(wide, wide[:, 0])
        )
        for n in (1, 2, 4)
    ]
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()


def test_early_stopping_partial_fit_and_class_weight():
    clf = NetClassifier(loss=cross_entropy, early_stopping=True, max_epochs=4, random_state=0)
    clf.set_params(class_weight="balanced").fit(X, labels)
    assert len(clf.validation_scores_) == clf.n_iter_
    assert np.isfinite(clf.validation_loss_curve_).all()
    before = kept(clf)
    clf.set_params(early_stopping=False).partial_fit(X, labels)
    assert not np.array_equal(kept(clf), before)


def test_copies_files_and_searches(tmp_path):
    clf = NetClassifier(loss=cross_entropy, max_epochs=2, random_state=0).fit(X, labels)
    assert clone(clf).loss is cross_entropy
    again = pickle.loads(pickle.dumps(clf))
    assert again.partial_fit(X, labels).loss is cross_entropy
    clf.save(tmp_path / "net.safetensors")
    loaded = fastdl.load(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    with pytest.raises(
        ValueError, match=r"the name of a loss, 'cross_entropy', .* set_params\(loss"
    ):
        loaded.fit(X, labels)
    assert loaded.set_params(loss=cross_entropy).fit(X, labels).n_iter_ == 2
    net = NetRegressor(max_epochs=2, random_state=0)
    search = GridSearchCV(net, {"loss": ["squared_error", squared]}, cv=2).fit(X, numbers)
    assert search.best_params_["loss"] in ("squared_error", squared)


def noisy(y_true, y_pred):
    return np.sum((y_pred - y_true) ** 2, axis=1) + np.random.default_rng().random()


def hidden(y_true, y_pred):
    return np.sum(fastdl.autodiff.value_of(y_pred) * y_pred, axis=1)


def raises(y_true, y_pred):
    raise KeyError("what the user's function raised")


ROWS = [
    (lambda t, p: (p - t) ** 2, r"gave an array of shape \(8, 2\).*one loss for each row, \(8,\)"),
    (lambda t, p: np.sum(np.log(-(p**2)), axis=1), "is nan for normal outputs"),
    (noisy, "loss noisy gave two values for the same arguments"),
    (hidden, "loss hidden: first derivative.*but differences give"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("row", range(len(ROWS)))
def test_bad_losses(row):
    import fastdl.autodiff  # noqa: F401

    function, message = ROWS[row]
    with pytest.raises(ValueError, match=message):
        NetRegressor(loss=function, random_state=0).fit(X, numbers)


def test_targets_of_a_usual_seed():
    """Losses are tried on other numbers than users draw: an error of nothing is no kink."""
    y = np.random.default_rng(0).normal(size=60)
    reg = NetRegressor(
        loss=lambda y_true, y_pred: abs(y_true - y_pred).sum(axis=1) ** 1.5, max_epochs=2
    )
    with pytest.warns(ConvergenceWarning):
        reg.fit(X, y)
    assert np.isfinite(reg.loss_)


def test_errors_of_the_function_come_out():
    net = NetRegressor(max_epochs=2, random_state=0).fit(X, numbers)
    before = kept(net)
    with pytest.raises(KeyError, match="what the user's function raised"):
        net.set_params(loss=raises).fit(X, numbers)
    np.testing.assert_array_equal(kept(net), before)
    with pytest.raises(TypeError):
        net.set_params(loss=lambda y: y).fit(X, numbers)
    calls = []

    def later(y_true, y_pred):
        calls.append(len(y_true))
        if len(calls) > 12:
            raise KeyError("in a batch")
        return np.sum((y_pred - y_true) ** 2, axis=1)

    with pytest.raises(KeyError, match="in a batch"):
        net.set_params(loss=later, max_epochs=50).fit(X, numbers)
    np.testing.assert_array_equal(kept(net), before)
