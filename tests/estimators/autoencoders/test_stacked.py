"""Stacks of autoencoders: layer by layer, then the whole; with and without labels."""

import pickle
import re
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

import fastdl
from checks import parametrize_with_checks
from fastdl import (
    Autoencoder,
    StackedAutoencoder,
    StackedAutoencoderClassifier,
    StackedAutoencoderRegressor,
)

WIDE = "ignore:.*its autoencoder may learn to copy:UserWarning"
EXACT: dict[str, Any] = {"dtype": "float64", "n_jobs": 1, "pretrain_epochs": 3}
FAST: dict[str, Any] = {
    "learning_rate_init": 0.01,
    "pretrain_epochs": 5,
    "max_epochs": 5,
    "random_state": 0,
    "n_jobs": 1,
}


def some_digits(n: int = 300) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    digits = load_digits()
    return np.ascontiguousarray(digits.data[:n] / 16, np.float32), digits.target[:n]


def new(sizes: Any = (24, 8), **params: Any) -> StackedAutoencoder:
    return StackedAutoencoder(sizes, **{**FAST, **params})


def classifier(sizes: Any = (24, 8), **params: Any) -> StackedAutoencoderClassifier:
    return StackedAutoencoderClassifier(sizes, **{**FAST, **params})


@parametrize_with_checks(
    [
        StackedAutoencoder((6, 3), max_epochs=20, **EXACT),
        StackedAutoencoder((6, 3), fine_tune=False, tied_weights=True, sparsity=0.1, **EXACT),
        StackedAutoencoderClassifier((20, 10), learning_rate_init=0.01, max_epochs=60, **EXACT),
        StackedAutoencoderClassifier(
            (20,), representation="concatenate", fine_tune=False, learning_rate_init=0.01, **EXACT
        ),
        StackedAutoencoderRegressor((20,), learning_rate_init=0.01, **EXACT),
        StackedAutoencoderRegressor(
            (20, 5), pretraining="supervised", activation="tanh", learning_rate_init=0.01, **EXACT
        ),
    ]
)
@pytest.mark.filterwarnings(WIDE)
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module", name="data")
def digits() -> Any:
    return some_digits()


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"tied_weights": True, "loss": "cross_entropy", "corruption": 0.2},
        {"activation": "relu", "out_activation": "relu", "contraction": 0.01},
        {"activation": "tanh", "sizes": (30, 20, 10)},
        {"sparsity": 0.1, "sizes": 20},
    ],
)
def test_the_unrolled_stack_is_the_chain_of_its_autoencoders(data: Any, params: Any) -> None:
    """Without fine-tuning: encoders upwards, decoders downwards, with the activations between."""
    X, _ = data
    stack = new(fine_tune=False, dtype="float64", **params).fit(X)
    weights = {p.name: stack.program_.get_parameter(p.name) for p in stack.program_.parameters}
    functions = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0),
    }
    s, depth = functions[stack.activation], len(stack.pretrain_history_)
    h = X.astype(np.float64)
    for i in range(1, depth + 1):
        h = s(h @ weights[f"encoder_{i}.weight"] + weights[f"encoder_{i}.bias"])
    np.testing.assert_allclose(stack.transform(X), h, rtol=1e-4, atol=1e-6)
    for i in range(depth, 0, -1):
        w = (
            weights[f"encoder_{i}.weight"].T
            if stack.tied_weights
            else weights[f"decoder_{i}.weight"]
        )
        h = h @ w + weights[f"decoder_{i}.bias"]
        last = "sigmoid" if stack.loss == "cross_entropy" else stack.out_activation
        h = s(h) if i > 1 else functions.get(str(last), lambda z: z)(h)
    back = stack.inverse_transform(stack.transform(X).astype(np.float64))
    np.testing.assert_allclose(back, h, rtol=1e-4, atol=1e-5)


def test_the_first_layer_is_an_autoencoder_of_X(data: Any) -> None:
    X, _ = data
    stack = new(fine_tune=False, corruption=0.2).fit(X)
    seed = int(np.random.RandomState(0).randint(2**31 - 1, size=2)[0])
    ae = Autoencoder(24, learning_rate_init=0.01, max_epochs=5, corruption=0.2, n_jobs=1)
    ae.set_params(random_state=seed, weight_decay=None).fit(X)  # layers do not shrink
    np.testing.assert_array_equal(stack.transform(X, layer="hidden_1"), ae.transform(X))
    assert stack.pretrain_history_[0]["loss"] == ae.history_["loss"]


def test_fine_tuning_helps(data: Any) -> None:
    X, _ = data
    before, after = new(fine_tune=False).fit(X), new(max_epochs=20).fit(X)
    assert after.score(X) > before.score(X)
    assert [len(h["loss"]) for h in after.pretrain_history_] == [5, 5]
    assert len(after.history_["loss"]) == 20
    assert before.history_["loss"] == []


def test_pretrain_apart_from_fit(data: Any) -> None:
    """pretrain and fit on the same X are one fit; the start does not change with the labels."""
    X, y = data
    np.testing.assert_array_equal(new().pretrain(X).fit(X).transform(X), new().fit(X).transform(X))
    clf = classifier(fine_tune=False).pretrain(X)
    few = clf.fit(X[:50], y[:50]).transform(X)
    np.testing.assert_array_equal(clf.fit(X[50:100], y[50:100]).transform(X), few)
    np.testing.assert_array_equal(few, new(fine_tune=False).fit(X).transform(X))
    assert not hasattr(clone(clf), "_pretrained")


def test_representations(data: Any) -> None:
    X, y = data
    for fine_tune in (False, True):
        replaced = classifier(fine_tune=fine_tune).fit(X, y)
        beside = classifier(fine_tune=fine_tune, representation="concatenate").fit(X, y)
        assert replaced.transform(X).shape == (300, 8)
        features = beside.transform(X)
        assert features.shape == (300, 72)
        np.testing.assert_array_equal(features[:, 8:], X)
        frozen = new(fine_tune=False).fit(X).transform(X)
        for clf, code in ((replaced, replaced.transform(X)), (beside, features[:, :8])):
            assert (code == frozen).all() == (not fine_tune)
            weights = clf.program_.get_parameter("output.weight")
            assert weights.shape[0] == clf.transform(X).shape[1]


@pytest.mark.parametrize("pretraining", ["unsupervised", "supervised", None])
def test_classifier(data: Any, pretraining: Any, tmp_path: Any) -> None:
    X, y = data
    clf = classifier(pretraining=pretraining, max_epochs=60).fit(X, y)
    assert clf.score(X, y) > 0.9
    assert hasattr(clf, "pretrain_history_") == (pretraining is not None)
    p = clf.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X), p)
    clf.save(tmp_path / "clf.safetensors")
    np.testing.assert_array_equal(fastdl.load(tmp_path / "clf.safetensors").predict_proba(X), p)


def test_supervised_layers_know_the_classes(data: Any) -> None:
    X, y = data
    scores = [
        classifier(pretraining=pretraining, fine_tune=False, pretrain_epochs=30, max_epochs=30)
        .fit(X, y)
        .score(X, y)
        for pretraining in ("supervised", None)
    ]
    assert scores[0] > scores[1] + 0.1


def test_regressor(data: Any) -> None:
    X, y = data
    reg = StackedAutoencoderRegressor((24,), **{**FAST, "max_epochs": 60}).pretrain(X).fit(X, y)
    assert reg.score(X, y) > 0.5


def test_grid(data: Any) -> None:
    X, y = data
    search = GridSearchCV(
        classifier(), {"fine_tune": [True, False], "corruption": [0.0, 0.2]}, cv=2
    )
    assert search.fit(X, y).best_params_["fine_tune"] is True


def test_texts(data: Any) -> None:
    X, y = data
    clf = classifier().pretrain(X)
    texts = {
        "StackedAutoencoderClassifier: pretrain saw encoder_1.weight of shape (64, 24), but fit "
        "needs (20, 24). Pretrain on samples of as many features, with the same "
        "hidden_layer_sizes.": lambda: clf.fit(X[:, :20], y),
        "StackedAutoencoderClassifier: pretrain saw encoder_2.weight of shape (24, 8), but fit "
        "needs (24, 5). Pretrain on samples of as many features, with the same "
        "hidden_layer_sizes.": lambda: clf.set_params(hidden_layer_sizes=(24, 5)).fit(X, y),
        "StackedAutoencoderClassifier: hidden_layer_sizes=(24, 8, 4) has more layers than were "
        "pretrained. Call pretrain again.": lambda: clf.set_params(
            hidden_layer_sizes=(24, 8, 4)
        ).fit(X, y),
    }
    for text, call in texts.items():
        with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
            call()
    with pytest.raises(ValueError, match="Input X contains NaN"):
        clf.pretrain(np.where(X > 0, X, np.nan))


@pytest.mark.parametrize(
    "made", [StackedAutoencoder, StackedAutoencoderClassifier, StackedAutoencoderRegressor]
)
def test_the_docstring_lists_every_parameter(made: Any) -> None:
    assert [name for name in made().get_params() if name not in made.__doc__] == []


@pytest.mark.parametrize(
    "made", [StackedAutoencoder, StackedAutoencoderClassifier, StackedAutoencoderRegressor]
)
def test_no_warning_of_its_own_layers(made):
    X, y = np.random.default_rng(0).random((60, 8)), np.arange(60) % 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(pretrain_epochs=1, random_state=0, n_jobs=1).fit(X, y)
