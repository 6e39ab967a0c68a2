"""What "auto" stands for in the words of training; the rules stand in docs/defaults.md."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale
from small_nets import FEW, SEED, SMALL, X, Y, chosen, same

from fastdl import (
    CNNClassifier,
    DBNClassifier,
    NetClassifier,
    RNNClassifier,
    SoftmaxRegression,
    StackedAutoencoderClassifier,
    optim,
    schedules,
)
from fastdl import layers as L


@pytest.mark.parametrize(("n", "batch", "epochs"), [(40, 32, 750), (20, 20, 1500), (6000, 32, 20)])
def test_steps(n: int, batch: int, epochs: int) -> None:
    rows = np.resize(X, (n, 6))
    net = NetClassifier([], weight_decay=0.0, **SEED).fit(rows, np.arange(n) % 2)
    assert (net.batch_size_, net.max_epochs_, net.n_iter_) == (batch, epochs, epochs)


@pytest.mark.parametrize(
    ("layers", "rate"),
    [
        (SMALL, 0.01),
        ([L.Dense(400), L.Activation("relu")], 0.1 / 20),
        ([L.Dense(400), L.Activation("sigmoid")], 0.2 / 20),
        ([L.Dense(8), L.Activation("sigmoid")], 0.02),
    ],
)
def test_rate_by_width_and_activation(layers: list[L.Layer], rate: float) -> None:
    net = NetClassifier(layers, max_epochs=100, **SEED).fit(*FEW)
    assert net.learning_rate_init_ == pytest.approx(rate)
    lr = np.array(net.history_["lr"])
    rises = rate > 0.01 or len(layers) > 2 or layers[1].slope < 1
    assert lr.argmax() == (5 if rises else 0)  # 5 % of the epochs
    assert lr.max() == pytest.approx(rate, rel=0.3)
    assert lr[-1] < 0.01 * rate


@pytest.mark.parametrize(("epochs", "slower"), [(20, 1.0), (375, 1.0), (1500, 0.5), (6000, 0.25)])
def test_deep_belief_nets_take_smaller_steps_where_they_take_more(
    epochs: int, slower: float
) -> None:
    """Of a batch of 32 from 120 samples, 1500 steps are 375 epochs."""
    dbn = DBNClassifier((4,), pretrain_epochs=1, max_epochs=epochs, weight_decay=0.0, **SEED)
    assert dbn.fit(X, Y).learning_rate_init_ == pytest.approx(0.02 * slower)


def test_weights_of_deep_belief_nets_shrink_as_much_with_many_samples() -> None:
    rows, labels = np.resize(X, (10_000, 6)), np.resize(Y, 10_000)
    words: dict[str, Any] = {"max_epochs": 1, "pretrain_epochs": 1, **SEED}
    assert DBNClassifier((4,), **words).fit(rows, labels)._shrinkage == 1.5
    assert StackedAutoencoderClassifier((4,), **words).fit(rows, labels)._shrinkage == 0.5


def test_convolutional_and_recurrent_nets_have_rules_of_their_own() -> None:
    images = CNNClassifier((2,), hidden_layer_sizes=(), input_shape=(2, 3), **SEED).fit(X, Y)
    assert images.max_epochs_ == 600 / 4
    layers = [L.Conv2D(2, 3, padding="same"), L.Activation("relu"), L.MaxPool2D(2)]
    own = NetClassifier(layers, input_shape=(2, 3), **SEED).fit(X, Y)
    assert chosen(own) == chosen(images)
    assert RNNClassifier((2,), input_shape=(3, 2), **SEED).fit(X, Y).max_epochs_ == 1000 / 4


@pytest.mark.share(4)
@pytest.mark.parametrize("batch_size", ["auto", 7])
@pytest.mark.parametrize("n", [30, 49])
@pytest.mark.parametrize("learning_rate", ["auto", "constant"])
def test_weights_without_gradient_shrink_by_the_same_in_each_fit(
    batch_size: Any, n: int, learning_rate: str
) -> None:
    rows = np.hstack([X[:n], np.zeros((n, 1))])
    words = {"batch_size": batch_size, "learning_rate": learning_rate, "tol": 0.0, **SEED}
    words |= {"n_iter_no_change": np.inf}
    start = NetClassifier(SMALL, weight_decay=0.0, **words).fit(rows, Y[:n])
    shrunk = NetClassifier(SMALL, **words).fit(rows, Y[:n])
    w0, w = (net.program_.get_parameter("dense_1.weight")[-1] for net in (start, shrunk))
    np.testing.assert_allclose(w / w0, np.exp(-shrunk._shrinkage), rtol=0.1)


def test_the_decay_of_a_spec_and_numbers_are_obeyed() -> None:
    for words, decay in [
        ({"solver": optim.AdamW(weight_decay=0.3)}, 0.3),
        ({"weight_decay": 0.2}, 0.2),
        ({"solver": "adamw", "weight_decay": None}, 0.01),
        ({"weight_decay": None}, 0.0),
    ]:
        net = NetClassifier(SMALL, max_epochs=2, **words, **SEED).fit(X, Y)
        assert net.weight_decay_ == decay


NUMBERS = {"max_epochs": 7, "batch_size": 9, "learning_rate_init": 0.003, "weight_decay": 0.4}


@pytest.mark.share(3)
@pytest.mark.parametrize("names", [[n] for n in NUMBERS] + [list(NUMBERS), list(NUMBERS)[::2]])
def test_numbers_are_obeyed_alone_and_together(names: list[str]) -> None:
    given = {name: NUMBERS[name] for name in names}
    net = NetClassifier(SMALL, **given, **SEED).fit(*FEW)
    assert {name: chosen(net)[name] for name in names} == given
    assert same(net, NetClassifier(SMALL, **chosen(net), **SEED).fit(*FEW))


def test_softmax_regression_is_logistic_regression() -> None:
    for rows, labels in [(scale(load_iris().data), load_iris().target), (X, Y), (X, Y > 0)]:
        ours = SoftmaxRegression(dtype="float64", tol=1e-7).fit(rows, labels)
        theirs = LogisticRegression(tol=1e-9, max_iter=10_000).fit(rows, labels)
        np.testing.assert_allclose(ours.predict_proba(rows), theirs.predict_proba(rows), atol=1e-4)


def test_softmax_regression_by_steps() -> None:
    for words, labels in [({"solver": "adam"}, Y), ({"early_stopping": True}, Y)]:
        net = SoftmaxRegression(**words, **SEED).fit(X, labels)
        assert net._optimizer.schedule == schedules.Cosine()
    hinge = SoftmaxRegression(loss="hinge", **SEED).fit(X, Y)
    assert hinge.learning_rate_init_ == 0.01
    stream = SoftmaxRegression(**SEED)
    for _ in range(50):
        stream.partial_fit(X, Y, classes=[0, 1, 2])
    assert stream.score(X, Y) > SoftmaxRegression().fit(X, Y).score(X, Y) - 0.05
